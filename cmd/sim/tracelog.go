package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"orrery/ecs"
	"orrery/scenario/value"
	"orrery/scheduler/trace"
)

var logCommand = command{
	name: "log", args: "WHAT TRACE", takes: takesFiles,
	brief: "say what is in a trace, print it, or mend one that was cut",
	about: `info TRACE says what it is of, how much is in it, and what came of the checks.
cat TRACE [TOPIC] prints messages as JSON, one a line: inputs, faults, events,
checks, series, measures, counts, digests, checkpoints, messages, columns/0 and
so on; all but digests and checkpoints if no topic is named. What messages and
inputs carry is read with the scenario in the trace, and printed as content.
recover CUT WHOLE [FILE…] makes a whole trace of what one has that was cut, as the
.part that is left of a run that was killed. Files of its scenario that it has
not are taken from those named, if they are what they were.`,
	examples: []example{
		{"sim log info ring.mcap", "what, when and how much"},
		{"sim log cat ring.mcap events", "what nodes noted and printed"},
		{"sim log cat ring.mcap --node 'server[2]' --since 1s --until 2s", "of one node, for a second"},
		{"sim log recover ring.mcap.part ring.mcap", "after a kill -9"},
		{"sim log recover cut.mcap ring.mcap ring.star", "the scenario's file is damaged in it, and still on disk"},
	},
	flags: func(f *pflag.FlagSet) action {
		var o logFlags
		f.Var(span{&o.since}, "since", "cat: leave out what was before this moment")
		f.Var(span{&o.until}, "until", "cat: leave out what was after this moment")
		f.StringVar(&o.node, "node", "", "cat: only what is about the nodes of this `pattern`, as 'server[*]'")
		f.BoolVar(&o.json, "json", false, "info: print one JSON object")
		return o.run
	},
}

type logFlags struct {
	since, until value.Duration
	node         string
	json         bool
	found        bool // something about a node of the pattern
}

func (o *logFlags) run(e *edge, args []string) error {
	most := map[string]int{"info": 2, "cat": 3, "recover": 1000}
	if len(args) == 0 || most[args[0]] == 0 {
		return wrongUsage("log needs to be told what to do: sim log info TRACE, cat TRACE [TOPIC], recover CUT WHOLE [FILE…]")
	}
	if len(args) == 1 {
		return wrongUsage("log %s needs a trace: sim log %[1]s ring.mcap", args[0])
	}
	if o.until > 0 && o.until < o.since {
		return wrongUsage("--until %s is before --since %s", o.until, o.since)
	}
	if len(args) > most[args[0]] || args[0] == "recover" && len(args) < 3 {
		return wrongUsage("log %s has %d arguments after it; see sim help log", args[0], len(args)-1)
	}
	t, err := openTrace(args[1])
	if err != nil {
		return err
	}
	defer t.file.Close()
	switch args[0] {
	case "info":
		err = o.info(e, t)
	case "cat":
		err = o.cat(e, t, append(args[2:], "")[0])
	default:
		return t.recover(e, args[2], args[3:])
	}
	t.warn(e)
	return err
}

// traceInfo is what sim log info --json prints: fields may be added.
type traceInfo struct {
	Run      map[string]string `json:"run"`
	End      map[string]string `json:"end,omitempty"` // missing if it was cut
	Bytes    int64             `json:"bytes"`
	FromS    trace.Float       `json:"from_s"`
	ToS      trace.Float       `json:"to_s"`
	Chunks   int               `json:"chunks"`
	Messages map[string]int    `json:"messages"`
	Files    map[string]int    `json:"files"`             // by name, in bytes
	Missing  map[string]uint64 `json:"missing,omitempty"` // as Files: the trace has them not, or not whole
	Whole    bool              `json:"whole"`
}

