package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"orrery/ecs"
	"orrery/scenario"
	"orrery/scenario/value"
	"orrery/scheduler"
	"orrery/scheduler/trace"
)

// traceFlags are those of commands that write a trace.
type traceFlags struct {
	file        string
	compression trace.Compression
	interval    value.Duration
	messages    bool
}

func (o *traceFlags) declare(f *pflag.FlagSet) {
	o.compression = trace.Zstd
	f.StringVar(&o.file, "trace", "", "keep the run in this `file`: sim replay, diff and log read it")
	f.BoolVar(&o.messages, "trace-messages", false, "keep every message too, with its cause and what became of it")
	f.Var(compression{&o.compression}, "trace-compression", "zstd, lz4 or none; zstd if not given")
	f.Var(span{&o.interval}, "trace-interval", "simulated time between snapshots; as often as costs little if not given")
}

// compression is how a trace is kept.
type compression struct{ to *trace.Compression }

func (c compression) Type() string   { return "kind" }
func (c compression) String() string { return "" }
func (c compression) Set(text string) (err error) {
	*c.to, err = trace.ParseCompression(text)
	return err
}

// flushEvery is how much wall time a run that is killed may lose.
const flushEvery = time.Second / 2

// partSuffix marks a trace that is being written.
const partSuffix = ".part"

// traceFile is a trace being written: under another name, until it is whole.
type traceFile struct {
	name     string
	file     *os.File
	regular  bool // it can be written anew at its end, and renamed
	at       int64
	recorder *trace.Recorder
	flushed  time.Duration
}

// begin begins the trace of a run, if one is wanted.
func (o *traceFlags) begin(e *edge, s *scenario.Scenario, about ...[2]string) (*traceFile, error) {
	if o.file == "" {
		return nil, nil
	}
	t, err := createTrace(o.file)
	if err != nil {
		return nil, err
	}
	return t, o.record(e, t, s, about...)
}

// record begins to record a run in a file.
func (o *traceFlags) record(e *edge, t *traceFile, s *scenario.Scenario, about ...[2]string) (err error) {
	c := s.Recording()
	c.Compression, c.Every, c.Messages = o.compression, ecs.Nanoseconds(o.interval), o.messages
	c.About = append(append(c.About, [2]string{"language", strconv.Itoa(languageRevision)}), about...)
	if t.recorder, err = trace.NewRecorder(t, c); err != nil {
		t.abandon()
		return fmt.Errorf("the trace could not be written: %w", reason(err))
	}
	t.flushed = e.now()
	return nil
}

// createTrace makes the file. What lies there under the other name may be all
// that is left of a run: it is not overwritten.
func createTrace(name string) (*traceFile, error) {
	if err := writable("--trace", name); err != nil {
		return nil, err
	}
	t := &traceFile{name: name, regular: true}
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		t.regular = false
		t.file, err = os.OpenFile(name, os.O_WRONLY, 0)
	} else {
		t.file, err = os.OpenFile(name+partSuffix, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	}
	if errors.Is(err, fs.ErrExist) {
		part := quote(name + partSuffix)
		return nil, wrongUsage("--trace %s: %s is there: another run writes it, or was killed; sim log recover %s %s makes a trace of it, or remove it", quote(name), part, part, quote(name))
	}
	if err != nil {
		return nil, fmt.Errorf("--trace %s: %w", quote(name), reason(err))
	}
	return t, nil
}

// Write puts what is written for good behind what was.
func (t *traceFile) Write(b []byte) (n int, err error) {
	if t.regular {
		n, err = t.file.WriteAt(b, t.at)
	} else {
		n, err = t.file.Write(b)
	}
	t.at += int64(n)
	return n, err
}

// flush brings to the file what happened since the last chunk, about every
// second; what follows is written over it. It says so at once if something
// could not be written.
func (t *traceFile) flush(now time.Duration) error {
	if t == nil {
		return nil
	}
	if err := t.err(); err != nil || now-t.flushed < flushEvery || !t.regular {
		return err
	}
	t.flushed = now
	_, err := t.file.WriteAt(t.recorder.Tail(), t.at)
	return t.failed(err)
}

// err is that something could not be written.
func (t *traceFile) err() error {
	if t == nil {
		return nil
	}
	return t.failed(t.recorder.Err())
}

// keep keeps the state at the end of a run.
func (t *traceFile) keep() {
	if t != nil {
		t.recorder.Keep()
	}
}

// unwritten is that a trace could not be written: no failure of its run.
type unwritten struct{ error }

func (u unwritten) Unwrap() error { return u.error }

// failed says what there is still.
func (t *traceFile) failed(err error) error {
	if err == nil {
		return nil
	}
	if !t.regular {
		return unwritten{fmt.Errorf("the trace could not be written: %w", reason(err))}
	}
	part := quote(t.name + partSuffix)
	return unwritten{fmt.Errorf("the trace could not be written: %w; what there is of it is in %s, of which sim log recover %s %s makes a trace", reason(err), part, part, quote(t.name))}
}

// end makes the trace whole and gives it its name.
func (t *traceFile) end(s *scheduler.Summary, about ...[2]string) error {
	if t == nil {
		return nil
	}
	err := t.recorder.Close(s, about...)
	if t.regular && err == nil {
		err = t.file.Truncate(t.at)
	}
	if closed := t.file.Close(); err == nil {
		err = closed
	}
	if err == nil && t.regular {
		err = os.Rename(t.name+partSuffix, t.name)
	}
	return t.failed(err)
}

