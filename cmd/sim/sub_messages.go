package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"orrery/ecs"
	"orrery/netsync"
)

// messageFlags say which messages are printed.
type messageFlags struct {
	on, json  bool
	selection netsync.MessageSelection
	count     uint64 // items that were printed or missed
}

func (o *messageFlags) declare(f *pflag.FlagSet) {
	f.BoolVar(&o.on, "messages", false, "print a sample of messages instead of fields")
	f.StringArrayVar(&o.selection.Kinds, "kind", nil, "with --messages: of this `kind`, as vote or vote*; may be repeated")
	f.StringArrayVar(&o.selection.Nodes, "node", nil, "with --messages: from or to `nodes` of this name, as store[*], or @ and a group's; may be repeated")
	f.StringArrayVar(&o.selection.Links, "link", nil, "with --messages: over this `link`, as 'client[*] -> store[0]'; may be repeated")
	f.IntVar(&o.selection.PerSecond, "per-second", 0, "with --messages: so `many` a second at most, 1 to 10000; 100 if not given")
	f.BoolVar(&o.json, "json", false, "with --messages: a line of JSON each; all else always is")
}

// check refuses what does not belong together.
func (o *messageFlags) check(fields []string) error {
	m := &o.selection
	if !o.on && (len(m.Kinds)+len(m.Nodes)+len(m.Links) > 0 || m.PerSecond != 0) {
		return wrongUsage("--kind, --node, --link and --per-second are of messages: add --messages")
	}
	if o.on && len(fields) > 0 {
		return wrongUsage("--messages prints messages, and %s is none; watch it with another sim sub", quote(fields[0]))
	}
	for _, l := range m.Links {
		if _, _, err := netsync.CutLink(l); err != nil {
			return wrongUsage("--link %w", err)
		}
	}
	return nil
}

// sampled is an item of a sample, or what stands for those that are not there.
type sampled struct {
	Tick    ecs.Tick        `json:"tick"`
	From    string          `json:"from"`
	To      string          `json:"to"`
	Feed    string          `json:"feed"`
	Nodes   int             `json:"nodes"`
	Kind    string          `json:"kind"`
	Verdict string          `json:"verdict"`
	Due     ecs.Tick        `json:"due"`
	Payload json.RawMessage `json:"payload"`
	Bytes   int             `json:"bytes"`
	LeftOut int             `json:"left_out"`
}

// print prints the items of a frame, most lines if that is not 0, and returns
// how many there were.
func (o *messageFlags) print(e *edge, s *seen, most int) (lines int, err error) {
	var items []json.RawMessage
	if err := json.Unmarshal(s.Value, &items); err != nil {
		return 0, fmt.Errorf("%s: %w", s.Topic, err)
	}
	if s.base > o.count && o.count > 0 { // what was kept when we came is not missed
		lines++
		if o.json {
			e.print("{\"missed\":%d}\n", s.base-o.count)
		} else {
			e.print("missed %s: they came faster than they were read\n", thousands(s.base-o.count))
		}
	}
	o.count = s.base + uint64(len(items))
	for _, item := range items {
		if lines == most && most > 0 {
			break
		}
		lines++
		if o.json {
			e.print("%s\n", item)
			continue
		}
		var x sampled
		if err := json.Unmarshal(item, &x); err != nil {
			return lines, fmt.Errorf("%s: %w", s.Topic, err)
		}
		e.print("%s\n", x.String())
	}
	return lines, e.out.Flush()
}

// String is a line for people, as sim log has it of a message of a trace.
func (x *sampled) String() string {
	if x.LeftOut > 0 {
		return "left out " + thousands(uint64(x.LeftOut))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "tick %d: ", x.Tick)
	if x.Feed != "" {
		fmt.Fprintf(&b, "feed %q from %s", x.Feed, x.From)
		if x.Nodes > 0 {
			fmt.Fprintf(&b, " to %s", many(x.Nodes, "subscription"))
		}
	} else {
		fmt.Fprintf(&b, "%q from %s to %s", x.Kind, x.From, x.To)
	}
	if x.Verdict == "sent" {
		fmt.Fprintf(&b, ", due at %d", x.Due)
	} else {
		fmt.Fprintf(&b, ", dropped: %s", x.Verdict)
	}
	switch {
	case x.Payload != nil:
		fmt.Fprintf(&b, ", with %s", x.Payload)
	case x.Bytes > 0:
		fmt.Fprintf(&b, ", with %s", many(x.Bytes, "byte"))
	}
	return b.String()
}

// thousands writes a number in groups of three.
func thousands(n uint64) string {
	text := fmt.Sprint(n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}