func (o *logFlags) info(e *edge, t *readTrace) error {
	from, to := t.Span()
	if tick, err := strconv.ParseUint(t.about["tick_ns"], 10, 64); err == nil { // what is recorded first may be later
		from = uint64(max(0, t.Begin())) * tick
	}
	in := traceInfo{Run: t.about, Bytes: t.Size(), FromS: secondsOf(from), ToS: secondsOf(to), Chunks: t.Chunks(), Messages: map[string]int{}, Files: map[string]int{}, Whole: t.Cut() == ""}
	in.End, _ = t.Metadata("end") // missing if it was cut
	err := t.Each("", 0, 0, func(m *trace.Entry) error {
		in.Messages[m.Topic]++
		return nil
	})
	if err != nil {
		return err
	}
	sources, err := t.Sources()
	for _, s := range sources {
		in.Files[s.Name] = len(s.Data)
	}
	missing := new(trace.MissingError)
	if errors.As(err, &missing) {
		in.Missing = map[string]uint64{}
	}
	for _, m := range missing.Files {
		in.Missing[m.Name] = m.Size
	}
	if o.json {
		return e.printJSON(in)
	}
	var s sheet
	s.line("trace", "%s, %d bytes in %s", t.name, in.Bytes, many(in.Chunks, "chunk"))
	s.line("run", "%s, seed %s, engine %s", t.about["scenario"], t.about["seed"], t.about["engine"])
	if parent := t.about["parent"]; parent != "" {
		s.line("parent", "%s at %s", parent, t.about["parent_at"])
	}
	s.line("time", "%s to %s", value.Duration(from), value.Duration(to))
	in.lists(&s)
	for _, m := range missing.Files {
		s.line("missing", "%s", &m)
	}
	if in.End == nil {
		s.line("end", "it has none: it was cut")
	} else {
		s.line("digest", "%s", in.End["digest"])
	}
	e.print("%s", s.String())
	return nil
}

func (in *traceInfo) lists(s *sheet) {
	name := "messages"
	for _, topic := range slices.Sorted(maps.Keys(in.Messages)) {
		s.line(name, "%-12s %8d", topic, in.Messages[topic])
		name = ""
	}
	name = "files"
	for _, file := range slices.Sorted(maps.Keys(in.Files)) {
		s.line(name, "%s, %d bytes", file, in.Files[file])
		name = ""
	}
	name = "checks"
	for _, key := range slices.Sorted(maps.Keys(in.End)) {
		if check, ok := strings.CutPrefix(key, "check "); ok {
			kind, outcome, _ := strings.Cut(in.End[key], " ")
			s.line(name, "%-10s %s %q", outcome, kind, check)
			name = ""
		}
	}
	if failure := in.End["failure"]; failure != "" {
		s.line("failure", "%s", failure)
	}
}

// cat prints messages as lines of JSON.
func (o *logFlags) cat(e *edge, t *readTrace, topic string) error {
	seen := topic == "" || slices.Contains([]string{trace.Inputs, trace.Faults, trace.Events, trace.Checks, trace.Series, trace.Measures, trace.Counts, trace.Digests, trace.Checkpoints, trace.Messages}, topic)
	nodes := map[string][]string{}
	some := false
	err := t.Each(topic, uint64(o.since), uint64(o.until), func(m *trace.Entry) error {
		seen, some = true, true
		if e.interrupted() {
			return trace.ErrStop
		}
		switch {
		case m.Encoding == "json":
			return o.line(e, t, m)
		case strings.HasPrefix(m.Topic, "columns/"):
			if _, ok := nodes[m.Topic]; !ok {
				nodes[m.Topic] = t.Nodes(m.Topic)
			}
			return o.frame(e, m, nodes[m.Topic])
		case m.Topic == topic && o.node == "" && (topic == trace.Digests || topic == trace.Checkpoints):
			return o.hashes(e, m)
		}
		return nil
	})
	if err == nil && o.node != "" && !o.found && !e.interrupted() {
		err = o.absent(t)
	}
	if err == nil && !seen {
		err = wrongUsage("%s has no topic %q; sim log info lists them", quote(t.name), topic)
	}
	if err == nil && topic == trace.Messages && !some && o.since == 0 && o.until == 0 {
		e.say("%s has no messages: they are kept with sim run --trace FILE --trace-messages", quote(t.name))
	}
	return err
}

// absent says that no node has the name that was asked for, if that is why nothing
// was found. A scenario that cannot be loaded any more says nothing.
func (o *logFlags) absent(t *readTrace) error {
	s, err := t.load(nil)
	if err != nil {
		return nil
	}
	var names []string
	w := s.Run.World
	for id := ecs.GroupProgram + 1; int(id) < w.Programs(); id++ {
		for row := range w.ProgramRows(id) {
			n := w.NodeAt(id, row)
			if n == 0 {
				continue
			}
			if names = append(names, w.NodeName(n)); named(w.NodeName(n), o.node) {
				return nil
			}
		}
	}
	if near := nearest(o.node, names); near != "" {
		return wrongUsage("--node %s: no node is called so; did you mean %s?", quote(o.node), quote(near))
	}
	return wrongUsage("--node %s: no node is called so; a pattern is a node's name, with * for any part of it", quote(o.node))
}

