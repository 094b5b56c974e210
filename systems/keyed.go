package systems

import (
	"fmt"

	"orrery/ecs"
)

// keyed are the parts of distributions, by a key that comes with a value: a
// region, a node. Keys are met while a run goes, so they lie in the world, for
// a snapshot to have them.
type keyed struct {
	keys    *ecs.Rows[keyRow] // as many as spreads
	spreads spreads
	index   map[keyRow]int // looked up only
}

// keyRow is a key, and the distribution it is a key of.
type keyRow struct {
	Of     uint32
	Length uint8
	Text   [MaxKey]byte
}

const (
	// MaxKey is how long a key may be, in bytes.
	MaxKey = 59
	// MaxKeys is how many keys the distributions of a run may have together:
	// each takes 30 KB.
	MaxKeys = 1000
)

func (k *keyRow) text() string { return string(k.Text[:k.Length]) }

func newKeyed(w *ecs.World) keyed {
	k := keyed{keys: ecs.NewRows[keyRow](w, "distribution.key"), spreads: newSpreads(w, "distribution.part"), index: map[keyRow]int{}}
	k.keys.Table().OutsideDigest()
	return k
}

// find returns the part of a distribution that has a key, or makes it.
func (k *keyed) find(d Distribution, key string) (int, error) {
	if len(key) > MaxKey {
		return 0, fmt.Errorf("the key %q has %d bytes, and at most %d are kept", key, len(key), MaxKey)
	}
	row := keyRow{Of: uint32(d), Length: uint8(len(key))}
	copy(row.Text[:], key)
	if i, ok := k.index[row]; ok {
		return i, nil
	}
	if k.keys.Len() == MaxKeys {
		return 0, fmt.Errorf("the key %q would be one more than %d, which all measures may have together", key, MaxKeys)
	}
	k.index[row] = k.keys.Add(row)
	return k.spreads.add(), nil
}

func (k *keyed) rebuild() {
	clear(k.index)
	for i := range k.keys.Len() {
		k.index[*k.keys.At(i)] = i
	}
}
