package scenario

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"orrery/ecs"
	"orrery/ecs/random"
	"orrery/scenario/value"
	"orrery/scheduler"
)

// script is what a scenario's files declared, and the interpreter that runs
// their functions.
type script struct {
	fsys    fs.FS
	options Options
	run     *scheduler.Run
	thread  *starlark.Thread
	builtin starlark.StringDict
	modules map[string]*module // by path; looked up, never ranged over
	order   []string           // of modules, as they were asked for
	without *salvage           // what is left out of the scenario's own file; nil: nothing
	sources []Source
	path    string

	programs []*program // by ecs number; nil for groups and what is not ours
	named    []*group   // that group(…) made, in order
	declared []*program // in order of program(…)
	kinds    kinds
	ticked   bool // tick(…) may not come any more

	flags    []Flag
	until    ecs.Tick
	warmup   ecs.Tick
	series   []Series
	feedWays []feedWay
	exports  []Export
	figures  figures
	serves   bool // serve(…) is mentioned
	// listsFeeds says that me.feeds is: nodes are to remember those they meet.
	listsFeeds   bool
	mentionsSync bool // me.sync() is mentioned
	notes        notes

	roundings  []Rounding
	idle       Errors          // statements that do nothing
	warnings   Errors          // of what may be meant so
	checked    map[string]bool // names of checks; looked up only
	windows    []window
	awaited    []said              // events that checks look at
	modelled   []said              // services that models have
	lookers    []starlark.Callable // what checks and the like ask: functions that see all nodes
	labels     uint64              // cuts named so far
	outages    uint64              // and crashes, stops, pauses and slow times
	remembered int                 // betweens that keep whom they were done to
	lastFault  ecs.Nanoseconds     // the latest time that something is done at
	chaosPlans map[string]int      // how many of a sort; looked up only
	loading    random.Source       // draws of load-time random
	streams    struct{ script, chaos ecs.Stream }

	params    params
	directory directoryMode
	pipes     pipes
	functions functions
	given     []starlark.Value // to words, by the file that is read: what it may not change any more
	reader    reader
	codec     *value.Codec      // of what is sent, noted and set: its size is limited
	stored    *value.Codec      // of state as it is hashed and kept
	encoder   value.Encoder     // of messages and timers
	hasher    value.Encoder     // of keys and notes
	names     []string          // of a message's fields, for use again
	values    []starlark.Value  // and their values
	args      [2]starlark.Value // of the handler that is called
	steps     uint64            // taken at the top level
	last      uint64            // step at which the function that runs is stopped
	stop      func(*starlark.Thread)
	draws     map[string]*starlark.Builtin // of me.random
	loadDraws map[string]*starlark.Builtin // of random
	verbs     map[string]*starlark.Builtin

	at context
}

type module struct {
	globals starlark.StringDict
	file    *syntax.File // resolved; nil if it could not be
	err     error
	loading bool
}

// phase says what is being run, and so what a script may do.
type phase uint8

const (
	loading  phase = iota // the file's top level
	handling              // a handler, for one node
	checking              // a check, a series, a fault's target: reads all, changes nothing
)

// dialect is Starlark as scenarios are written in it.
var dialect = &syntax.FileOptions{Set: true, While: true, TopLevelControl: true, GlobalReassign: true, Recursion: true}

func newScript(fsys fs.FS, name string, o Options) *script {
	s := &script{
		fsys: fsys, options: o, path: name, modules: map[string]*module{}, checked: map[string]bool{}, chaosPlans: map[string]int{},
	}
	s.thread = &starlark.Thread{Name: name, Load: s.loadModule, Print: s.print}
	s.codec = &value.Codec{Functions: &s.functions, Node: s.knownNode, Rebuild: s.rebuild, MaxBytes: o.Bytes}
	s.stored = &value.Codec{Functions: &s.functions, Node: s.knownNode, Rebuild: s.rebuild, MaxBytes: o.Bytes, KeepFrozen: true}
	s.reset(ecs.Config{Seed: o.Seed, BatchLength: o.batchLength})
	s.builtin = s.predeclared()
	s.verbs = s.makeVerbs()
	s.stop = s.stopThread
	s.draws, s.loadDraws = makeDraws(randomness{s, false}), makeDraws(randomness{s, true})
	return s
}

