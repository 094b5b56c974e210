package systems

import "orrery/ecs/random"

// index finds rows by a pair of numbers: an open-addressing table with linear
// probing and deletion by shifting back (Knuth, TAOCP 3, 6.4, algorithm R). It
// is made from rows and can be made again; it allocates only to grow.
type index struct {
	slots []indexSlot
	used  int
}

type indexSlot struct {
	a, b uint64
	row  int32 // one more than the row; 0: free
}

func (x *index) home(a, b uint64) int {
	return int(random.Mix(a^random.Mix(b)) & uint64(len(x.slots)-1))
}

// find returns the row of a pair, or -1.
func (x *index) find(a, b uint64) int {
	if x.used == 0 {
		return -1
	}
	for i := x.home(a, b); ; i = (i + 1) & (len(x.slots) - 1) {
		s := &x.slots[i]
		if s.row == 0 {
			return -1
		}
		if s.a == a && s.b == b {
			return int(s.row) - 1
		}
	}
}

// put adds a pair that is not there.
func (x *index) put(a, b uint64, row int) {
	if 4*(x.used+1) > 3*len(x.slots) {
		x.grow()
	}
	i := x.home(a, b)
	for x.slots[i].row != 0 {
		i = (i + 1) & (len(x.slots) - 1)
	}
	x.slots[i] = indexSlot{a, b, int32(row) + 1}
	x.used++
}

// set gives a pair a row, whether it is there or not.
func (x *index) set(a, b uint64, row int) {
	if x.used > 0 {
		for i := x.home(a, b); x.slots[i].row != 0; i = (i + 1) & (len(x.slots) - 1) {
			if s := &x.slots[i]; s.a == a && s.b == b {
				s.row = int32(row) + 1
				return
			}
		}
	}
	x.put(a, b, row)
}

func (x *index) grow() {
	old := x.slots
	x.slots = make([]indexSlot, max(16, 2*len(old)))
	x.used = 0
	for _, s := range old {
		if s.row != 0 {
			x.put(s.a, s.b, int(s.row)-1)
		}
	}
}

// drop removes a pair, if it is there.
func (x *index) drop(a, b uint64) {
	if x.used == 0 {
		return
	}
	mask := len(x.slots) - 1
	i := x.home(a, b)
	for x.slots[i].row != 0 && (x.slots[i].a != a || x.slots[i].b != b) {
		i = (i + 1) & mask
	}
	if x.slots[i].row == 0 {
		return
	}
	x.used--
	for j := (i + 1) & mask; x.slots[j].row != 0; j = (j + 1) & mask {
		// What lies at j may fill the gap at i unless its home is behind i.
		if home := x.home(x.slots[j].a, x.slots[j].b); (j-home)&mask >= (j-i)&mask {
			x.slots[i] = x.slots[j]
			i = j
		}
	}
	x.slots[i] = indexSlot{}
}

func (x *index) clear() {
	if x.used > 0 {
		clear(x.slots)
		x.used = 0
	}
}
