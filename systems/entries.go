package systems

import (
	"cmp"
	"slices"

	"orrery/ecs"
)

// entries is what an epidemic derives from its keys and versions: where a key
// lies, in which order keys are gone through, and which of them may be forgotten.
//
// What a node provided who has died is forgotten once nobody knows a value of it
// any more: all have heard that it is gone, or never heard of it, and so the
// entry tells no two of them apart. Its number never is another node's, so a
// rumour of it that is still under way is of nobody, and dropped. Nodes that are
// down keep what they know, and with it the entry, until they hear or die: else
// they would learn from a message that never came.
//
// Keys are gone through in an order that follows from their names, not from
// which place was free: else a death elsewhere would shift what a message says
// first.
type entries struct {
	index index   // (name, topic) to key
	order []int32 // keys in use
	free  []int32 // keys not in use, the lowest last
	// dead has the keys of providers that have died and are in use, the lowest
	// first: in which order they are forgotten must follow from rows alone.
	dead []int32
	// held is, by key, how many members know a value of it that is not empty.
	held []int32
}

// key returns the number of an entry, or -1.
func (e *Epidemic) key(name uint64, t topic) int { return e.entries.index.find(name, uint64(t)) }

// addKey adds an entry that nobody has a value of.
func (e *Epidemic) addKey(k keyEntry) int {
	x := &e.entries
	if len(x.order) >= MaxEntries {
		panic(&ecs.LimitError{Limit: "entries that spread", Max: MaxEntries, Where: "the world, of params and of nodes that provide services"})
	}
	i := len(x.free) - 1
	key := 0
	if i >= 0 {
		key, x.free = int(x.free[i]), x.free[:i]
		*e.keys.Edit(key) = k
	} else {
		before := e.blocks()
		key = e.keys.Add(k)
		x.held = append(x.held, 0)
		if e.blocks() != before {
			e.widen(before, e.blocks())
		}
	}
	e.indexKey(key)
	return key
}

// indexKey has a key be found, in its place. Params stay in the order in which
// they were declared.
func (e *Epidemic) indexKey(key int) {
	x, k := &e.entries, e.keys.At(key)
	x.index.put(k.Name, uint64(k.Topic), key)
	at, _ := slices.BinarySearchFunc(x.order, int32(key), e.compareKeys)
	x.order = slices.Insert(x.order, at, int32(key))
}

func (e *Epidemic) compareKeys(a, b int32) int {
	x, y := e.keys.At(int(a)), e.keys.At(int(b))
	if x.Topic != y.Topic || x.Topic == paramTopic {
		return cmp.Or(cmp.Compare(x.Topic, y.Topic), cmp.Compare(a, b))
	}
	return cmp.Compare(x.Name, y.Name)
}

// died notes that a node has, whose entry may be forgotten some day.
func (e *Epidemic) died(n ecs.Node) {
	if key := e.key(uint64(n), providerTopic); key >= 0 {
		x := &e.entries
		at, twice := slices.BinarySearch(x.dead, int32(key))
		if !twice { // a node may be buried twice in a tick
			x.dead = slices.Insert(x.dead, at, int32(key))
		}
	}
}

// hold notes that a member knows one version of a key instead of another.
func (e *Epidemic) hold(key, was, is int) {
	if len(e.value(was)) > 0 {
		e.entries.held[key]--
	}
	if len(e.value(is)) > 0 {
		e.entries.held[key]++
	}
}

// compact forgets the entries of the dead that nobody knows a value of.
func (e *Epidemic) compact() {
	x := &e.entries
	kept := x.dead[:0]
	for _, key := range x.dead {
		if x.held[key] > 0 {
			kept = append(kept, key)
			continue
		}
		e.forgetKey(int(key))
	}
	x.dead = kept
}

func (e *Epidemic) forgetKey(key int) {
	for m := range e.members.rows.Len() {
		if row := e.known(m, key); row >= 0 {
			e.rehash(m, e.word(key, row), 0)
			e.learn(m, key, -1)
			e.release(row)
		}
	}
	x, k := &e.entries, *e.keys.At(key)
	at, _ := slices.BinarySearchFunc(x.order, int32(key), e.compareKeys)
	x.order = slices.Delete(x.order, at, at+1)
	x.index.drop(k.Name, uint64(k.Topic))
	*e.keys.Edit(key) = keyEntry{Free: true}
	x.addFree(int32(key))
}

func (x *entries) addFree(key int32) {
	at, _ := slices.BinarySearchFunc(x.free, key, func(a, b int32) int { return cmp.Compare(b, a) })
	x.free = slices.Insert(x.free, at, key)
}

// rebuild makes what is derived from the rows again, after a restore.
func (e *Epidemic) rebuildEntries() {
	x := &e.entries
	x.index.clear()
	x.order, x.free, x.dead = x.order[:0], x.free[:0], x.dead[:0]
	x.held = append(x.held[:0], make([]int32, e.keys.Len())...)
	for key := range e.keys.Len() {
		k := e.keys.At(key)
		if k.Free {
			x.addFree(int32(key))
			continue
		}
		e.indexKey(key)
		if k.Topic == providerTopic && e.world.Life(ecs.Node(k.Name)).Status == ecs.Absent {
			x.dead = append(x.dead, int32(key))
		}
	}
	for row := range e.versions.rows.Len() {
		if r := e.versions.rows.At(row); r.Used != 0 && len(e.value(row)) > 0 {
			x.held[r.Key] += r.Refs
		}
	}
}
