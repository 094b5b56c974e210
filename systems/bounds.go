package systems

import (
	"cmp"
	"slices"

	"orrery/ecs"
)

// bounds are the subscriptions that a value comes to, in the order of nodes,
// each with the tick in which it is given it. Sorted, those of a tick and a
// program lie together and are a part.
type bounds struct {
	list    []bound
	runs    []boundRun
	entries []uint64 // sorted
	parts   []part   // of entries
	ends    []int    // of the entries with a key
	far     []placed // in hand
}

// placed is a bound, and the program that it is for.
type placed struct {
	bound
	program ecs.ProgramID
}

// bound is a subscription, as a payload names it, and when it is given a value.
type bound struct {
	entry uint64
	due   ecs.Tick
}

// boundRun is a part of a list that is for nodes of one program.
type boundRun struct {
	program ecs.ProgramID
	end     int
}

// part is what comes to nodes of a program in a tick.
type part struct {
	due     ecs.Tick
	program ecs.ProgramID
	end     int
}

func (b *bounds) clear() { b.list, b.runs = b.list[:0], b.runs[:0] }

// room returns the list with room for n more.
func (b *bounds) room(n int) []bound {
	b.list = slices.Grow(b.list, n)
	return b.list
}

func (b *bounds) add(entry uint64, due ecs.Tick) { b.list = append(b.list, bound{entry, due}) }

// end says that what was added since the last end is for nodes of a program.
func (b *bounds) end(program ecs.ProgramID) {
	if n := len(b.runs); n > 0 && b.runs[n-1].program == program {
		b.runs[n-1].end = len(b.list)
	} else {
		b.runs = append(b.runs, boundRun{program, len(b.list)})
	}
}

// sortedKeys is up to how many keys a counting sort is used for. A key stands
// for a tick and a run.
const sortedKeys = 1 << 16

// sort sorts by ticks; the order within stays.
func (b *bounds) sort() {
	b.parts = b.parts[:0]
	if len(b.list) == 0 {
		return
	}
	first, last := b.list[0].due, b.list[0].due
	for i := range b.list {
		first, last = min(first, b.list[i].due), max(last, b.list[i].due)
	}
	b.entries = slices.Grow(b.entries[:0], len(b.list))[:len(b.list)]
	width := ecs.Tick(len(b.runs))
	if last-first >= sortedKeys/width {
		b.sortFar()
		return
	}
	b.count(first, int((last-first+1)*width))
	b.scatter(first)
	k := 0
	for due := first; due <= last; due++ {
		for _, r := range b.runs {
			b.part(due, r.program, b.ends[k])
			k++
		}
	}
}

// count finds where the entries with each key begin.
func (b *bounds) count(first ecs.Tick, keys int) {
	b.ends = slices.Grow(b.ends[:0], keys)[:keys]
	clear(b.ends)
	from, width := 0, ecs.Tick(len(b.runs))
	for r := range b.runs {
		list, ends := b.list[from:b.runs[r].end], b.ends[r:]
		for i := range list {
			ends[(list[i].due-first)*width]++
		}
		from = b.runs[r].end
	}
	sum := 0
	for k, n := range b.ends {
		b.ends[k] = sum
		sum += n
	}
}

// scatter puts entries in order, and leaves in ends where those with a key end.
func (b *bounds) scatter(first ecs.Tick) {
	entries := b.entries
	from, width := 0, ecs.Tick(len(b.runs))
	for r := range b.runs {
		list, ends := b.list[from:b.runs[r].end], b.ends[r:]
		for i := range list {
			at := &ends[(list[i].due-first)*width]
			entries[*at] = list[i].entry
			*at++
		}
		from = b.runs[r].end
	}
}

// part adds a part that ends at a place; one for nobody is none, and what
// follows one of the same program and tick belongs to it.
func (b *bounds) part(due ecs.Tick, program ecs.ProgramID, end int) {
	n := len(b.parts)
	switch {
	case n == 0 && end == 0 || n > 0 && b.parts[n-1].end == end:
	case n > 0 && b.parts[n-1].due == due && b.parts[n-1].program == program:
		b.parts[n-1].end = end
	default:
		b.parts = append(b.parts, part{due, program, end})
	}
}

// sortFar sorts what is due in ticks far apart.
func (b *bounds) sortFar() {
	all := b.far[:0]
	r := 0
	for i := range b.list {
		for i >= b.runs[r].end {
			r++
		}
		all = append(all, placed{b.list[i], b.runs[r].program})
	}
	b.far = all
	slices.SortStableFunc(all, func(x, y placed) int { return cmp.Compare(x.due, y.due) })
	for i := range all {
		b.entries[i] = all[i].entry
		b.part(all[i].due, all[i].program, i+1)
	}
}