// endTrace ends the trace of a run, which may have failed.
func (r *result) endTrace(failed error) error {
	if lost := (unwritten{}); r.trace != nil && errors.As(failed, &lost) { // it has said so
		r.trace.file.Close()
		return nil
	}
	if r.trace != nil && r.trace.recorder.Err() != nil {
		r.trace.file.Close()
		if failed != nil {
			return nil
		}
		return r.trace.failed(r.trace.recorder.Err())
	}
	if failed != nil {
		return r.trace.end(&r.Summary, [2]string{"failure", failed.Error()})
	}
	return r.trace.end(&r.Summary)
}

// dropped removes what was begun for a run that does not begin.
func (t *traceFile) dropped() {
	if t != nil {
		t.abandon()
	}
}

// abandon removes what nothing is in.
func (t *traceFile) abandon() {
	t.file.Close()
	if t.regular {
		os.Remove(t.name + partSuffix)
	}
}

// readTrace is a trace to be read.
type readTrace struct {
	*trace.File
	name  string
	file  *os.File
	about map[string]string
	said  bool // that it is cut
	told  int  // how much of its damage was said
	tells *teller
}

// openTrace opens a trace by the name that the user typed.
func openTrace(name string) (*readTrace, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, wrongUsage("%s: %w", quote(name), reason(err))
	}
	if !info.Mode().IsRegular() {
		return nil, wrongUsage("%s is no trace, but %s", quote(name), kindOf(info.Mode()))
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, wrongUsage("%s: %w", quote(name), reason(err))
	}
	t := &readTrace{name: name, file: file}
	if t.File, err = trace.Open(file, info.Size()); err == nil {
		t.about, err = t.Metadata("run")
	}
	if err != nil {
		file.Close()
		if strings.HasSuffix(name, ".star") {
			return nil, wrongUsage("%s is a scenario, not a trace; sim run %[1]s --trace FILE makes one of it", quote(name))
		}
		return nil, wrongUsage("%s: %w", quote(name), err)
	}
	return t, nil
}

// warn says what is missing of a trace.
func (t *readTrace) warn(e *edge) {
	if t.Cut() != "" && !t.said {
		t.said = true
		e.say("%s is not whole: %s; what is there is used", quote(t.name), t.Cut())
	}
	t.warnOfDamage(e)
}

// maxDamage is how much that is damaged is told one by one.
const maxDamage = 10

func (t *readTrace) warnOfDamage(e *edge) {
	all := t.Damaged()
	for ; t.told < min(len(all), maxDamage); t.told++ {
		e.say("%s: %s", quote(t.name), all[t.told])
	}
	if more := len(all) - t.told; more > 0 {
		e.say("%s: and %d more that cannot be read", quote(t.name), more)
		t.told = len(all)
	}
}

// kept are the files in a trace, by the names they were read under.
type kept map[string][]byte

func (k kept) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: errors.ErrUnsupported}
}

// ReadFile is what fs.ReadFile uses.
func (k kept) ReadFile(name string) ([]byte, error) {
	if data, ok := k[name]; ok {
		return data, nil
	}
	return nil, fmt.Errorf("it is not in the trace: %w", fs.ErrNotExist)
}

// load loads the scenario that a trace is of, from the trace alone; set gives
// flags of it other values.
func (t *readTrace) load(set *settings) (*scenario.Scenario, error) {
	if err := t.Comparable(); err != nil {
		return nil, wrongUsage("%s: %w", quote(t.name), err)
	}
	if t.about["language"] != strconv.Itoa(languageRevision) {
		return nil, wrongUsage("%s: %w", quote(t.name), &trace.RevisionError{Of: "language", Is: t.about["language"], Known: languageRevision})
	}
	sources, err := t.Sources()
	if err != nil {
		return nil, t.without(err)
	}
	files := kept{}
	for _, s := range sources {
		files[s.Name] = s.Data
	}
	o, err := t.options(set)
	if err != nil {
		return nil, err
	}
	s, err := scenario.Load(files, t.about["scenario"], o)
	if err != nil {
		return nil, err
	}
	if set != nil {
		err = set.known(t.about["scenario"], s.Flags)
	}
	return s, err
}

// without says how files that a trace has not come back to it.
func (t *readTrace) without(err error) error {
	line := []string{"sim log recover", quote(t.name), "WHOLE"}
	if missing := new(trace.MissingError); errors.As(err, &missing) {
		for _, m := range missing.Files {
			line = append(line, quote(m.Name))
		}
	}
	return fmt.Errorf("%s: %w; %s takes them from you, if they are what they were", quote(t.name), err, strings.Join(line, " "))
}

func (t *readTrace) options(set *settings) (o scenario.Options, err error) {
	o.Flags = map[string]string{}
	seed := t.about["load_seed"]
	if seed == "" {
		seed = t.about["seed"]
	}
	if o.Seed, err = strconv.ParseUint(seed, 10, 64); err != nil {
		return o, wrongUsage("%s: its seed is %q", quote(t.name), seed)
	}
	o.Steps, _ = strconv.ParseUint(t.about["script_steps"], 10, 64) // 0: the default
	o.Bytes, _ = strconv.Atoi(t.about["script_bytes"])
	for key, v := range t.about { //det:allow the result is a map
		if name, ok := strings.CutPrefix(key, "flag "); ok {
			o.Flags[name] = v
		}
	}
	if set != nil {
		for name, v := range set.values { //det:allow the result is a map
			o.Flags[name] = v
		}
	}
	return o, nil
}
