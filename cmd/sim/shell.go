package main

import (
	"strconv"
	"strings"

	"orrery/scenario/value"
)

// quote writes a word so that a shell reads it as one, and plain where it can.
func quote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./:=,+@%", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// again is the line that reproduces a run, up to some moment if that is not 0.
func again(name string, w *worldFlags, until value.Duration) string {
	words := []string{"sim", "run", quote(name), "--seed", strconv.FormatUint(w.seed, 10)}
	if until > 0 {
		words = append(words, "--until", until.String())
	}
	for _, n := range w.settings.names {
		words = append(words, "--set", quote(n+"="+w.settings.values[n]))
	}
	if w.steps > 0 {
		words = append(words, "--script-steps", strconv.FormatUint(w.steps, 10))
	}
	if w.bytes > 0 {
		words = append(words, "--script-bytes", strconv.FormatUint(w.bytes, 10))
	}
	return strings.Join(words, " ")
}
