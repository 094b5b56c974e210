// Proves that a viewer has the topics that one of its prefixes selects, each once,
// however prefixes and topics come and go.
package netsync

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestViewerHasWhatItsPrefixesSelect(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, err := NewHub(Config{Run: "r"})
		if err != nil {
			t.Fatal(err)
		}
		v, err := h.Join()
		if err != nil {
			t.Fatal(err)
		}
		text := rapid.StringMatching(`[ab]{0,3}`)
		var prefixes []string
		topics := map[string]*Log{}
		t.Repeat(map[string]func(*rapid.T){
			"subscribe": func(t *rapid.T) {
				p := text.Draw(t, "prefix")
				if v.Subscribe(p) == nil { // else it has as many as it may
					prefixes = append(prefixes, p)
				}
			},
			"unsubscribe": func(t *rapid.T) {
				p := text.Draw(t, "prefix")
				v.Unsubscribe(p)
				for i, x := range prefixes {
					if x == p {
						prefixes = append(prefixes[:i], prefixes[i+1:]...)
						break
					}
				}
			},
			"comes": func(t *rapid.T) {
				name := text.Draw(t, "topic")
				if topics[name] != nil || name == "" {
					return
				}
				l, err := h.Log(name, Rate{})
				if err != nil {
					t.Fatal(err)
				}
				topics[name] = l
			},
			"goes": func(t *rapid.T) {
				name := text.Draw(t, "topic")
				if l := topics[name]; l != nil {
					l.Remove()
					delete(topics, name)
				}
			},
			"": func(t *rapid.T) {
				has := map[string]int{}
				for _, f := range v.feeds {
					has[f.topic.name]++
				}
				for name, l := range topics {
					want := 0
					for _, p := range prefixes {
						if strings.HasPrefix(name, p) {
							want = 1
						}
					}
					if has[name] != want || l.topic.wanted != want {
						t.Fatalf("of %q it has %q %d times, wanted %d", prefixes, name, has[name], l.topic.wanted)
					}
					delete(has, name)
				}
				if len(has) > 0 {
					t.Fatalf("it has %v, which are none", has)
				}
			},
		})
	})
}
