package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"orrery/scenario"
	"orrery/scenario/value"
)

// The types below are values of flags, whose errors say what is wanted.

// number is a whole number from least to most.
type number struct {
	to    *uint64
	what  string
	least uint64
	most  uint64
}

func (n number) Type() string   { return "number" }
func (n number) String() string { return "" } // help says defaults in words
func (n number) Set(text string) error {
	v, err := strconv.ParseUint(text, 10, 64)
	if err != nil || v < n.least || v > n.most {
		return fmt.Errorf("%s is a whole number from %d to %d", n.what, n.least, n.most)
	}
	*n.to = v
	return nil
}

const maxUint64 = 1<<64 - 1

// span is a duration of simulated time above 0.
type span struct{ to *value.Duration }

func (s span) Type() string   { return "duration" }
func (s span) String() string { return "" }
func (s span) Set(text string) error {
	d, err := value.ParseDuration(text)
	if err != nil {
		return err
	}
	if d <= 0 {
		return errors.New("a duration above 0 is wanted")
	}
	*s.to = d
	return nil
}

// instant is a time of a run: from 0 on.
type instant struct {
	to    *value.Duration
	given *bool
}

func (i instant) Type() string   { return "duration" }
func (i instant) String() string { return "" }
func (i instant) Set(text string) error {
	d, err := value.ParseDuration(text)
	if err != nil {
		return err
	}
	if d < 0 {
		return errors.New("a moment is 0s or later")
	}
	*i.to, *i.given = d, true
	return nil
}

// pace is simulated time a unit of wall time.
type pace struct{ to *float64 }

func (p pace) Type() string   { return "pace" }
func (p pace) String() string { return "" }
func (p pace) Set(text string) error {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v > 0) || v > 1e9 {
		return errors.New("a pace is a number above 0, at most 1e9: 1 is real time, 0.1 ten times slower")
	}
	*p.to = v
	return nil
}

// settings are values of a scenario's flags, as given, the last of a name
// counting.
type settings struct {
	names  []string // in the order given
	values map[string]string
}

func (s *settings) Type() string   { return "name=value" }
func (s *settings) String() string { return "" }
func (s *settings) Set(text string) error {
	name, v, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return errors.New("a flag of the scenario is set as name=value")
	}
	if s.values == nil {
		s.values = map[string]string{}
	}
	if !slices.Contains(s.names, name) {
		s.names = append(s.names, name)
	}
	s.values[name] = v
	return nil
}

// worldFlags are flags of commands that load scenarios.
type worldFlags struct {
	seed     uint64
	settings settings
	steps    uint64
	bytes    uint64
}

func (w *worldFlags) declare(f *pflag.FlagSet, seed string) {
	f.Var(number{&w.seed, "a seed", 0, maxUint64}, "seed", seed)
	f.Var(&w.settings, "set", "give a flag of the scenario a value; may be repeated")
}

// declareLimits comes last: limits are seldom set.
func (w *worldFlags) declareLimits(f *pflag.FlagSet) {
	f.Var(number{&w.steps, "a limit", 1, 1 << 40}, "script-steps", "end the run when one call of a script takes over `n` steps (10 million)")
	f.Var(number{&w.bytes, "a limit", 1, 1 << 30}, "script-bytes", "end the run when a message, a variable or a node's state takes over `n` bytes (16 MiB)")
}

func (w *worldFlags) options() scenario.Options {
	return scenario.Options{Seed: w.seed, Flags: w.settings.values, Steps: w.steps, Bytes: int(w.bytes)}
}

// known refuses settings of flags that a scenario does not declare: a typo must
// not pass for a run with that value.
func (s *settings) known(name string, flags []scenario.Flag) error {
	var known []string
	for _, f := range flags {
		known = append(known, f.Name)
	}
	for _, n := range s.names {
		if slices.Contains(known, n) {
			continue
		}
		if near := nearest(n, known); near != "" {
			return wrongUsage("--set %s: %s has no flag %q; did you mean %q?", n, name, n, near)
		}
		if len(known) == 0 {
			return wrongUsage("--set %s: %s declares no flags", n, name)
		}
		return wrongUsage("--set %s: %s has no flag %q; it has %s", n, name, n, strings.Join(known, ", "))
	}
	return nil
}
