package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"orrery/ecs"
	"orrery/scenario"
	"orrery/scenario/value"
	"orrery/scheduler"
)

// fromFlags say where in another run one begins.
type fromFlags struct {
	trace    string
	at       value.Duration
	goes     bool // at is given
	reseed   uint64
	reseeded bool
	loaded   string // the seed that the scenario was loaded with, by the trace
}

func (o *fromFlags) declare(f *pflag.FlagSet) {
	f.StringVar(&o.trace, "from", "", "go on from a moment of the trace in this `file`, without its scenario's files")
	f.Var(instant{&o.at, &o.goes}, "at", "with --from: that moment, as 3.2s")
	f.Var(number{&o.reseed, "a seed", 0, maxUint64}, "reseed", "with --from: what draws come from after it")
}

// alone refuses what means nothing without a trace to go on from.
func (o *fromFlags) alone() error {
	if o.goes || o.reseeded {
		return wrongUsage("--at and --reseed are for a run that goes on from a trace: sim run --from ring.mcap --at 1.5s")
	}
	return nil
}

// runFrom is sim run --from: another run, from a moment of one that was kept.
func (o *runFlags) runFrom(e *edge, args []string) error {
	switch {
	case len(args) > 0:
		return wrongUsage("--from takes the scenario from the trace, and %s is one more", quote(args[0]))
	case !o.from.goes:
		return wrongUsage("--from needs a moment: --at 1.5s")
	case o.until > 0 && o.until < o.from.at:
		return wrongUsage("--until %s is before --at %s, where the run goes on", o.until, o.from.at)
	case o.seeded:
		return wrongUsage("--from goes on from a run with a seed; --reseed gives it another from there on")
	case o.steps > 0 || o.bytes > 0:
		return wrongUsage("--from takes the limits of scripts from the trace")
	}
	t, err := openTrace(o.from.trace)
	if err != nil {
		return err
	}
	defer t.file.Close()
	parent, err := t.load(nil)
	if err != nil {
		return err
	}
	if err := t.goTo(e, parent, o.from.at, o.quiet); err != nil {
		return t.parted(err)
	}
	t.warn(e)
	s, err := o.child(e, t, parent)
	if err != nil {
		return err
	}
	digest := fmt.Sprintf("%016x", uint64(s.Run.World.Digest()))
	if o.from.reseeded {
		s.Run.World.Reseed(o.from.reseed)
	}
	first := t.about["load_seed"]
	if first == "" {
		first = t.about["seed"]
	}
	o.seed, o.from.loaded = s.Run.World.Seed(), first
	return o.carryOut(e, &result{scenario: s, name: t.about["scenario"], flags: o},
		[2]string{"parent", filepath.Base(o.from.trace)}, [2]string{"parent_at", o.from.at.String()},
		[2]string{"parent_digest", digest}, [2]string{"load_seed", first})
}

// child returns what goes on: the parent itself, or, with other flags, the
// scenario loaded anew with what the parent's world holds. What came to the parent
// from outside comes to it too.
func (o *runFlags) child(e *edge, t *readTrace, parent *scenario.Scenario) (*scenario.Scenario, error) {
	if len(o.settings.names) == 0 {
		return parent, nil
	}
	s, err := t.load(&o.settings)
	if err != nil {
		return nil, err
	}
	if err := declaredOtherwise(e, t, s); err != nil {
		return nil, err
	}
	var then ecs.Snapshot
	parent.Run.Snapshot(&then)
	if err := s.Run.Restore(&then); err != nil {
		return nil, wrongUsage("--set: with these flags the scenario declares another world, which cannot go on from this one: %w", err)
	}
	return s, t.Give(s.Run)
}

// declaredOtherwise says so if flags change what is there as a run begins: that
// has become what it is at the moment the child goes on from, and stays so.
func declaredOtherwise(e *edge, t *readTrace, s *scenario.Scenario) error {
	plain, err := t.load(nil)
	if err != nil {
		return err
	}
	d, err := scheduler.Compare(plain.Run, s.Run, s.Run.World.Tick())
	if err != nil || d == nil || d.Table == "history" {
		return err
	}
	what := d.Table
	if d.Node != "" {
		what += " of " + d.Node
	}
	if d.Field != "" {
		what += ", " + d.Field
	}
	e.say("--set: these flags change what is declared before a run begins, as %s; that stays as it was at --at, and what handlers and checks ask of flags changes", what)
	return nil
}

// againFrom is the line that shows such a run again.
func (o *runFlags) againFrom(until value.Duration) string {
	if until > 0 && until < o.from.at { // it came along
		return "sim replay " + quote(o.from.trace) + " --at " + until.String()
	}
	words := []string{"sim", "run", "--from", quote(o.from.trace), "--at", o.from.at.String()}
	if o.from.reseeded {
		words = append(words, "--reseed", strconv.FormatUint(o.from.reseed, 10))
	}
	for _, n := range o.settings.names {
		words = append(words, "--set", quote(n+"="+o.settings.values[n]))
	}
	if until > 0 {
		words = append(words, "--until", until.String())
	}
	return strings.Join(words, " ")
}
