package main

import (
	"fmt"

	"orrery/scenario"
	"orrery/systems"
)

// A warning is of what may be meant so, and shows in no other way: the run goes
// on, and its exit code is what it would be.

// warnings are those of the scenario, and what a run that is over leaves open.
func (r *result) warnings() []problem {
	all := problems(r.scenario.Warnings)
	if r.interrupted { // which leaves open whatever it can
		return all
	}
	for _, c := range r.Checks {
		switch {
		case c.Unasked != "":
			all = append(all, problem{What: fmt.Sprintf("%s %q was not asked: it looks at %s, and there was none", c.Kind, c.Name, c.Unasked)})
		case c.Outcome == systems.Undecided && c.Kind == systems.EventuallyHolds:
			all = append(all, problem{What: fmt.Sprintf("eventually %q is UNDECIDED, and the exit code leaves it out: its window ends at %s, and the run at %s; to decide it: --until %[2]s", c.Name, r.time(c.Ends), r.time(r.Tick))})
		}
	}
	return all
}

// warn says warnings as errors are said, so that editors find their places.
func (e *edge) warn(all []problem) {
	for _, w := range all {
		if w.File == "" {
			e.say("warning: %s", w.What)
			continue
		}
		in := ""
		if w.Handler != "" {
			in = "in " + w.Handler + ": "
		}
		fmt.Fprintf(e.err, "%s:%d:%d: warning: %s%s\n", w.File, w.Line, w.Column, in, w.What)
	}
}

// problem is an error or a warning as --json has it.
type problem struct {
	File    string `json:"file,omitempty"` // empty: it has no place
	Line    int32  `json:"line,omitempty"`
	Column  int32  `json:"column,omitempty"`
	Handler string `json:"handler,omitempty"` // the function that ran
	Node    string `json:"node,omitempty"`    // on which
	Time    string `json:"time,omitempty"`    // and when, if it ran
	What    string `json:"what"`
}

func problems(errs scenario.Errors) []problem {
	all := []problem{}
	for _, x := range errs {
		p := problem{Handler: x.Handler, Node: x.Node, Time: x.When, What: x.What}
		if x.Pos.IsValid() {
			p.File, p.Line, p.Column = x.Pos.Filename(), x.Pos.Line, x.Pos.Col
		}
		all = append(all, p)
	}
	return all
}

// problemsOf is an error as --json has it.
func problemsOf(err error) []problem {
	if errs := scenarioErrors(err); errs != nil {
		return problems(errs)
	}
	return []problem{{What: err.Error()}}
}

// failure is what --json prints of a run that an error has ended, or that could
// not begin.
type failure struct {
	Scenario string    `json:"scenario"`
	Errors   []problem `json:"errors"`
}

// printFailure prints an error as JSON, if that is wanted.
func (o *runFlags) printFailure(e *edge, name string, err error) error {
	if !o.json {
		return nil
	}
	return e.printJSON(failure{name, problemsOf(err)})
}
