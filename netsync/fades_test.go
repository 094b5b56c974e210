package netsync

import "testing"

// TestWhatFadesIsNeverOld has a viewer come, leave, and come again, and be given
// nothing that was set while nobody had the topic, or before.
func TestWhatFadesIsNeverOld(t *testing.T) {
	h, err := NewHub(Config{Run: "r"})
	if err != nil {
		t.Fatal(err)
	}
	d, err := h.Document(TopicChecks, Rate{})
	if err != nil {
		t.Fatal(err)
	}
	d.Fades()
	now := Nanos(0)
	set := func(value string) {
		now += Second
		d.Set([]byte(value), 1)
		h.Due(now, 1, nil)
	}
	visit := func(values ...string) (seen []string) {
		v, err := h.Join()
		if err != nil {
			t.Fatal(err)
		}
		defer v.Leave()
		if err := v.Subscribe(TopicChecks); err != nil {
			t.Fatal(err)
		}
		for n := 0; n <= len(values); n++ {
			for f, ok := v.Next(); ok; f, ok = v.Next() {
				seen = append(seen, string(f.Body))
			}
			if n < len(values) {
				set(values[n])
			}
		}
		return seen
	}
	set("0")
	if seen := visit("1", "2"); len(seen) != 2 || seen[0] != "1" || seen[1] != "2" {
		t.Errorf("the first viewer has seen %q, want 1 and 2", seen)
	}
	set("3")
	if seen := visit("4"); len(seen) != 1 || seen[0] != "4" {
		t.Errorf("the second viewer has seen %q, want 4", seen)
	}
	h.End(1)
	set("5")
	for range 2 { // of a world that has ended it does not grow old
		if seen := visit(); len(seen) != 1 || seen[0] != "5" {
			t.Errorf("after the end a viewer has seen %q, want 5", seen)
		}
	}
}
