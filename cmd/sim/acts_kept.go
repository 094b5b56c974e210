package main

import (
	"fmt"

	"orrery/cmd/sim/internal/publish"
	"orrery/netsync"
	"orrery/systems"
)

// A run keeps every act for as long as it lasts: it meets them again when it goes
// back, and its forks do.
const (
	maxActs     = 1 << 20
	maxActBytes = 256 << 20 // of names and values, and 8 a node
)

// keptActs is what a run keeps of what came from outside.
type keptActs struct{ acts, bytes, mostActs, mostBytes int }

func (k *keptActs) add(a *systems.Action) {
	k.acts++
	k.bytes += sizeOfAct(a)
}

func sizeOfAct(a *systems.Action) int {
	n := len(a.Payload) + len(a.Name) + 8*len(a.Nodes)
	for _, list := range a.Lists {
		n += 8 * len(list)
	}
	return n
}

// fits refuses acts beyond what a run keeps.
func (l *live) fits(acts ...*systems.Action) *netsync.Error {
	k, bytes := &l.kept, l.kept.bytes
	for _, a := range acts {
		bytes += sizeOfAct(a)
	}
	cure := "each is kept, so that the run can go back and be replayed: begin another run"
	switch {
	case k.acts+len(acts) > k.mostActs:
		return publish.Refuse(netsync.CodeLimit, fmt.Sprintf("more than %d acts on a run", k.mostActs), cure)
	case bytes > k.mostBytes:
		return publish.Refuse(netsync.CodeLimit, fmt.Sprintf("more than %d bytes of acts on a run", k.mostBytes), cure)
	}
	return nil
}
