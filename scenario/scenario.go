package scenario

import (
	"io/fs"

	"orrery/ecs"
	"orrery/scheduler"
)

// Options are what a scenario is loaded with. The zero value of a limit is its
// default.
type Options struct {
	Seed  uint64
	Flags map[string]string // values of flags, by name
	Steps uint64            // Starlark steps a handler may take; 10 million
	Bytes int               // bytes of one value: a message, a variable, the boxed state of a node; 16 MiB

	batchLength int // of a test that splits batches; 0: as long as they get
}

func (o *Options) setDefaults() {
	if o.Steps == 0 {
		o.Steps = 10_000_000
	}
	if o.Bytes == 0 {
		o.Bytes = 16 << 20
	}
}

// Scenario is a scenario loaded: its world, built and ready to run.
type Scenario struct {
	Name    string // of the file
	Run     *scheduler.Run
	Until   ecs.Tick // the last tick, from run(until); 0 if it does not say
	Warmup  ecs.Tick
	Flags   []Flag
	Series  []Series
	Exports []Export
	Sources []Source
	// Warnings are what may be meant so, and cannot come to anything.
	Warnings Errors

	script *script
}

// Flag is a flag that a scenario declares, and its value.
type Flag struct {
	Name    string
	Default string
	Value   string
}

// Series is a series that a scenario declares.
type Series struct {
	Name string
	ID   int // see systems.Measures
}

// Export names fields of nodes that viewers and traces are shown.
type Export struct {
	Fields []string
	Nodes  []ecs.Node
	Every  ecs.Nanoseconds // 0: as often as is asked
}

// Source is a file that was read.
type Source struct {
	Path string
	Data []byte
}

// Load reads a scenario, and the files it names, from fsys, and builds its
// world. An error is an [Errors]: everything found wrong.
func Load(fsys fs.FS, path string, o Options) (*Scenario, error) {
	o.setDefaults()
	s := newScript(fsys, path, o)
	if err := s.load(path); err != nil {
		return nil, s.salvage(err).sorted().page()
	}
	if errs := append(s.finish(), s.inspect(nil)...); len(errs) > 0 {
		return nil, errs.sorted().page()
	}
	return s.scenario(), nil
}

// Events returns what the scripts noted and printed, in order.
func (s *Scenario) Events() []Event { return s.script.notes.all() }
