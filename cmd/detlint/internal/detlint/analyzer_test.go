// These tests prove that every planted hazard is reported with its words, and
// that nothing else is: analysistest fails on a missing and on a surplus
// report alike. testdata/src/clean holds what must stay allowed.
package detlint

import (
	"go/importer"
	"go/token"
	"go/types"
	"slices"
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"
)

func TestHazards(t *testing.T) {
	for _, pkg := range []string{"order", "concurrency", "clock", "random", "machine", "bits", "float", "allow"} {
		t.Run(pkg, func(t *testing.T) {
			analysistest.Run(t, analysistest.TestData(), New(), pkg)
		})
	}
}

func TestCleanPackageHasNoReport(t *testing.T) {
	analysistest.Run(t, analysistest.TestData(), New(), "clean")
}

func TestUnsafeIsTheEngines(t *testing.T) {
	analysistest.Run(t, analysistest.TestData(), New(), "orrery/ecs")
}

func TestPkgsFlag(t *testing.T) {
	a := New()
	if err := a.Flags.Set("pkgs", "other,mynodes/raft"); err != nil {
		t.Fatal(err)
	}
	analysistest.Run(t, analysistest.TestData(), a, "mynodes/server", "mynodes/raft", "mynodes/raft/log", "mynodes/raftlike")
}

func TestTestVariantIsCovered(t *testing.T) {
	cfg := config{pkgs: "orrery/ecs", unsafe: "orrery/ecs"}
	path := plainPath("orrery/ecs [orrery/ecs.test]")
	if !cfg.covers(path) || !cfg.allowsUnsafe(path) {
		t.Errorf("flags miss %q", path)
	}
}

// exact lists the functions of package math that give the same bits
// everywhere: single instructions, comparisons, bit work and exact sums.
var exact = []string{
	"Abs", "Ceil", "Copysign", "Dim", "Float32bits", "Float32frombits", "Float64bits", "Float64frombits", "Floor",
	"Frexp", "Ilogb", "Inf", "IsInf", "IsNaN", "Ldexp", "Logb", "Max", "Min", "Mod", "Modf", "NaN", "Nextafter",
	"Nextafter32", "Remainder", "Round", "RoundToEven", "Signbit", "Sqrt", "Trunc",
}

// A function that a Go release adds to package math must be judged before it
// is used: it is neither allowed nor banned by silence.
func TestEveryMathFunctionIsJudged(t *testing.T) {
	math := load(t, "math")
	for _, name := range math.Scope().Names() {
		f, ok := math.Scope().Lookup(name).(*types.Func)
		if !ok || !f.Exported() {
			continue
		}
		if _, banned := lookup("math", f); banned == slices.Contains(exact, name) {
			t.Errorf("math.%s must be in exactly one of rules[\"math\"] and exact", name)
		}
	}
}

// A name with a typing error would ban nothing and tell nobody.
func TestEveryRuleNamesSomething(t *testing.T) {
	for path, rs := range rules {
		if path == "unsafe" || len(path) > len("golang.org") && path[:len("golang.org")] == "golang.org" {
			continue // no source in the standard library
		}
		pkg := load(t, path)
		for _, r := range rs {
			for _, name := range slices.Concat(r.only, r.except) {
				if !exists(pkg, name) {
					t.Errorf("%s has no %s", path, name)
				}
			}
		}
	}
}

// fromSource is shared because it keeps the packages it has checked.
var fromSource = importer.ForCompiler(token.NewFileSet(), "source", nil)

func load(t *testing.T, path string) *types.Package {
	t.Helper()
	pkg, err := fromSource.Import(path)
	if err != nil {
		t.Fatal(err)
	}
	return pkg
}

// exists reports whether a package has the name, or the Type.Method.
func exists(pkg *types.Package, name string) bool {
	for _, n := range pkg.Scope().Names() {
		obj := pkg.Scope().Lookup(n)
		if n == name {
			return true
		}
		if named, ok := obj.Type().(*types.Named); ok {
			for m := range named.Methods() {
				if qualified(m) == name {
					return true
				}
			}
		}
	}
	return false
}
