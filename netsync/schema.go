package netsync

import (
	"encoding/json"
	"fmt"
)

// Schema is what there is to see and to do, as topic schema and a reply have
// it. It knows tables, and by name what else a run has; what those mean is
// their owners' to say.
type Schema struct {
	Version int    `json:"v"`
	Run     string `json:"run"`
	Epoch   uint64 `json:"epoch"`
	TickNS  int64  `json:"tick_ns"` // length of a tick
	// Tables are what is published as columns now.
	Tables []TableSchema `json:"tables"`
	// Topics are all others.
	Topics []string `json:"topics"`
	// Parts are what can be exported or acted on, by part: programs, services,
	// feeds, params, checks, series, groups, faults.
	Parts []Part `json:"parts"`
}

// TableSchema describes a table.
type TableSchema struct {
	Topic   string         `json:"topic"`
	Rows    int            `json:"n"`
	Layout  uint64         `json:"layout"`
	Columns []ColumnSchema `json:"cols"`
}

// ColumnSchema describes a column.
type ColumnSchema struct {
	Name   string   `json:"name"`
	Type   string   `json:"type"`
	Unit   string   `json:"unit,omitempty"`
	Labels []string `json:"labels,omitempty"`
}

// Part is one sort of things.
type Part struct {
	Name  string  `json:"name"`
	Items []Thing `json:"items"`
}

// Thing is one of them: a program and its fields, a service and its arguments.
type Thing struct {
	Name   string         `json:"name"`
	Fields []ColumnSchema `json:"fields,omitempty"`
}

func describe(columns []Column) []ColumnSchema {
	all := make([]ColumnSchema, len(columns))
	for i, c := range columns {
		all[i] = ColumnSchema{c.Name, c.Type.String(), c.Unit, c.Labels}
	}
	return all
}

// Schema describes the hub's topics, beside what the caller knows.
func (h *Hub) Schema(tickNS int64, parts []Part) Schema {
	s := Schema{Version: Version, Run: h.config.Run, Epoch: h.config.Epoch, TickNS: tickNS, Tables: []TableSchema{}, Topics: []string{}, Parts: parts}
	if parts == nil {
		s.Parts = []Part{}
	}
	isTable := map[*topic]bool{} // looked up only
	for _, t := range h.tables {
		isTable[t.columnsTopic] = true
		s.Tables = append(s.Tables, TableSchema{t.columnsTopic.name, len(t.names), t.layout, describe(t.columns)})
	}
	for _, t := range h.topics {
		if !isTable[t] {
			s.Topics = append(s.Topics, t.name)
		}
	}
	return s
}

// part is one list of the schema as JSON.
func (s *Schema) part(what string) (json.RawMessage, *Error) {
	var v any
	names := "tables, topics"
	switch what {
	case "tables":
		v = s.Tables
	case "topics":
		v = s.Topics
	}
	for i := range s.Parts {
		names += ", " + s.Parts[i].Name
		if s.Parts[i].Name == what {
			v = s.Parts[i].Items
		}
	}
	if v == nil {
		return nil, fail(CodeNone, fmt.Sprintf("there is no list of %q", what), "there are "+names)
	}
	return marshal(v), nil
}

func marshal(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic("netsync: a value cannot be written: " + err.Error())
	}
	return b
}
