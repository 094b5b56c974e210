// Proves that of a trace that is cut in its files, or damaged there, it is said
// which are missing, that it takes them from who has them, and none but them.
package trace_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"orrery/scheduler/trace"
)

var attachedFiles = []trace.Source{{Name: "b.star", Data: []byte("load(\"a.csv\")\n")}, {Name: "a.csv", Data: bytes.Repeat([]byte("1,2,3\n"), 50)}, {Name: "empty"}}

func withFiles(t *testing.T) []byte {
	c := newChatter(1, 0)
	config := c.config(trace.None)
	config.Sources = attachedFiles
	var b bytes.Buffer
	if _, err := trace.Record(&b, config, 300); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// missing returns what is said to be missing of a trace, and how many files are
// whole.
func missing(t *testing.T, f *trace.File) (said []string, whole int) {
	t.Helper()
	sources, err := f.Sources()
	var m *trace.MissingError
	if err != nil && !errors.As(err, &m) {
		t.Fatal(err)
	}
	if m != nil {
		for i := range m.Files {
			said = append(said, m.Files[i].String())
		}
	}
	for _, s := range sources {
		for _, a := range attachedFiles {
			if s.Name == a.Name && !bytes.Equal(s.Data, a.Data) {
				t.Fatalf("%s is taken for whole, and is %q", s.Name, s.Data)
			}
		}
	}
	return said, len(sources)
}

func TestCutInItsFiles(t *testing.T) {
	b := withFiles(t)
	seen := map[string]bool{}
	for n := range bytes.Index(b, []byte("walker[6]\n")) + 100 { // the last attachment's end
		f, err := trace.Open(bytes.NewReader(b[:n]), int64(n))
		if err != nil {
			continue
		}
		said, whole := missing(t, f)
		if len(said)+whole != len(attachedFiles) {
			t.Fatalf("%d bytes: %d files are whole, and missing are %q", n, whole, said)
		}
		seen[strings.Join(said, ", ")] = true
		var out bytes.Buffer
		r, err := trace.Recover(f, &out)
		if err != nil || len(r.Missing) != len(said) {
			t.Fatalf("%d bytes: recovered without %v, %v; missing are %q", n, r.Missing, err, said)
		}
		if n%7 > 0 || len(said) == 0 {
			continue
		}
		out.Reset()
		if r, err = trace.Recover(f, &out, attachedFiles[len(attachedFiles)-len(said):]...); err != nil || len(r.Missing) > 0 {
			t.Fatalf("%d bytes: with the files, %v are missing, %v", n, r.Missing, err)
		}
		if said, _ := missing(t, open(t, out.Bytes())); said != nil {
			t.Errorf("%d bytes: recovered, %q are missing", n, said)
		}
	}
	want := map[string]bool{
		"a.csv (300 bytes) was cut off, b.star (14 bytes) was cut off, empty (0 bytes) was cut off": true,
		"a.csv (300 bytes) was cut off, empty (0 bytes) was cut off":                                true,
		"empty (0 bytes) was cut off": true, "": true,
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
}

func TestDamagedFiles(t *testing.T) {
	b := withFiles(t)
	at := bytes.Index(b, []byte("1,2,3\n"))
	names := bytes.Index(b, []byte("walker[0]\nwalker[1]"))
	b[at+10] ^= 4
	b[names] ^= 4
	f := open(t, b)
	if said, _ := missing(t, f); cmp.Diff([]string{"a.csv (300 bytes) is damaged"}, said) != "" {
		t.Errorf("missing are %q", said)
	}
	if names := f.Nodes("columns/0"); names != nil || len(f.Damaged()) != 1 || f.Damaged()[0].Error() != `attachment "columns/0.nodes" is damaged` {
		t.Errorf("%q, %v", names, f.Damaged())
	}
	var out bytes.Buffer
	for _, wrong := range [][]byte{nil, attachedFiles[0].Data, attachedFiles[1].Data[1:]} {
		_, err := trace.Recover(open(t, b), &out, trace.Source{Name: "mine.csv", Data: wrong})
		var unfit *trace.UnfitError
		if !errors.As(err, &unfit) || !strings.Contains(err.Error(), "is none of the files that are missing, or has been changed since: a.csv (300 bytes) is damaged") || out.Len() > 0 {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	f = open(t, b)
	r, err := trace.Recover(f, &out, trace.Source{Name: "mine.csv", Data: attachedFiles[1].Data})
	if err != nil || len(r.Missing) > 0 || r.Lost != 0 || len(f.Damaged()) != 1 {
		t.Fatalf("%+v, %v, %v", r, err, f.Damaged())
	}
	whole := open(t, out.Bytes())
	if said, n := missing(t, whole); said != nil || n != 3 {
		t.Errorf("recovered, it has %d files, and missing are %q", n, said)
	}
	if _, err := trace.Verify(whole, newChatter(1, 0).Run); err != nil {
		t.Error(err)
	}
	_, err = trace.Recover(whole, &out, trace.Source{Name: "mine.csv"})
	if err == nil || err.Error() != "mine.csv is not needed: no file is missing" {
		t.Error(err)
	}
}
