package main

import "github.com/spf13/pflag"

var checkCommand = command{
	name: "check", args: "SCENARIO...", takes: takesScenarios,
	brief: "find all errors of scenarios, and run nothing",
	about: `Every error is a line that says where it is. A scenario without any is said to
be fine, and what it builds. Exit: 0 all are fine, 2 one is not.`,
	examples: []example{
		{"sim check ring.star", "what is wrong with it"},
		{"sim check testdata/scenarios/*.star", "of many"},
		{"sim new | sim check -", "of stdin"},
		{"sim check ring.star --json | jq '.[].errors'", "for other programs"},
	},
	flags: func(f *pflag.FlagSet) action {
		var w worldFlags
		w.declare(f, "what a random topology is drawn from, 0 to 2^64-1; 0 if not given")
		w.declareLimits(f)
		asJSON := f.Bool("json", false, "print a JSON list, of what was found of each scenario")
		return func(e *edge, args []string) error { return w.check(e, args, *asJSON) }
	},
}

// checked is what sim check --json prints of a scenario: fields may be added, and
// none changed.
type checked struct {
	Scenario string    `json:"scenario"`
	Fine     bool      `json:"fine"`
	Nodes    int       `json:"nodes"`
	Links    int       `json:"links"`
	Checks   int       `json:"checks"`
	Errors   []problem `json:"errors"`
	Warnings []problem `json:"warnings"`
}

func (w *worldFlags) check(e *edge, args []string, asJSON bool) error {
	if len(args) == 0 {
		return wrongUsage("check needs a scenario: sim check ring.star")
	}
	code := exitFine
	all := []checked{}
	for _, name := range args {
		s, err := e.load(name, w)
		if err != nil {
			e.report(err)
			code = max(code, exitCode(err))
			all = append(all, checked{Scenario: name, Errors: problemsOf(err), Warnings: []problem{}})
			continue
		}
		if asJSON {
			all = append(all, checked{name, true, s.Run.World.LiveNodes(), s.Run.Links.Len(), s.Run.Checks.Len(), []problem{}, problems(s.Warnings)})
			e.warn(problems(s.Warnings))
			continue
		}
		e.print("%s: fine: %s, %s, %s", name, many(s.Run.World.LiveNodes(), "node"), many(s.Run.Links.Len(), "link"), many(s.Run.Checks.Len(), "check"))
		if s.Until > 0 {
			until := result{scenario: s}
			e.print(", until %s", until.time(s.Until))
		} else {
			e.print(", no end: sim run needs --until")
		}
		e.print("\n")
		e.warn(problems(s.Warnings))
	}
	if asJSON {
		if err := e.printJSON(all); err != nil {
			return err
		}
	}
	if code != exitFine {
		return &ending{code: code}
	}
	return nil
}
