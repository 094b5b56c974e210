package scenario

import (
	"maps"
	"slices"

	"orrery/scenario/value"
)

// Vocabulary lists every word of the language that is not Starlark's own, as
// documentation writes it: "crash" at the top level, "me.send" and
// "me.random" in a handler, "node.name" of any node, "random.int" of both
// kinds of random, "math.log". Words of what is not built yet are among them.
func Vocabulary() []string {
	s := &script{}
	words := slices.Collect(maps.Keys(s.predeclared()))
	for verb := range s.makeVerbs() { //det:allow the list is sorted
		words = append(words, "me."+verb)
	}
	for _, verb := range []string{"random", "source", "feed"} {
		words = append(words, "me."+verb)
	}
	for _, property := range slices.Concat(lifeAttrs, properties) {
		words = append(words, "node."+property)
	}
	for draw := range draws { //det:allow the list is sorted
		words = append(words, "random."+draw)
	}
	for _, name := range value.Universe(s.codec)["math"].(interface{ AttrNames() []string }).AttrNames() {
		words = append(words, "math."+name)
	}
	slices.Sort(words)
	return words
}
