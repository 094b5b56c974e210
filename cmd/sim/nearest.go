package main

import "strings"

// nearest returns the word closest to one that is not known, or "" if none is
// close: one that begins with it, or of which at most a third of the letters
// differ.
func nearest(word string, known []string) string {
	for _, k := range known {
		if len(word) > 1 && strings.HasPrefix(strings.TrimLeft(k, "-"), strings.TrimLeft(word, "-")) {
			return k
		}
	}
	best, at := "", len(word)/3+2
	for _, k := range known {
		if d := distance(strings.TrimLeft(word, "-"), strings.TrimLeft(k, "-")); d < at && d < len(word) {
			best, at = k, d
		}
	}
	return best
}

// distance counts insertions, deletions, replacements and swaps of neighbours
// (Damerau, 1964).
func distance(a, b string) int {
	before, last, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next[0] = i
		for j := 1; j <= len(b); j++ {
			replaced := last[j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			next[j] = min(last[j]+1, next[j-1]+1, replaced)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, last, next = last, next, before
	}
	return last[len(b)]
}
