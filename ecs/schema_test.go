// Proves which structs may be components: those that lie in memory alike on
// every architecture and hold no pointers. A refusal names the program, the
// field and the cure. Good ones unfold to fields named as in Go, whose
// offsets are checked against reflection by a property over random structs.
package ecs

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

type point struct{ X, Y int32 }

func TestComponentsRefused(t *testing.T) {
	for _, tc := range []struct {
		name  string
		state any
		want  []string
	}{
		{"pointer", struct{ P *int64 }{}, []string{"field P of", "is a *int64", "holds only bool, sized integers"}},
		{"state by pointer", &point{}, []string{"must be a struct", "is a ptr"}},
		{"number", int64(1), []string{"must be a struct", "int64 is a int64"}},
		{"int", struct{ N int }{}, []string{"field N of", "is a int;"}},
		{"uint", struct{ N uint }{}, []string{"field N of", "is a uint;"}},
		{"uintptr", struct{ N uintptr }{}, []string{"field N of", "is a uintptr;"}},
		{"complex", struct{ N complex128 }{}, []string{"field N of", "is a complex128;"}},
		{"string", struct{ S string }{}, []string{"field S of", "is a string;"}},
		{"slice", struct{ B []byte }{}, []string{"field B of", "is a []uint8;"}},
		{"map", struct{ M map[int]int }{}, []string{"field M of", "is a map[int]int;"}},
		{"channel", struct{ C chan int }{}, []string{"field C of", "is a chan int;"}},
		{"function", struct{ F func() }{}, []string{"field F of", "is a func();"}},
		{"interface", struct{ I any }{}, []string{"field I of", "is a interface {};"}},
		{"nested pointer", struct {
			A [2]struct{ P *byte }
		}{}, []string{"field A[0].P of", "is a *uint8;"}},
		{"blank pointer", struct {
			_ *byte
		}{}, []string{"field _ of", "is a *uint8;"}},
		{"gap within", struct {
			A int8
			B int16
			C int32
		}{}, []string{"has 1 bytes of padding at byte 1", "_ [1]byte", "widest fields first"}},
		{"gap in nested", struct {
			A struct {
				A int8
				B int16
			}
			C int32
		}{}, []string{"has 1 bytes of padding at byte 1"}},
		{"short", struct{ A int32 }{}, []string{"has 4 bytes; end it with _ [4]byte"}},
		{"nothing", struct{}{}, []string{"has no fields", "State: nil"}},
		{"only blanks", struct{ _ int64 }{}, []string{"has no fields"}},
		{"too many values", struct{ A [maxFields + 1]int64 }{}, []string{"unfolds to more than 4096 values"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			wantPanic(t, func() {
				NewWorld(Config{}).Program(Schema{Name: "client", State: tc.state})
			}, append(tc.want, "ecs: client")...)
		})
	}
}

// TestComponentsMisaligned cannot be written as a Go struct on a 64-bit host:
// Go aligns. On 386 it does not, so the rule must hold by itself.
func TestComponentsMisaligned(t *testing.T) {
	s := schemaWalk{of: "client", root: reflect.TypeFor[point](), end: 4}
	wantPanic(t, func() { s.leaf("B", reflect.TypeFor[int64](), 4) },
		"field B of", "lies at byte 4", "a int64 must lie at a multiple of 8", "widest fields first")
}

