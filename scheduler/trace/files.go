package trace

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The files of a scenario are attachments. Metadata "run", which comes before
// them, has the size and the sum of each, so that of a trace that is cut in its
// attachments, or damaged there, it can be said which are missing, and taken
// from somebody who has them.

// filePrefix begins the names of these in metadata.
const filePrefix = "file "

// fileSum is what a file is known by: its length in bytes, and its SHA-256.
func fileSum(data []byte) string {
	sum := sha256.Sum256(data)
	return strconv.Itoa(len(data)) + " " + hex.EncodeToString(sum[:])
}

// Missing is a file of the scenario that a trace has not, or not whole.
type Missing struct {
	Name string
	Size uint64 // in bytes, as it was
	Why  string // "was cut off", "is damaged" or "is not in it"
	sum  string
}

func (m *Missing) String() string { return fmt.Sprintf("%s (%d bytes) %s", m.Name, m.Size, m.Why) }

// MissingError names what is missing.
type MissingError struct{ Files []Missing }

func (e *MissingError) Error() string {
	return "it has not all files of its scenario: " + allMissing(e.Files)
}

func allMissing(files []Missing) string {
	all := make([]string, len(files))
	for i := range files {
		all[i] = files[i].String()
	}
	return listed(all)
}

// Sources returns the files that the scenario was read from, and its data: those
// that are whole. If others are missing the error is a [MissingError].
func (f *File) Sources() ([]Source, error) {
	var all []Source
	whole := map[string]bool{}
	broken := map[string]uint64{} // sizes
	for i := range f.files {
		a := &f.files[i]
		if a.ofColumns() {
			continue
		}
		data, err := f.attached(a)
		if err != nil {
			broken[a.name] = a.size
			continue
		}
		whole[a.name] = true
		all = append(all, Source{a.name, data})
	}
	if missing := f.missing(whole, broken); len(missing) > 0 {
		return all, &MissingError{missing}
	}
	return all, nil
}

// missing are the files that should be there and are not among those that are
// whole, by name.
func (f *File) missing(whole map[string]bool, broken map[string]uint64) []Missing {
	about, err := f.Metadata("run")
	if err != nil {
		about = nil
	}
	gone := "was cut off"
	if f.cut == "" {
		gone = "is not in it"
	}
	var all []Missing
	for _, key := range slices.Sorted(maps.Keys(about)) {
		name, ok := strings.CutPrefix(key, filePrefix)
		if !ok || whole[name] {
			continue
		}
		m := Missing{Name: name, Why: gone, sum: about[key]}
		size, _, _ := strings.Cut(m.sum, " ")
		m.Size, _ = strconv.ParseUint(size, 10, 64) // 0 if somebody made it up: no file fits it
		if _, ok := broken[name]; ok {
			m.Why = "is damaged"
		}
		delete(broken, name)
		all = append(all, m)
	}
	for _, name := range slices.Sorted(maps.Keys(broken)) { // whose size and sum are not known
		if !whole[name] {
			all = append(all, Missing{Name: name, Size: broken[name], Why: "is damaged"})
		}
	}
	return all
}

// nodesSuffix is that of the attachment that names the rows of a topic of
// columns.
const nodesSuffix = ".nodes"

func (a *attachment) ofColumns() bool {
	return strings.HasPrefix(a.name, columnsPrefix) && strings.HasSuffix(a.name, nodesSuffix)
}

// Nodes returns the names of the nodes that a topic of columns has rows of, nil
// if they cannot be read.
func (f *File) Nodes(topic string) []string {
	for i := range f.files {
		if f.files[i].name != topic+nodesSuffix {
			continue
		}
		data, err := f.attached(&f.files[i])
		if err != nil {
			f.damage(err)
			return nil
		}
		return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	}
	return nil
}

func (f *File) attached(a *attachment) ([]byte, error) {
	b, err := f.bytes(a.offset, a.length)
	if err != nil || len(b) < recordHead+16+4+4+8+4 {
		return nil, fmt.Errorf("attachment %q is cut short", a.name)
	}
	if crc32.ChecksumIEEE(b[recordHead:len(b)-4]) != uint32At(b[len(b)-4:]) {
		return nil, fmt.Errorf("attachment %q is damaged", a.name)
	}
	p := parser{b: b[recordHead+16 : len(b)-4]}
	p.text()
	p.text()
	data := p.take(p.uint64())
	if p.short {
		return nil, fmt.Errorf("attachment %q is cut short", a.name)
	}
	return data, nil
}
