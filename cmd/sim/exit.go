package main

import (
	"errors"
	"fmt"
	"strings"

	"orrery/ecs"
	"orrery/scenario"
	"orrery/scheduler/trace"
)

// Exit codes: part of what users' scripts depend on.
const (
	exitFine = iota
	exitFailed
	exitUsage
	exitBroken
	exitUnmet
	exitDiverged
)

// ending is an error with an exit code of its own. Without a cause all has been
// said.
type ending struct {
	code int
	err  error
}

func (e *ending) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *ending) Unwrap() error { return e.err }

// wrongUsage is an error of the command line.
func wrongUsage(format string, args ...any) error {
	return &ending{exitUsage, fmt.Errorf(format, args...)}
}

func exitCode(err error) int {
	var with *ending
	var limit *ecs.LimitError
	var inconsistent *trace.InconsistentError
	switch {
	case err == nil:
		return exitFine
	case errors.As(err, &with):
		return with.code
	case scenarioErrors(err) != nil, errors.As(err, &limit), errors.As(err, &inconsistent):
		return exitUsage
	}
	return exitFailed
}

// scenarioErrors returns the errors of a scenario that an error holds.
func scenarioErrors(err error) scenario.Errors {
	var many scenario.Errors
	var one *scenario.Error
	switch {
	case errors.As(err, &many):
		return many
	case errors.As(err, &one):
		return scenario.Errors{one}
	}
	return nil
}

// report writes an error: those of a scenario as they are, so that editors find
// their places.
func (e *edge) report(err error) {
	if err == nil {
		return
	}
	for _, one := range scenarioErrors(err) {
		line := one.Error()
		if !one.Pos.IsValid() {
			line = "sim: " + line
		}
		fmt.Fprintln(e.err, line)
	}
	if scenarioErrors(err) != nil {
		return
	}
	for line := range strings.Lines(err.Error()) {
		e.say("%s", strings.TrimRight(line, "\n"))
	}
}
