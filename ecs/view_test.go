// Proves that a view is the column. What it does when it has died is proved
// under -tags debug.
package ecs

import (
	"testing"
	"unsafe"
)

func TestViewIsTheColumn(t *testing.T) {
	w := NewWorld(Config{})
	bank := w.Program(Schema{Name: "bank", State: account{Balance: 3}})
	n := w.Nodes(bank, "n", 5)
	v := ViewOf[account](w, bank)
	Edit[account](w, n[4]).Balance = 9
	if got := v.Rows(); len(got) != 5 || got[0].Balance != 3 || got[4].Balance != 9 {
		t.Errorf("the view shows %v", got)
	}
	if size := unsafe.Sizeof(v); !Debug && size != unsafe.Sizeof([]account{}) {
		t.Errorf("a view has %d bytes; without -tags debug it is the slice", size)
	}
}
