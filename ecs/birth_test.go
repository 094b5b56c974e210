// Proves that who takes the row of a dead node inherits nothing: not its
// state, its life, its boxed state, nor what a crash would take it back to.
// Random worlds seldom do all that to one row.
package ecs

import "testing"

func TestRowsAreTakenClean(t *testing.T) {
	z := newZoo(Config{})
	old := z.Node(z.boxed, "old")
	*Edit[account](z.World, old) = account{1, 2, 3}
	z.SetBirthState(old)
	z.SetStatus(old, Up, 0)
	z.SetStatus(old, Down, 9)
	d := z.programs[z.boxed].boxed.(*diary)
	d.pages[0], d.kept[0] = "page", "kept"
	z.Bury(old)
	z.Structure()
	heir := z.Bear(z.boxed, "heir")
	z.Structure()
	if row := must(z.Row(heir)); row != 0 {
		t.Fatalf("the heir lies at row %d", row)
	}
	clean := func(when string) {
		if got := *State[account](z.World, heir); got != (account{}) {
			t.Errorf("%s the heir's state is %+v", when, got)
		}
		if want := (Life{Name: hashString("heir"), Status: Down}); z.Life(heir) != want {
			t.Errorf("%s the heir's life is %+v", when, z.Life(heir))
		}
		if d.pages[0]+d.kept[0] != "" {
			t.Errorf("%s the heir's diary is %q and %q", when, d.pages[0], d.kept[0])
		}
	}
	clean("at birth")
	Edit[account](z.World, heir).Balance = 5
	z.Forget(heir)
	clean("after a crash")
	if State[account](z.World, old) != nil || z.Life(old) != (Life{}) {
		t.Error("the dead node still shows its heir's row")
	}
}
