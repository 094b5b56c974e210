package trace

import (
	"encoding/json"
	"strconv"

	"orrery/ecs"
)

// The topics that every trace has, by number. Those of columns follow.
const (
	topicInputs = iota
	topicFaults
	topicEvents
	topicChecks
	topicSeries
	topicMeasures
	topicCounts
	topicDigests
	topicCheckpoints
	topicSnapshots
	topicMessages
	topicColumns
)

// Their names, as readers ask for them.
const (
	Inputs      = "inputs"
	Faults      = "faults"
	Events      = "events"
	Checks      = "checks"
	Series      = "series"
	Measures    = "measures"
	Counts      = "counts"
	Digests     = "digests"
	Checkpoints = "checkpoints"
	Snapshots   = "snapshots"
	Messages    = "messages"
)

// Encodings of messages that are not JSON.
const (
	columnsEncoding  = "orrery-columns"
	snapshotEncoding = "orrery-snapshot"
)

// Input is something done to the world: a fault that the scenario planned, or,
// as an input, a command from outside.
type Input struct {
	Tick  ecs.Tick   `json:"tick"`
	Time  Float      `json:"time_s"`
	Verb  string     `json:"verb"`
	Nodes []string   `json:"nodes,omitempty"`
	Sides [][]string `json:"sides,omitempty"`
	Kind  string     `json:"kind,omitempty"`

	// Of what is done through a channel: its name, and whom a call or an item is
	// for, if it says so. Nodes are who does it, none: nobody.
	Channel string `json:"channel,omitempty"`
	To      string `json:"to,omitempty"`
	Refused string `json:"refused,omitempty"` // why nothing was done; empty: it was

	Exact *exactAction `json:"exact,omitempty"` // of a command, which the scenario has not: numbers for a replay
	Ends  *laterAction `json:"ends,omitempty"`  // of a command for a while: what ends it, in the trace itself only if it goes on so long
}

// Event is something that a node noted or printed. What is nobody's has no
// node.
type Event struct {
	Tick   ecs.Tick        `json:"tick"`
	Time   Float           `json:"time_s"`
	Node   string          `json:"node,omitempty"`
	Kind   string          `json:"kind"`
	Fields json.RawMessage `json:"fields,omitempty"`
}

// Check is the outcome of a check.
type Check struct {
	Tick    ecs.Tick `json:"tick"`
	Time    Float    `json:"time_s"`
	Name    string   `json:"name"`
	Kind    string   `json:"kind"`
	Outcome string   `json:"outcome"`
}

// Point is a value of a series; null stands for what JSON has no number for.
type Point struct {
	Tick   ecs.Tick `json:"tick"`
	Time   Float    `json:"time_s"`
	Series string   `json:"series"`
	Value  *Float   `json:"value"`
}

// Measure is what a measure, or the part of it with a key, came to by then.
// Quantiles are as near as [systems.Spread] has them.
type Measure struct {
	Tick  ecs.Tick `json:"tick"`
	Time  Float    `json:"time_s"`
	Name  string   `json:"name"`
	Key   string   `json:"key,omitempty"`
	Unit  string   `json:"unit"` // ns, or empty for plain numbers
	Count uint64   `json:"count"`
	Min   int64    `json:"min"`
	Mean  Float    `json:"mean"`
	P50   int64    `json:"p50"`
	P90   int64    `json:"p90"`
	P99   int64    `json:"p99"`
	Max   int64    `json:"max"`
}

// Count is what a count came to by then.
type Count struct {
	Tick  ecs.Tick `json:"tick"`
	Time  Float    `json:"time_s"`
	Name  string   `json:"name"`
	Value int64    `json:"value"`
}

// Message is an envelope that was sent: what caused it, and what became of it.
type Message struct {
	Tick    ecs.Tick `json:"tick"`
	Time    Float    `json:"time_s"`
	ID      string   `json:"id"`
	Cause   string   `json:"cause"`
	From    string   `json:"from"`
	To      string   `json:"to"`
	Kind    string   `json:"kind"`
	Feed    string   `json:"feed,omitempty"` // of a value of one
	Verdict string   `json:"verdict"`        // sent, or why it was dropped
	Due     ecs.Tick `json:"due,omitempty"`
	Payload string   `json:"payload,omitempty"`
}

func schema(properties string) string {
	return `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","required":["tick","time_s"],"properties":{"tick":{"type":"integer"},"time_s":{"type":"number"},` + properties + `}}`
}

// topics are those of a run with a number of exports.
func topicsOf(columns []Columns) []topic {
	const text, whole = `{"type":"string"}`, `{"type":"integer"}`
	all := []topic{
		{name: Inputs, encoding: "json", schema: schema(`"verb":` + text + `,"nodes":{"type":"array","items":` + text + `},"sides":{"type":"array"},"kind":` + text + `,"channel":` + text + `,"to":` + text + `,"refused":` + text + `,"exact":{"type":"object"},"ends":{"type":"object"}`)},
		{name: Faults, encoding: "json", schema: schema(`"verb":` + text + `,"nodes":{"type":"array","items":` + text + `},"sides":{"type":"array"},"kind":` + text + `,"channel":` + text + `,"to":` + text + `,"refused":` + text)},
		{name: Events, encoding: "json", schema: schema(`"node":` + text + `,"kind":` + text + `,"fields":{"type":"object"}`)},
		{name: Checks, encoding: "json", schema: schema(`"name":` + text + `,"kind":` + text + `,"outcome":` + text)},
		{name: Series, encoding: "json", schema: schema(`"series":` + text + `,"value":{"type":["number","null"]}`)},
		{name: Measures, encoding: "json", schema: schema(`"name":` + text + `,"key":` + text + `,"unit":{"enum":["ns",""]},"count":` + whole + `,"min":` + whole + `,"mean":{"type":"number"},"p50":` + whole + `,"p90":` + whole + `,"p99":` + whole + `,"max":` + whole)},
		{name: Counts, encoding: "json", schema: schema(`"name":` + text + `,"value":` + whole)},
		{name: Digests, encoding: columnsEncoding},
		{name: Checkpoints, encoding: columnsEncoding},
		{name: Snapshots, encoding: snapshotEncoding},
		{name: Messages, encoding: "json", schema: schema(`"id":` + text + `,"cause":` + text + `,"from":` + text + `,"to":` + text + `,"kind":` + text + `,"feed":` + text + `,"verdict":` + text + `,"due":{"type":"integer"},"payload":` + text)},
	}
	for i, c := range columns {
		all = append(all, topic{name: columnsTopic(i), encoding: columnsEncoding, metadata: [][2]string{{"name", c.Name}}})
	}
	return all
}

const columnsPrefix = "columns/"

func columnsTopic(i int) string { return columnsPrefix + strconv.Itoa(i) }
