// Holds images that are brought up to date by what has changed against images
// that are filled anew, whatever becomes of the world in between; and sees that
// what has not changed is left alone.
package publish

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"orrery/ecs"
	"orrery/netsync"
)

// hall is a crowd of several blocks, and what is shown of it.
type hall struct {
	*crowd
	views map[string]*view
	most  int // of images, which are used in turn as those of a table are
	given map[string][]*netsync.Image
}

func newHall() *hall {
	h := &hall{crowd: newCrowd(), most: 3, given: map[string][]*netsync.Image{}}
	h.alive = append(h.alive, h.w.Nodes(h.program, "m", 2*blockRows)...)
	fields := h.w.StateTable(h.program).Fields()
	h.views = map[string]*view{
		"all":     {source: newListedSource(h.w, h.alive, fields)},
		"pattern": {source: newSelectedSource(h.w, h.program, fields, &netsync.Selection{Nodes: "*7*"}, 0)},
		"life":    {source: &lifeSource{}},
	}
	for _, v := range h.views {
		v.source.keys(h.w)
	}
	return h
}

// look fills the oldest image of a view.
func (h *hall) look(t *rapid.T, name string) {
	v := h.views[name]
	if _, moved := v.source.keys(h.w); moved {
		v.forget()
		h.given[name] = nil
	}
	rows := len(h.alive)
	switch s := v.source.(type) {
	case *stateSource:
		rows = s.rows.count
	case *lifeSource:
		rows = len(s.nodes)
	}
	images := h.given[name]
	if len(images) < h.most {
		im := &netsync.Image{Columns: make([][]byte, len(v.source.columns()))}
		im.Resize(v.source.columns(), rows)
		images = append([]*netsync.Image{im}, images...)
	}
	oldest := images[0]
	v.fill(h.w, oldest, h.w.Read())
	h.given[name] = append(slices.Clone(images[1:]), oldest)
	want := &netsync.Image{Columns: make([][]byte, len(v.source.columns()))}
	want.Resize(v.source.columns(), rows)
	v.source.fill(h.w, want.Columns, 0)
	if !slices.EqualFunc(oldest.Columns, want.Columns, bytes.Equal) {
		t.Fatalf("%s is not what the world has", name)
	}
}

func TestImagesAreBroughtUpToDate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := newHall()
		names := []string{"all", "pattern", "life"}
		t.Repeat(map[string]func(t *rapid.T){
			"look": func(t *rapid.T) { h.look(t, rapid.SampledFrom(names).Draw(t, "view")) },
			"edit": func(t *rapid.T) { ecs.Edit[cell](h.w, h.somebody(t)).Value += 1 },
			"status": func(t *rapid.T) {
				h.w.SetStatus(h.somebody(t), rapid.SampledFrom([]ecs.Status{ecs.Up, ecs.Down, ecs.Paused}).Draw(t, "status"), 3)
			},
			"hash": func(*rapid.T) { h.w.StateHash() },
			"replace": func(t *rapid.T) {
				n := h.somebody(t)
				h.w.Bury(n)
				h.w.Structure()
				h.alive[slices.Index(h.alive, n)] = 0
				h.bear(t)
			},
		})
		for _, name := range names {
			h.look(t, name)
		}
	})
}

func TestWhatHasNotChangedIsLeftAlone(t *testing.T) {
	h := newHall()
	v := h.views["all"]
	im := &netsync.Image{Columns: make([][]byte, 1)}
	im.Resize(v.source.columns(), len(h.alive))
	v.fill(h.w, im, h.w.Read())
	ecs.Edit[cell](h.w, h.alive[1]).Value = 5
	im.Columns[0][0], im.Columns[0][len(im.Columns[0])-1] = 0xee, 0xee
	v.fill(h.w, im, h.w.Read())
	if got := im.Columns[0]; got[0] == 0xee || got[8] != 5 || got[len(got)-1] != 0xee {
		t.Errorf("the first value is %x, the second %x, the last %x", got[0], got[8], got[len(got)-1])
	}
}
