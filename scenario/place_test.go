// Proves that errors of a file that cannot be read, or that asks another for what
// it has not, stand where what is wrong begins: in a scenario and in what it loads.
package scenario

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestPlacesOfErrors(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{`s = "ee" + f"x"`, "1:12: Starlark has no f-strings"},
		{`s = "éé" + rf'x'`, "1:12: Starlark has no f-strings"},
		{`x = [1 22]`, "1:8: a comma is missing"},
		{`x = [a bcd]`, "1:8: a comma is missing"},
		{`x = [a 2.5]`, "1:8: a comma is missing"},
		{`x = f(2 ** 10)`, "1:9: Starlark has no operator **"},
		{`x = 5ms`, "1:5: a duration is text"},
		{"x = 1 y", "1:7: got identifier, want newline"},
		{"x = )", "1:5: "},
		{"\ufeffx = 1 y", "1:7: got identifier, want newline"},
		{"\x7fELF\x00", "1:1: this is no text in UTF-8"},
		{"x = 1\ny = \xe9", "2:5: this is no text in UTF-8"},
		{"x = 1 '''a'''", "1:7: got string literal"},
		{"x = 1 && 2", "1:8: write and, not &&"},
		{"if True:\n  pass\nelse if y:\n  pass", "3:6: write elif"},
		{"x = '''\na''' 'b'", "2:6: got string literal"},
		{"x = 1 '''\na'''", "2:5: got string literal"},
	} {
		_, err := load(tc.text)
		if err == nil || !strings.HasPrefix(err.Error(), "kv.star:"+tc.want) {
			t.Errorf("%s:\n got %v\nwant %s", tc.text, err, tc.want)
		}
		files := fstest.MapFS{"kv.star": {Data: []byte(`load("lib/part.star", "x")`)}, "lib/part.star": {Data: []byte(tc.text)}}
		if _, err = Load(files, "kv.star", Options{}); err == nil || !strings.HasPrefix(err.Error(), "lib/part.star:"+tc.want) {
			t.Errorf("%s, loaded:\n got %v\nwant %s", tc.text, err, tc.want)
		}
	}
}

// A name that a loaded file has not is told the nearest that it has.
func TestNamesThatAreLoaded(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{`load("lib/part.star", "wrok")`, `kv.star:1:24: lib/part.star has no wrok; did you mean work?`},
		{"load(\"lib/part.star\",\n    \"rest\",\n    mine = \"Pi\")", `kv.star:3:13: lib/part.star has no Pi; did you mean PI?`},
		{`load("lib/part.star", "zebra")`, `kv.star:1:24: lib/part.star has no zebra; it has PI, rest, work`},
		{`load("lib/none.star", "zebra")`, `kv.star:1:24: lib/none.star has no zebra; it defines nothing`},
		{`load("lib/way.star", "rest")`, `lib/way.star:1:20: part.star has no wrok; did you mean work?`},
	} {
		files := fstest.MapFS{
			"kv.star": {Data: []byte(tc.text)}, "lib/none.star": {}, "lib/way.star": {Data: []byte(`load("part.star", "wrok")`)},
			"lib/part.star": {Data: []byte("PI = 3\ndef work(me):\n    pass\ndef rest(me):\n    pass\n")},
		}
		if _, err := Load(files, "kv.star", Options{}); err == nil || err.Error() != tc.want {
			t.Errorf("%s:\n got %v\nwant %s", tc.text, err, tc.want)
		}
	}
}
