// Proves that an error says the nearest right thing, where letters are swapped,
// where the file has a name of its own, and where Starlark says only what failed.
package scenario

import "testing"

func TestWhatWasMeant(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"a = nodse(\"a\", 1, program())", "nodse is not defined; did you mean nodes?"},
		{"def try_(me):\n    pass\na = program(every = {\"1s\": tyr_})", "tyr_ is not defined; did you mean try_?"},
		{"def stored(me, reply, ver):\n    me.reply(reply, vre)", "vre is not defined; did you mean ver?"},
		{"def qgot(me, reply):\n    pass\nx = qgto", "qgto is not defined; did you mean qgot?"},
		{"x = [stpo for step in [1]]", "stpo is not defined; did you mean step?"},
		{"x = [crahs]", "crahs is not defined; did you mean crash?"},
		{"x = xylophone", "xylophone is not defined"},
		{"x = int(duration(\"1s\"))", `int: cannot convert duration to int; divide it by another: d // "1ms"`},
		{"x = duration(\"1s\") // \"1ms\" + duration(\"\")", `"" is not a duration; write a number and one of ns us ms s m h d, as in "10ms"; a text times a number repeats the text: write duration("10ms") * n`},
		{"x = program(state = {\"started\": 1})", `state: a field may not be named "started", which says of nodes whether they start by themselves`},
	} {
		_, err := Load(labFS(tc.text, nil), labFile, Options{Seed: 1})
		if errs, ok := err.(Errors); !ok || errs[0].What != tc.want {
			t.Errorf("%s:\n got %v\nwant %s", tc.text, err, tc.want)
		}
	}
	failsToRun(t, "def hear(me, m):\n    m.list.append(1)\na = node(\"a\", program(on = {\"hear\": hear}))\nat(\"1ms\", send(a, \"hear\", list = [1]))\nrun(until = \"9ms\")",
		"cannot append to frozen list; what was sent, and what the file's top level made, stays as it is; copy it with list(…), or keep it in the state of a program")
}