// TestComponentsHuge: a refusal must not first walk what it refuses, and what
// is blank counts for nothing.
func TestComponentsHuge(t *testing.T) {
	wantPanic(t, func() { fieldsOf("client", reflect.TypeFor[struct{ A [1 << 24]int64 }]()) }, "more than 4096 values")
	got := fieldsOf("client", reflect.TypeFor[struct {
		A int64
		_ [1 << 28]byte
		Z [1 << 28]struct{}
		Y [1 << 28]struct{ _ int8 }
		B int64
	}]())
	want := []Field{{"A", Int64, 0}, {"B", Int64, 8 + 2<<28}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFieldsAreNamedAsInGo(t *testing.T) {
	type clock struct {
		Offset int64
		Drift  float32
		_      [4]byte
	}
	type state struct {
		Clock [2]clock
		Votes [2][2]uint16
		At    point
		Alive bool
		Dead  [2]bool
		_     uint8
		Small int8
		Bytes [3]uint8
		_     struct{ A, B int32 }
		//lint:ignore U1000 an unexported field is a column too
		hidden int64
	}
	got := fieldsOf("client", reflect.TypeFor[state]())
	want := []Field{
		{"Clock[0].Offset", Int64, 0}, {"Clock[0].Drift", Float32, 8},
		{"Clock[1].Offset", Int64, 16}, {"Clock[1].Drift", Float32, 24},
		{"Votes[0][0]", Uint16, 32}, {"Votes[0][1]", Uint16, 34}, {"Votes[1][0]", Uint16, 36}, {"Votes[1][1]", Uint16, 38},
		{"At.X", Int32, 40}, {"At.Y", Int32, 44},
		{"Alive", Bool, 48}, {"Dead[0]", Bool, 49}, {"Dead[1]", Bool, 50}, {"Small", Int8, 52},
		{"Bytes[0]", Uint8, 53}, {"Bytes[1]", Uint8, 54}, {"Bytes[2]", Uint8, 55},
		{"hidden", Int64, 64},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

var leafTypes = []reflect.Type{
	reflect.TypeFor[bool](), reflect.TypeFor[int8](), reflect.TypeFor[uint8](), reflect.TypeFor[int16](), reflect.TypeFor[uint16](),
	reflect.TypeFor[int32](), reflect.TypeFor[uint32](), reflect.TypeFor[float32](),
	reflect.TypeFor[int64](), reflect.TypeFor[uint64](), reflect.TypeFor[float64](),
}

// anyType draws structs and arrays of what a component may hold; they may
// have gaps.
func anyType(t *rapid.T, depth int) reflect.Type {
	switch shape := rapid.IntRange(0, 3).Draw(t, "shape"); {
	case depth > 0 && shape == 0:
		return reflect.ArrayOf(rapid.IntRange(0, 3).Draw(t, "length"), anyType(t, depth-1))
	case depth > 0 && shape == 1:
		return anyStruct(t, depth-1)
	default:
		return rapid.SampledFrom(leafTypes).Draw(t, "leaf")
	}
}

func anyStruct(t *rapid.T, depth int) reflect.Type {
	var fields []reflect.StructField
	for i := range rapid.IntRange(0, 5).Draw(t, "fields") {
		f := reflect.StructField{Name: fmt.Sprintf("F%d", i), Type: anyType(t, depth)}
		if rapid.IntRange(0, 5).Draw(t, "blank") == 0 {
			f.Name, f.PkgPath = "_", "orrery/ecs"
		}
		fields = append(fields, f)
	}
	return reflect.StructOf(fields)
}

// covered marks the bytes that values lie in, the slow way: by name through
// reflection, blanks too.
func covered(t reflect.Type, at uintptr, bytes []bool) {
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if f.Name == "_" {
				for k := range f.Type.Size() {
					bytes[at+f.Offset+k] = true
				}
			}
			covered(f.Type, at+f.Offset, bytes)
		}
	case reflect.Array:
		for i := range t.Len() {
			covered(t.Elem(), at+uintptr(i)*t.Elem().Size(), bytes)
		}
	default:
		for i := range t.Size() {
			bytes[at+i] = true
		}
	}
}

// TestFieldsCoverTheRow: a component is taken exactly if it has a value and no
// byte of it is a gap, and its fields then lie where Go puts them.
func TestFieldsCoverTheRow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typ := anyStruct(t, 2)
		bytes := make([]bool, typ.Size())
		covered(typ, 0, bytes)
		plain := typ.Size()%8 == 0
		for _, b := range bytes {
			plain = plain && b
		}
		var fields []Field
		text := panicText(func() { fields = fieldsOf("p", typ) })
		if hasValue := !strings.Contains(text, "has no fields"); (text == "") != (plain && hasValue) {
			t.Fatalf("%v: plain is %v; it says %q", typ, plain, text)
		}
		row := reflect.New(typ).Elem()
		for _, f := range fields {
			if v := valueNamed(t, row, f.Name); v.Kind().String() != f.Type.String() || int(v.Addr().Pointer()-row.Addr().Pointer()) != f.Offset {
				t.Fatalf("%v: field %v is a %v at %d", typ, f, v.Kind(), v.Addr().Pointer()-row.Addr().Pointer())
			}
		}
	})
}

// valueNamed follows a name like "F1[2].F0".
func valueNamed(t *rapid.T, v reflect.Value, name string) reflect.Value {
	for _, part := range strings.FieldsFunc(strings.ReplaceAll(name, "[", ".["), func(r rune) bool { return r == '.' }) {
		var index int
		if n, _ := fmt.Sscanf(part, "[%d]", &index); n == 1 {
			v = v.Index(index)
			continue
		}
		if v = v.FieldByName(part); !v.IsValid() {
			t.Fatalf("no field %q", name)
		}
	}
	return v
}

// TestColumnsOver4GiB: arche computes offsets in 32 bits; what would pass them
// is refused before memory is asked for.
func TestColumnsOver4GiB(t *testing.T) {
	w := NewWorld(Config{})
	id := w.Program(Schema{Name: "wide", State: struct{ A [4096]int64 }{}})
	rows := NewRows[struct{ A [4096]int64 }](w, "wider")
	const most = (maxColumn - 1) / (4096 * 8)
	w.programs[id].state.checkSize(most)
	wantPanic(t, func() { w.programs[id].state.checkSize(most + 1) }, "wide.state", "131072 rows of 32768 bytes", "4 GiB")
	wantPanic(t, func() { rows.Table().checkSize(most + 1) }, "wider", "4 GiB")
	wantPanic(t, func() { w.Nodes(id, "w", most+1) }, "wide", "131072 rows of 32768 bytes", "4 GiB")
	wantPanic(t, func() { w.programs[id].store.reserve(most + 1) }, `program "wide"`, "4 GiB")
}