// reset begins with an empty world.
func (s *script) reset(c ecs.Config) {
	s.run = scheduler.New(c)
	s.run.World.DigestGroupsIfChanged()
	s.named = nil
	s.programs = make([]*program, s.run.World.Programs())
	s.streams.script = s.run.World.Stream("script")
	s.streams.chaos = s.run.World.Stream("chaos")
	load := s.run.World.Stream("load")
	s.loading = s.run.World.Key(load).At(-1, 0)
	s.run.Links.Mangle = s.mangle
	s.kinds.open(s)
	s.notes.open(s)
}

// mangle is what a link that corrupts makes of a payload; what nodes show is no
// message of theirs, and comes as it was. Of an error's text a letter is changed.
func (s *script) mangle(k ecs.Kind, payload []byte, n uint64) []byte {
	switch k {
	case s.kinds.show:
		return append([]byte(nil), payload...)
	case s.kinds.failed:
		out := slices.Clone(payload)
		if text := out[refBytes:]; len(text) > 0 {
			text[n/5%uint64(len(text))] ^= 1 << (n % 5)
		}
		return out
	case s.kinds.feed:
		return value.MangleValue(append([]byte(nil), payload...), n)
	case s.kinds.call, s.kinds.answer:
		at := refBytes
		if k == s.kinds.call {
			at = argumentsAt(payload)
		}
		return append(slices.Clone(payload[:at]), value.MangleValue(append([]byte(nil), payload[at:]...), n)...)
	}
	return value.Mangle(append([]byte(nil), payload...), n)
}

// load runs the scenario's own file.
func (s *script) load(name string) error {
	_, err := s.module(name)
	return err
}

// loadModule is load(name, …): relative to the file that it stands in.
func (s *script) loadModule(thread *starlark.Thread, name string) (starlark.StringDict, error) {
	if len(name) > 0 && name[0] == '@' {
		return nil, fmt.Errorf("load(%q): the toolbox is not built yet", name)
	}
	return s.module(s.beside(thread.Name, name))
}

// beside is the name of a file that another names.
func (s *script) beside(file, name string) string {
	if path.IsAbs(name) {
		return name
	}
	return path.Join(path.Dir(file), name)
}

func (s *script) module(name string) (starlark.StringDict, error) {
	if m := s.modules[name]; m != nil {
		if m.loading {
			return nil, fmt.Errorf("%s loads itself, by way of others or not", name)
		}
		return m.globals, m.err
	}
	m := &module{loading: true}
	s.modules[name] = m
	s.order = append(s.order, name)
	m.globals, m.err = s.exec(name, m)
	m.loading = false
	return m.globals, m.err
}

func (s *script) exec(name string, m *module) (starlark.StringDict, error) {
	data, err := s.read(name)
	if err != nil {
		return nil, err
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // which some editors put before UTF-8
	file, err := dialect.Parse(name, data, 0)
	if err != nil {
		return nil, unreadable(err, data)
	}
	words := s.builtin
	if s.without != nil && name == s.path {
		words = s.without.reduce(file, words)
	}
	program, err := starlark.FileProgram(file, words.Has)
	if err != nil {
		return nil, nearerNames(err, file)
	}
	m.file = file
	s.learn(file)
	thread := &starlark.Thread{Name: name, Load: s.loadModule, Print: s.print}
	s.limit(thread)
	outer := s.given
	s.given = nil
	globals, err := program.Init(thread, words)
	err = s.nearerLoaded(err, name, file)
	s.steps += thread.ExecutionSteps()
	frozen := s.freeze(globals)
	if s.given = outer; frozen != nil {
		return globals, cmp.Or(err, frozen)
	}
	s.nameFunctions(globals)
	return globals, err
}

// resolve returns the name of a file that the scenario names: relative to the
// scenario, or absolute.
func (s *script) resolve(name string) string {
	if path.IsAbs(name) {
		return name
	}
	return path.Join(path.Dir(s.path), name)
}

// read reads a file once more only if it is asked for once more, and keeps it
// for the trace.
func (s *script) read(name string) ([]byte, error) {
	data, err := fs.ReadFile(s.fsys, name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	s.sources = append(s.sources, Source{Path: name, Data: data})
	return data, nil
}

func (s *script) scenario() *Scenario {
	return &Scenario{
		Name: path.Base(s.path), Run: s.run, Until: s.until, Warmup: s.warmup, Flags: s.flags,
		Series: s.series, Exports: s.exports, Sources: s.sources, Warnings: s.warnings, script: s,
	}
}
