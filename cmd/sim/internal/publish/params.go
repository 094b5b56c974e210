package publish

import (
	"cmp"
	"encoding/json"
	"slices"

	"orrery/ecs"
	"orrery/systems"
)

const (
	// someVersions is how many versions of a param are told apart.
	someVersions = 64
	// fewNodes is of how many nodes each is named that has a version.
	fewNodes = 64
	// someLooks bounds nodes times params that are looked at for one document:
	// the simulation's thread looks.
	someLooks = 1 << 18
	// longValue is how many bytes of JSON a value may have.
	longValue = 4 << 10
	// someParams is of how many params there is anything.
	someParams = 256
)

// paramItem is a param, and who has which version of it.
type paramItem struct {
	Name        string        `json:"name"`
	Consistency string        `json:"consistency"`
	Versions    []versionItem `json:"versions,omitempty"` // the latest first
	Others      int           `json:"others,omitempty"`   // nodes that have still another
}

type versionItem struct {
	Version uint64          `json:"version"`      // 0: nobody has set it
	By      string          `json:"by,omitempty"` // who set it
	Nodes   int             `json:"nodes"`
	At      []string        `json:"at,omitempty"` // their names, if the world has few
	Value   json.RawMessage `json:"value,omitempty"`
	Bytes   int             `json:"bytes,omitempty"` // of a value that is too long
}

// paramItems looks at all nodes; it is for the simulation's thread.
func paramItems(w *World) []paramItem {
	all := []paramItem{}
	nodes := appendNodes(nil, w.Run.World)
	looks := someLooks
	for i := range min(someParams, w.Run.Params.Len()) {
		id := systems.ParamID(i)
		item := paramItem{Name: w.Run.Params.Name(id), Consistency: w.Run.Params.Consistency(id).String()}
		if looks -= len(nodes); looks >= 0 {
			item.count(w, id, nodes)
		}
		all = append(all, item)
	}
	return all
}

func appendNodes(all []ecs.Node, w *ecs.World) []ecs.Node {
	for id := ecs.GroupProgram + 1; int(id) < w.Programs(); id++ {
		for row := range w.ProgramRows(id) {
			if n := w.NodeAt(id, row); n != 0 {
				all = append(all, n)
			}
		}
	}
	return all
}

// count finds the versions of a param: the first that are met, in order of
// nodes, and then how many nodes have others.
func (p *paramItem) count(w *World, id systems.ParamID, nodes []ecs.Node) {
	at := map[systems.Version]int{}
	for _, n := range nodes {
		value, v := w.Run.Params.Get(n, id)
		i, known := at[v]
		if !known && len(p.Versions) == someVersions {
			p.Others++
			continue
		}
		if !known {
			i = len(p.Versions)
			at[v] = i
			item := versionItem{Version: v.Counter}
			if v.Writer != 0 {
				item.By = w.Run.World.NodeName(v.Writer)
			}
			item.Value, item.Bytes = w.value(value)
			p.Versions = append(p.Versions, item)
		}
		p.Versions[i].Nodes++
		if len(nodes) <= fewNodes {
			p.Versions[i].At = append(p.Versions[i].At, w.Run.World.NodeName(n))
		}
	}
	slices.SortStableFunc(p.Versions, func(a, b versionItem) int {
		return cmp.Or(cmp.Compare(b.Version, a.Version), cmp.Compare(b.By, a.By))
	})
}

// value returns what a program keeps as JSON, or how many bytes it has if that
// is too long, or cannot be told.
func (w *World) value(kept []byte) (json.RawMessage, int) {
	if w.Value != nil && len(kept) <= longValue {
		if text := w.Value(kept); text != nil && len(text) <= longValue {
			return text, 0
		}
	}
	return nil, len(kept)
}
