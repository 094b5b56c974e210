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
	},
	flags: func(f *pflag.FlagSet) action {
		var w worldFlags
		w.declare(f, "what a random topology is drawn from, 0 to 2^64-1; 0 if not given")
		w.declareLimits(f)
		return func(e *edge, args []string) error { return w.check(e, args) }
	},
}

func (w *worldFlags) check(e *edge, args []string) error {
	if len(args) == 0 {
		return wrongUsage("check needs a scenario: sim check ring.star")
	}
	code := exitFine
	for _, name := range args {
		s, err := e.load(name, w)
		if err != nil {
			e.report(err)
			code = max(code, exitCode(err))
			continue
		}
		e.print("%s: fine: %s, %s, %s", name, many(s.Run.World.LiveNodes(), "node"), many(s.Run.Links.Len(), "link"), many(s.Run.Checks.Len(), "check"))
		if s.Until > 0 {
			until := result{scenario: s}
			e.print(", until %s", until.time(s.Until))
		}
		e.print("\n")
		e.warn(problems(s.Warnings))
	}
	if code != exitFine {
		return &ending{code: code}
	}
	return nil
}
