package ecs

import (
	"fmt"
	"reflect"
	"unsafe"
)

const (
	pageShift = 6
	// PageRows is how many rows share a mark of change.
	PageRows  = 1 << pageShift
	maxColumn = 1 << 32 // arche computes offsets in 32 bits
)

// Table is rows of plain values with one face, whether they are the state of
// a program's nodes or what is not a node: links, timers, checks. Digest,
// snapshot and export walk tables without knowing what they mean.
type Table struct {
	world  *World
	name   string
	hash   uint64
	typ    reflect.Type
	fields []Field
	stride int
	hashed int // bytes of a row that count in the digest: the first ones
	rows   int
	base   unsafe.Pointer
	epoch  uint32

	marks []uint32 // a page's generation of last change
	sums  []uint64 // a page's digest, valid while its mark is not newer than summed
	// summed is the generation up to which sums is valid.
	summed uint32

	plain bool     // the row's memory is its canonical form: little-endian host, no floats
	shape bool     // part of the digest
	still bool     // its rows are not, so far
	bare  bool     // and not if it has no rows
	owner *program // whose lives the rows go with, nil if rows are not nodes
	// resize makes room for a number of rows and returns where they lie.
	resize func(rows int) unsafe.Pointer
	debug  tableDebug
	// owed brings rows up to date that are behind, before they are read; nil if
	// they never are.
	owed func()
}

// Name returns what the rows are, as "link" or "client.state".
func (t *Table) Name() string { return t.name }

// Fields returns the columns.
func (t *Table) Fields() []Field { return t.fields }

// Rows returns how many rows there are.
func (t *Table) Rows() int { return t.rows }

// Stride returns the bytes from one row to the next.
func (t *Table) Stride() int { return t.stride }

// Epoch changes whenever rows may have moved: a slice fetched before is dead.
func (t *Table) Epoch() uint32 { return t.epoch }

// OutsideDigest takes the table out of the digest: for what a run measures and
// does not depend on.
func (t *Table) OutsideDigest() { t.shape = false }

// OutsideDigestFrom takes a field and those behind it out of the digest: what is
// measured of a row, and does not shape what comes. It is part of a snapshot all
// the same. The field must lie at a multiple of 8 bytes.
func (t *Table) OutsideDigestFrom(field string) {
	for _, f := range t.fields {
		if f.Name == field && f.Offset%8 == 0 {
			t.hashed = f.Offset
			return
		}
	}
	panic(fmt.Sprintf("ecs: %s: no field %q lies at a multiple of 8 bytes", t.name, field))
}

// BringUp has a function called before the rows are read through the table, or
// hashed: for an owner that counts some things for many rows at once, and tells
// the rows only then.
func (t *Table) BringUp(f func()) { t.owed = f }

func (t *Table) bringUp() {
	if t.owed != nil {
		t.owed()
	}
}

// Bytes returns the rows as they lie in memory, in the host's byte order.
func (t *Table) Bytes() []byte {
	t.bringUp()
	if t.rows == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(t.base), t.rows*t.stride)
}

// DigestIfUsed has the table count in the digest only while it has rows: for
// what most worlds do not use, and whose digests it then leaves as they are.
func (t *Table) DigestIfUsed() { t.bare = true }

func (t *Table) byteAt(row uint32) *byte {
	return (*byte)(unsafe.Add(t.base, uintptr(row)*uintptr(t.stride)))
}

func newTable(name string, typ reflect.Type) *Table {
	t := &Table{name: name, hash: hashString(name), typ: typ, fields: fieldsOf(name, typ), stride: int(typ.Size()), shape: true}
	t.plain, t.hashed = hostLittleEndian, t.stride
	for _, f := range t.fields {
		t.plain = t.plain && !f.Type.isFloat()
	}
	return t
}

// setRows is called by the owner of the memory after it changed.
func (t *Table) setRows(rows int, base unsafe.Pointer) {
	if base != t.base {
		t.debug.moved(t)
		t.epoch++
	}
	t.rows, t.base = rows, base
	pages := (rows + PageRows - 1) >> pageShift
	for len(t.marks) < pages {
		t.marks = append(t.marks, 0)
		t.sums = append(t.sums, 0)
	}
	t.marks, t.sums = t.marks[:pages], t.sums[:pages]
}

func (t *Table) checkSize(rows int) {
	if uint64(rows)*uint64(t.stride) >= maxColumn {
		panic(fmt.Sprintf("ecs: %s: %d rows of %d bytes pass the 4 GiB a column may have", t.name, rows, t.stride))
	}
}

// Rows is a table of plain values of type T that are not nodes.
type Rows[T any] struct {
	table *Table
	world *World
	data  []T
}

// NewRows adds an empty table to a world. Worlds that are to be restored into
// each other must add the same tables in the same order.
func NewRows[T any](w *World, name string) *Rows[T] {
	r := &Rows[T]{world: w, table: newTable(name, reflect.TypeFor[T]())}
	r.table.resize = func(rows int) unsafe.Pointer {
		if rows > cap(r.data) {
			d := make([]T, rows, rows+rows/4)
			copy(d, r.data)
			r.data = d
		}
		r.data = r.data[:rows]
		return unsafe.Pointer(unsafe.SliceData(r.data))
	}
	w.addTable(r.table)
	return r
}

// Table returns the rows' common face.
func (r *Rows[T]) Table() *Table { return r.table }

// Len returns the number of rows.
func (r *Rows[T]) Len() int { return len(r.data) }

// At returns a row for reading; and for writing, if the table stands outside the
// digest, which is what marks are for.
func (r *Rows[T]) At(i int) *T { return &r.data[i] }

// All returns the rows for reading. The slice dies with the next Add.
func (r *Rows[T]) All() []T { return r.data }

// Edit returns a row for writing.
func (r *Rows[T]) Edit(i int) *T {
	r.table.marks[i>>pageShift] = r.world.generation
	return &r.data[i]
}

// Add appends a row and returns its index.
func (r *Rows[T]) Add(v T) int {
	n := len(r.data)
	r.table.checkSize(n + 1)
	r.data = append(r.data, v)
	r.table.setRows(n+1, unsafe.Pointer(unsafe.SliceData(r.data)))
	r.table.marks[n>>pageShift] = r.world.generation
	return n
}

// Truncate drops the rows from n on.
func (r *Rows[T]) Truncate(n int) {
	r.data = r.data[:n]
	r.table.setRows(n, unsafe.Pointer(unsafe.SliceData(r.data)))
	if n%PageRows != 0 {
		r.table.marks[n>>pageShift] = r.world.generation
	}
}
