// These tests hold the house to what STYLE demands and no tool checks: short
// functions, names that say something, a doc comment a package. What breaks a
// rule for a good reason is listed with it, and the list may only shrink: an
// entry that is no longer needed fails.
package orrery_test

import (
	"fmt"
	"go/ast"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// A function should fit a screen.
const maxFunctionLines = 70

// long lists functions that may be longer, with the reason: a message switch
// may stay whole.
var long = map[string]string{}

// vague names say nothing of what is inside, so that anything goes in.
var vague = []string{"util", "utils", "common", "types", "helper", "helpers", "misc"}

func TestTidy(t *testing.T) {
	for _, finding := range untidy(house(t), long) {
		t.Error(finding)
	}
}

func untidy(sources []source, long map[string]string) []string {
	return slices.Concat(longFunctions(sources, long), vaguePackages(sources), undocumented(sources))
}

func longFunctions(sources []source, long map[string]string) []string {
	var found []string
	unused := maps.Clone(long)
	for _, s := range sources {
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || s.test {
				continue
			}
			lines := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1
			if lines <= maxFunctionLines {
				continue
			}
			name := functionName(s.pkg, f)
			delete(unused, name)
			if long[name] == "" {
				found = append(found, fmt.Sprintf("%s: %s has %d lines, over %d: split it or list it with a reason", s.name, name, lines, maxFunctionLines))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(unused)) {
		found = append(found, name+" is not over long: take it off the list")
	}
	return found
}

// functionName is "orrery/ecs.World.Step" for a method, so that the list is
// exact without positions.
func functionName(pkg string, f *ast.FuncDecl) string {
	if f.Recv == nil {
		return pkg + "." + f.Name.Name
	}
	t := f.Recv.List[0].Type
	for {
		switch e := t.(type) {
		case *ast.StarExpr:
			t = e.X
		case *ast.IndexExpr:
			t = e.X
		case *ast.IndexListExpr:
			t = e.X
		case *ast.Ident:
			return pkg + "." + e.Name + "." + f.Name.Name
		default:
			return pkg + "." + f.Name.Name
		}
	}
}

func vaguePackages(sources []source) []string {
	var found []string
	for _, s := range sources {
		name := strings.TrimSuffix(s.file.Name.Name, "_test")
		if slices.Contains(vague, name) || slices.Contains(vague, path.Base(s.pkg)) {
			found = append(found, fmt.Sprintf("%s: package %s in %s: name it after what it does", s.name, name, s.pkg))
		}
	}
	return found
}

// undocumented finds packages without a doc comment. One of tests alone needs
// none.
func undocumented(sources []source) []string {
	documented := map[string]bool{}
	for _, s := range sources {
		if !s.test {
			documented[s.pkg] = documented[s.pkg] || s.file.Doc.Text() != ""
		}
	}
	var found []string
	for _, pkg := range slices.Sorted(maps.Keys(documented)) {
		if !documented[pkg] {
			found = append(found, pkg+" has no package comment: say what it is for and what it promises")
		}
	}
	return found
}

func TestTidyRulesCanFail(t *testing.T) {
	const doc = "// Package a is planted.\npackage a\n"
	body := func(lines int) string { return "{" + strings.Repeat("\n", lines-1) + "}\n" }
	for _, tc := range []struct {
		name, file, text, want string
		long                   map[string]string
	}{
		{"over long", "a/a.go", doc + "func f() " + body(71), "orrery/a.f has 71 lines", nil},
		{"over long method", "a/a.go", doc + "type t[K any] int\nfunc (t *t[K]) f() " + body(71), "orrery/a.t.f has 71 lines", nil},
		{"listed without a reason", "a/a.go", doc + "func f() " + body(71), "has 71 lines", map[string]string{"orrery/a.f": ""}},
		{"listed in vain", "a/a.go", doc + "func f() " + body(70), "take it off", map[string]string{"orrery/a.f": "a switch"}},
		{"vague directory", "a/util/a.go", doc, "package a in orrery/a/util", nil},
		{"vague name", "a/a.go", "// Package helpers is planted.\npackage helpers\n", "package helpers", nil},
		{"vague test", "a/a_test.go", "package types_test\n", "package types", nil},
		{"no comment", "a/a.go", "package a\n", "orrery/a has no package comment", nil},
		{"detached comment", "a/a.go", "// Copyright\n\npackage a\n", "orrery/a has no package comment", nil},
		{"directive only", "a/a.go", "//go:build linux\npackage a\n", "orrery/a has no package comment", nil},

		{"just fits", "a/a.go", doc + "func f() " + body(70), "", nil},
		{"listed", "a/a.go", doc + "func f() " + body(71), "", map[string]string{"orrery/a.f": "a message switch"}},
		{"long test", "a/a_test.go", "package a\nfunc f() " + body(71), "", nil},
		{"not ours", "a/testdata/util/a.go", "package util\n", "", nil},
	} {
		sources, err := parseAll(fstest.MapFS{tc.file: {Data: []byte(tc.text)}})
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(untidy(sources, tc.long), "\n")
		if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}
