package publish

import (
	"strings"
	"testing"
)

// Each node has its own version of a local param; beyond some they are counted.
func TestVersionsAreBounded(t *testing.T) {
	s := loaded(t, `
def begin(me):
    me.set_param("own", "x" * 5000 if me.name == "n[0]" else [me.name, None])

param("own", 0, consistency = "local")
n = nodes("n", 100, program(on_start = begin))
run(until = "1ms")
`)
	if err := s.Run.RunUntil(s.Until); err != nil {
		t.Fatal(err)
	}
	w := shown(s)
	items := paramItems(&w)
	if len(items) != 1 || items[0].Consistency != "local" || len(items[0].Versions) != someVersions || items[0].Others != 100-someVersions {
		t.Fatalf("params %s", mustJSON(items))
	}
	long := 0
	for _, v := range items[0].Versions {
		if v.Nodes != 1 || v.At != nil {
			t.Errorf("version of %s: %d nodes, %q", v.By, v.Nodes, v.At)
		}
		if v.By == "n[0]" && v.Value == nil && v.Bytes > 5000 {
			long++
		} else if !strings.HasPrefix(string(v.Value), `["n[`) {
			t.Errorf("version of %s: %s", v.By, v.Value)
		}
	}
	if long != 1 {
		t.Error("the long value is given, or nothing is said of it")
	}
}

// A value that holds another many times over must not take for ever.
func TestValueThatUnfolds(t *testing.T) {
	s := loaded(t, `
def begin(me):
    v = [1, 1]
    for i in range(18):
        v = [v, v, v, v]
    me.set_param("own", v)

param("own", 0, consistency = "local")
n = nodes("n", 1, program(on_start = begin))
run(until = "1ms")
`)
	if err := s.Run.RunUntil(s.Until); err != nil {
		t.Fatal(err)
	}
	w := shown(s)
	if v := paramItems(&w)[0].Versions[0]; v.Value != nil || v.Bytes == 0 {
		t.Errorf("%d bytes of JSON", len(v.Value))
	}
}
