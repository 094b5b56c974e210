// How tests of misuse look at a panic: by its text, which is what a user gets.
package ecs

import (
	"fmt"
	"strings"
	"testing"
)

// panicText returns what f panics with, "" if it returns.
func panicText(f func()) (text string) {
	defer func() {
		if r := recover(); r != nil {
			text = fmt.Sprint(r)
		}
	}()
	f()
	return ""
}

// wantPanic fails unless f panics with a text that has every part.
func wantPanic(t testing.TB, f func(), parts ...string) {
	t.Helper()
	got := panicText(f)
	if got == "" {
		t.Errorf("no panic; want one that says %q", parts)
		return
	}
	for _, part := range parts {
		if !strings.Contains(got, part) {
			t.Errorf("the panic says %q; want %q in it", got, part)
		}
	}
}

// wantLimit fails unless f panics with a *LimitError of that limit, whose
// text has every part.
func wantLimit(t testing.TB, f func(), limit string, most int64, parts ...string) {
	t.Helper()
	var got any
	wantPanic(t, func() {
		defer func() { got = recover(); panic(got) }()
		f()
	}, parts...)
	e, ok := got.(*LimitError)
	if !ok {
		t.Errorf("the panic is %v, a %T; want a *LimitError", got, got)
		return
	}
	if e.Limit != limit || e.Max != most || e.Where == "" {
		t.Errorf("the limit is %q, at most %d, met by %q; want %q, %d and who met it", e.Limit, e.Max, e.Where, limit, most)
	}
}
