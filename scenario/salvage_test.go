// Proves that the errors of a scenario are reported together, that none is due
// to another, and that a place is given for all.
package scenario

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestSeveralErrors(t *testing.T) {
	const good = "def h(me, m):\n    pass\np = program(on = {\"h\": h})\na = nodes(\"a\", 2, p)\n"
	for _, tc := range []struct{ name, text, want string }{
		{"two that have nothing in common", "x = 1 // 0\ny = [][1]\n",
			"kv.star:1:7: floored division by zero\nkv.star:2:7: index 1 out of range: empty list"},
		{"what uses a name that failed", "x = 1 // 0\ny = x + \"a\"\nz = y[7]\nw = [][2]\n",
			"kv.star:1:7: floored division by zero\nkv.star:4:7: index 2 out of range: empty list"},
		{"a name given again", "x = 1 // 0\nx = 3\nx[1]\n",
			"kv.star:1:7: floored division by zero"},
		{"several of one statement", "x, y = nope, nowhere\nx[1] + y\n",
			"kv.star:1:8: nope is not defined; did you mean node?\nkv.star:1:14: nowhere is not defined"},
		{"a function of the file", "def f():\n    return x[0]\nx = 1 // 0\nf()\ng = f\ng()\n",
			"kv.star:3:7: floored division by zero"},
		{"a function that fails for all", "def f(k):\n    return 1 // 0\nf(1)\nf(2)\ny = f(3)\ny[1]\n",
			"kv.star:2:14: floored division by zero"},
		{"a function with a typo in it", "def f():\n    return nope\nf()[1]\nx = 1 // 0\n",
			"kv.star:2:12: nope is not defined; did you mean node?\nkv.star:4:7: floored division by zero"},
		{"a list that a loop fills", "l = []\nfor i in range(3):\n    l.append(1 // (1 - i))\nl[2] + l[1]\nm = l\nm[2]\n",
			"kv.star:3:16: floored division by zero"},
		{"a list that another name has", "l = []\nm = [l]\nl.append(1 // 0)\nm[0][0]\n", "kv.star:3:12: floored division by zero"},
		{"a list that a function fills", "l = []\ndef add(x):\n    l.append(x)\nadd(1 // 0)\nl[0]\n", "kv.star:4:7: floored division by zero"},
		{"a list given to a function", "l = []\ndef add(l, x):\n    l.append(x)\nadd(l, 1 // 0)\nl[0]\n", "kv.star:4:10: floored division by zero"},
		{"a dict", "d = {}\nd[\"x\"] = 1 // 0\nd[\"x\"]\n", "kv.star:2:12: floored division by zero"},
		{"kinds of a program that failed", good + "q = program(state = {\"send\": 0}, on = {\"k\": h})\nat(\"1s\", send(a, \"k\"))\n",
			`kv.star:5:12: state: a field may not be named "send", which a node has already`},
		{"handlers of a program that failed", good + "def w(me):\n    me.x\nq = program(state = {\"x\": 1 // 0}, every = {\"1s\": w})\nr = program(every = {\"1s\": w})\n",
			"kv.star:7:29: floored division by zero"},
		{"links that failed", good + "mesh(a, latency = 5)\na[0].neighbours[0]\n", `kv.star:5:5: mesh: latency: a duration needs a unit: "10ms"`},
		{"the window of a run that failed", "run(until = 5)\neventually(\"x\", lambda: True, after = \"9s\", within = \"1s\")\n",
			`kv.star:1:4: run: until: a duration needs a unit: "10ms"`},
		{"the top level and a handler", good + "def w(me):\n    me.x\nb = nodes(\"b\", 2, program(state = {\"y\": 0}, every = {\"1s\": w}))\n1 // 0\n",
			"kv.star:6:7: in w: b declares no state \"x\"\nkv.star:8:3: floored division by zero"},
		{"a handler with a typo in it", "def w(me):\n    nope(me)\nb = nodes(\"b\", 2, program(every = {\"1s\": w}))\nb[2]\n",
			"kv.star:2:5: nope is not defined; did you mean node?\nkv.star:4:2: b[2]: it has 2 nodes, 0 to 1"},
		{"two files", "load(\"a.star\", \"x\")\nload(\"b.star\", \"y\")\nx + y[3]\n1 // 0\n",
			"a.star:2:7: floored division by zero\nb.star:1:5: nope is not defined; did you mean node?\nkv.star:4:3: floored division by zero"},
		{"a file that is not there", "load(\"c.star\", \"x\")\nx[0]\n1 // 0\n",
			"kv.star:1:1: cannot load c.star: c.star: open c.star: file does not exist\nkv.star:3:3: floored division by zero"},
		{"a file that loads itself", "load(\"kv.star\", \"x\")\n1 // 0\n",
			"kv.star:1:1: cannot load kv.star: kv.star loads itself, by way of others or not\nkv.star:2:3: floored division by zero"},
		{"an end without an end", "def f():\n    return f()\nf()\n",
			"kv.star:2:12: functions call each other more than 2000 deep; is there a recursion without an end?"},
	} {
		fs := fstest.MapFS{"kv.star": {Data: []byte(tc.text)}, "a.star": {Data: []byte("\nx = 1 // 0\n")}, "b.star": {Data: []byte("y = nope\n")}}
		_, err := Load(fs, "kv.star", Options{Seed: 1})
		if err == nil {
			t.Errorf("%s: it loads", tc.name)
		} else if diff := cmp.Diff(tc.want, err.Error()); diff != "" {
			t.Errorf("%s (- wanted, + got):\n%s", tc.name, diff)
		}
	}
}

