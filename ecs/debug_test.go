//go:build debug

// Proves what -tags debug finds: a slice that outlived its table's memory,
// read through a view or written to, and rows written by who was not handed
// them, which a kept sum of the digest would never see.
package ecs

import (
	"strings"
	"testing"
)

func newBank(t *testing.T) (*World, []Node) {
	t.Helper()
	w := NewWorld(Config{})
	bank := w.Program(Schema{Name: "bank", State: account{}})
	return w, w.Nodes(bank, "n", 100)
}

// grow gives the bank so many rows that they must move.
func grow(w *World) { w.Nodes(1, "more", 1000) }

func TestDebugFindsWritesToKeptSlices(t *testing.T) {
	for name, look := range map[string]func(w *World){
		"checkpoint": func(w *World) { w.Checkpoint() },
		"next move":  func(w *World) { w.Nodes(1, "even more", 5000) },
		"restore":    func(w *World) { var s Snapshot; w.Snapshot(&s); _ = w.Restore(&s); w.StateHash() },
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := newBank(t)
			kept := Column[account](w, 1)
			grow(w)
			if kept[3].Balance == 0 {
				t.Error("a slice kept over a structural change reads as if nothing were")
			}
			kept[3].Balance = 7
			wantPanic(t, func() { look(w) }, "a slice of bank.state kept over a structural change (epoch 1 to 2) was written to", "at row 3")
		})
	}
}

// TestDebugFindsWritesLongAfter: several moves later the first is still known.
func TestDebugFindsWritesLongAfter(t *testing.T) {
	w, _ := newBank(t)
	kept := Column[account](w, 1)
	for n := 200; n < 5000; n *= 2 {
		w.Nodes(1, strings.Repeat("x", n), n)
	}
	w.Checkpoint()
	kept[0].Rate = 1
	wantPanic(t, w.Checkpoint, "(epoch 1 to 2)")
}

func TestDebugFindsKeptRowsOfTables(t *testing.T) {
	w := NewWorld(Config{})
	r := NewRows[row](w, "row")
	r.Add(row{})
	kept := r.At(0)
	for range 100 {
		r.Add(row{})
	}
	kept.Key = 1
	wantPanic(t, w.Checkpoint, "a slice of row kept over a structural change")
}

func TestDebugFindsUnmarkedWrites(t *testing.T) {
	w, nodes := newBank(t)
	w.Checkpoint()
	Edit[account](w, nodes[3]).Rate = 1 // marks a page: another's rows are not excused
	Column[account](w, 1)[70].Saved = 1
	wantPanic(t, w.Checkpoint, "bank.state", "page 1", "Saved of row 70, n[70]", "not marked", "use Edit")
}

func TestDebugFindsEditsKeptOverACheckpoint(t *testing.T) {
	w, nodes := newBank(t)
	s := Edit[account](w, nodes[5])
	w.Checkpoint()
	s.Balance = 1
	wantPanic(t, w.Checkpoint, "page 0", "Balance of row 5, n[5]")
}

func TestDebugFindsUnmarkedWritesToTables(t *testing.T) {
	w := NewWorld(Config{})
	r := NewRows[row](w, "row")
	r.Add(row{})
	w.Checkpoint()
	r.At(0).Share = 1
	wantPanic(t, w.Checkpoint, "row: page 0", "Share of row 0", "not marked")
}

func TestDebugViewsDie(t *testing.T) {
	w, _ := newBank(t)
	v := ViewOf[account](w, 1)
	v.Rows()
	grow(w)
	wantPanic(t, func() { v.Rows() }, "a view of bank.state made in epoch 1 was read in epoch 2", "make it again")
	v = ViewOf[account](w, 1)
	var s Snapshot
	w.Snapshot(&s)
	if err := w.Restore(&s); err != nil {
		t.Fatal(err)
	}
	wantPanic(t, func() { v.Rows() }, "made in epoch 2 was read in epoch 3")
}

// TestDebugAllowsWhatIsRight: none of the checks may fire on a world that is
// used as it should be; the package's other tests run under the tag too.
func TestDebugAllowsWhatIsRight(t *testing.T) {
	z := busyZoo(3)
	var s Snapshot
	z.Snapshot(&s)
	z.history(40, 80)
	if err := z.Restore(&s); err != nil {
		t.Fatal(err)
	}
	z.history(40, 80)
	z.Checkpoint()
}
