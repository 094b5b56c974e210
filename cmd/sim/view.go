package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/spf13/pflag"

	"orrery/ecs"
	"orrery/netsync"
)

var viewCommand = command{
	name: "view", args: "ENDPOINT",
	brief: "print all that a published run shows, once",
	about: `With --once --json: the clock, what holds, measures, params, and every table with
the names of its rows, as one JSON object. Values of feeds are kept while somebody
looks: sim sub ENDPOINT feeds. A screen that moves comes later, and without those
flags nothing is printed.

Exit: 0 fine, 1 the run could not be reached.`,
	examples: []example{
		{"sim view --once --json tcp://127.0.0.1:5570", "where it stands"},
		{"sim view --once --json tcp://127.0.0.1:5570 | jq .clock.tick", "one thing of it"},
	},
	flags: func(f *pflag.FlagSet) action {
		var o viewFlags
		o.declare(f)
		f.BoolVar(&o.once, "once", false, "print the state that is there, and end")
		f.BoolVar(&o.json, "json", false, "print it as one JSON object")
		return o.run
	},
}

type viewFlags struct {
	viewerFlags
	once, json bool
}

// viewed is what sim view --once --json prints: fields may be added, and none
// changed.
type viewed struct {
	Run      string                  `json:"run"`
	Epoch    uint64                  `json:"epoch"`
	Clock    json.RawMessage         `json:"clock"`
	Checks   json.RawMessage         `json:"checks"`
	Measures json.RawMessage         `json:"measures"`
	Params   json.RawMessage         `json:"params"`
	Tables   map[string]*viewedTable `json:"tables"` // by name; the engine's own begin with a dot
}

type viewedTable struct {
	Tick    ecs.Tick            `json:"tick"`
	Rows    []string            `json:"rows"` // what they are called
	Columns json.RawMessage     `json:"columns"`
	labels  map[string][]string // by column
}

func (o *viewFlags) run(e *edge, args []string) error {
	if len(args) != 1 {
		return wrongUsage("view takes the endpoint of a run, and there are %d arguments: sim view --once --json tcp://127.0.0.1:5570", len(args))
	}
	if o.once && !o.json {
		return wrongUsage("what --once prints is JSON so far: sim view --once --json %s", args[0])
	}
	if !o.once || !o.json {
		return wrongUsage("a screen that moves is not built yet: sim view --once --json %s, or sim sub %s", args[0], args[0])
	}
	a, err := o.attach(e, args[0])
	if err != nil {
		return err
	}
	defer a.close()
	v, err := a.view()
	if err != nil {
		return err
	}
	return e.printJSON(v)
}

// view waits for each topic's first frame, which is complete.
func (a *attached) view() (*viewed, error) {
	schema, err := a.schema()
	if err != nil {
		return nil, err
	}
	v := &viewed{Run: schema.Run, Epoch: schema.Epoch, Tables: map[string]*viewedTable{}}
	wanted := map[string]bool{netsync.TopicClock: true, netsync.TopicMeasure: true, netsync.TopicChecks: true, netsync.TopicParams: true}
	for i := range schema.Tables {
		t := &schema.Tables[i]
		name := strings.TrimPrefix(t.Topic, netsync.TopicColumns)
		v.Tables[name] = &viewedTable{labels: labelsOf(t)}
		wanted[t.Topic], wanted[netsync.TopicKeys+name] = true, true
	}
	return v, a.collect(v, wanted)
}

// collect takes frames until everything that is wanted has come.
func (a *attached) collect(v *viewed, wanted map[string]bool) error {
	defer a.limit(a.frames)()
	for t := range wanted { //det:allow what comes is put in its place
		if err := a.frames.Subscribe(t); err != nil {
			return err
		}
	}
	all := maps.Clone(wanted)
	for len(wanted) > 0 {
		s, err := a.next()
		if err != nil {
			return fmt.Errorf("of %s nothing came: %w", nearestOf(wanted), err)
		}
		switch epoch := max(1, s.Epoch); {
		case epoch < v.Epoch:
			continue
		case epoch > v.Epoch: // the run went to another moment: all comes again
			v.Epoch, wanted = epoch, maps.Clone(all)
		}
		if !wanted[s.Topic] {
			continue
		}
		delete(wanted, s.Topic)
		if err := v.put(s); err != nil {
			return err
		}
	}
	return nil
}

func (v *viewed) put(s *seen) error {
	switch s.Topic {
	case netsync.TopicClock:
		v.Clock = s.Value
	case netsync.TopicChecks:
		v.Checks = s.Value
	case netsync.TopicMeasure:
		v.Measures = s.Value
	case netsync.TopicParams:
		v.Params = s.Value
	default:
		_, name, _ := strings.Cut(s.Topic, "/")
		t := v.Tables[name]
		if s.table == nil {
			_, names, err := netsync.ParseKeys(s.Value, netsync.MaxRows)
			t.Rows = append([]string{}, names...) // never null
			return err
		}
		t.Tick, t.Columns = s.Tick, s.value(t.labels)
	}
	return nil
}

// nearestOf is the first topic in order.
func nearestOf(wanted map[string]bool) (first string) {
	for t := range wanted { //det:allow the least is the least
		if first == "" || t < first {
			first = t
		}
	}
	return first
}