// line prints a message that is JSON, its topic in front, and behind it what is
// carried by what it is about.
func (o *logFlags) line(e *edge, t *readTrace, m *trace.Entry) error {
	if o.node != "" {
		var about struct {
			Node     string
			Nodes    []string
			From, To string
		}
		if err := json.Unmarshal(m.Data, &about); err != nil {
			return fmt.Errorf("a message of %s: %w", m.Topic, err)
		}
		if !slices.ContainsFunc(append(about.Nodes, about.Node, about.From, about.To), func(name string) bool { return name != "" && named(name, o.node) }) {
			return nil
		}
		o.found = true
	}
	if len(m.Data) < 2 || m.Data[0] != '{' {
		return fmt.Errorf("a message of %s is no object", m.Topic)
	}
	content := []byte(nil)
	if m.Topic == trace.Messages || m.Topic == trace.Inputs {
		content = t.teller(e).content(m)
	}
	if content == nil {
		e.print("{\"topic\":%s,%s\n", strconv.Quote(m.Topic), m.Data[1:])
		return nil
	}
	e.print("{\"topic\":%s,%s,\"content\":%s}\n", strconv.Quote(m.Topic), m.Data[1:len(m.Data)-1], content)
	return nil
}

// frame prints columns, a row a line.
func (o *logFlags) frame(e *edge, m *trace.Entry, nodes []string) error {
	f, err := trace.ParseFrame(m.Data)
	if err != nil {
		return err
	}
	for row := range f.Rows {
		at, first := row, 0
		if f.Kind == "delta" {
			number, ok := f.Value(0, row).(uint64)
			if !ok {
				return errors.New("a delta has no column of rows")
			}
			at, first = int(number), 1
		}
		if at >= len(nodes) {
			return fmt.Errorf("%s has a row %d, and %d nodes", m.Topic, at, len(nodes))
		}
		if o.node != "" && !named(nodes[at], o.node) {
			continue
		}
		o.found = true
		line := fmt.Sprintf(`{"topic":%q,"tick":%d,"time_s":%s,"node":%q`, m.Topic, f.Tick, jsonValue(secondsOf(m.Time)), nodes[at])
		for i := first; i < len(f.Columns); i++ {
			line += fmt.Sprintf(",%q:%s", f.Columns[i].Name, jsonValue(f.Value(i, row)))
		}
		e.print("%s}\n", line)
	}
	return nil
}

func secondsOf(t uint64) trace.Float { return trace.Float(float64(t) / 1e9) }

// jsonValue is a value of a column: null of what JSON has no number for.
func jsonValue(v any) []byte {
	if x, ok := v.(float64); ok {
		v = trace.Float(x)
	}
	text, err := json.Marshal(v)
	if err != nil {
		return []byte("null")
	}
	return text
}

// hashes prints digests, or checkpoints, a tick a line.
func (o *logFlags) hashes(e *edge, m *trace.Entry) error {
	f, err := trace.ParseFrame(m.Data)
	if err != nil || len(f.Columns) < 2 {
		return errors.Join(err, fmt.Errorf("%s are not as they should be", m.Topic))
	}
	for row := range f.Rows {
		e.print("{\"topic\":%q,\"tick\":%v", m.Topic, f.Value(0, row))
		for i := 1; i < len(f.Columns); i++ {
			e.print(",%q:\"%016x\"", f.Columns[i].Name, f.Value(i, row))
		}
		e.print("}\n")
	}
	return nil
}

// recover writes a whole trace of what there is of one.
func (t *readTrace) recover(e *edge, name string, given []string) (err error) {
	var files []trace.Source
	for _, g := range given {
		data, err := os.ReadFile(g)
		if err != nil {
			return wrongUsage("%s: %w", quote(g), reason(err))
		}
		files = append(files, trace.Source{Name: quote(g), Data: data})
	}
	if err := writable("log recover", name); err != nil {
		return err
	}
	if _, err := os.Stat(name); err == nil {
		return wrongUsage("%s is there already; name a file that is not", quote(name))
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("%s: %w", quote(name), reason(err))
	}
	defer os.Remove(f.Name())
	r, err := trace.Recover(t.File, f, files...)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if unfit := new(trace.UnfitError); errors.As(err, &unfit) {
		return wrongUsage("%w", err)
	}
	if err != nil {
		return fmt.Errorf("%s could not be written: %w", quote(name), reason(err))
	}
	_, to := t.Span()
	e.print("%s: %d messages in %s, up to %s", name, r.Messages, many(r.Chunks, "chunk"), value.Duration(to))
	if r.Lost > 0 {
		e.print("; %s left out", many(r.Lost, "damaged chunk"))
	}
	e.print("\n")
	t.warnOfDamage(e)
	if len(r.Missing) > 0 {
		e.say("%s cannot be replayed: %s", quote(name), (&trace.MissingError{Files: r.Missing}).Error())
	}
	return nil
}