// However many statements are wrong, no more than a page of errors is given.
func TestErrorsAreLimited(t *testing.T) {
	var nope strings.Builder
	for i := range 100 {
		fmt.Fprintf(&nope, "nope%d\n", i)
	}
	for _, text := range []string{strings.Repeat("1 // 0\n", 100), nope.String()} {
		_, err := load(text)
		if errs, ok := err.(Errors); !ok || len(errs) != mostErrors {
			t.Errorf("got %v", err)
		}
	}
}

// A chain of statements, each of which may use those before, is made wrong at
// places: each error must be of a statement that was made wrong itself, and one
// that depends on no other must be reported.
func TestErrorsHaveNoFollowers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		names := []string{"zero"}
		text.WriteString("zero = [[1]]\n")
		wrong, sound := map[int]bool{}, map[string]bool{"zero": true}
		var mustSay []int
		for line := 2; line < rapid.IntRange(3, 20).Draw(t, "lines"); line++ {
			from := rapid.SampledFrom(names).Draw(t, "from")
			name := "v" + string(rune('a'+line))
			how := rapid.SampledFrom([]string{"NAME = [x for x in FROM]", "NAME = FROM", "NAME = [FROM[0]] + FROM", "NAME = list(FROM)"}).Draw(t, "how")
			bad := rapid.IntRange(0, 3).Draw(t, "bad") == 0
			if bad {
				how = "NAME = [FROM[0][0] // 0]"
			}
			text.WriteString(strings.NewReplacer("NAME", name, "FROM", from).Replace(how) + "\n")
			sound[name] = sound[from] && !bad
			wrong[line] = bad
			if bad && sound[from] {
				mustSay = append(mustSay, line)
			}
			names = append(names, name)
		}
		_, err := load(text.String())
		errs, _ := err.(Errors)
		said := map[int]bool{}
		for _, e := range errs {
			said[int(e.Pos.Line)] = true
			if !wrong[int(e.Pos.Line)] {
				t.Fatalf("%s follows from another in\n%s", e, text.String())
			}
		}
		for _, line := range mustSay {
			if !said[line] {
				t.Fatalf("line %d is not reported: %v\n%s", line, err, text.String())
			}
		}
	})
}
