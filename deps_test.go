// These tests hold the house to its import rules. The sources are parsed here
// rather than listed by the go command: a test that runs `go list` may pass
// from the test cache after an import has changed, while files read by the
// test itself are part of the cache's key.
package orrery_test

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const module = "orrery"

// A place says what of ours the packages at or under it may import. The
// longest place that covers a package counts. "x/..." is x and all below it.
type place struct {
	of  string
	may []string
}

// Invariant: imports point one way,
// ecs ← systems ← scheduler ← scenario ← cmd/sim and
// ecs ← netsync ← netsync/zmq ← cmd/sim.
var places = []place{
	{"orrery/ecs/random", []string{"orrery/ecs/detmath"}},
	{"orrery/ecs/detmath", []string{"orrery/ecs/random"}},
	{"orrery/ecs", []string{"orrery/ecs/..."}},
	{"orrery/systems", []string{"orrery/ecs/...", "orrery/systems/..."}},
	{"orrery/scheduler", []string{"orrery/ecs/...", "orrery/systems/...", "orrery/scheduler/..."}},
	{"orrery/scenario", []string{"orrery/ecs/...", "orrery/systems/...", "orrery/scheduler/...", "orrery/scenario/..."}},
	{"orrery/netsync/zmq", []string{"orrery/ecs/...", "orrery/netsync/..."}},
	{"orrery/netsync", []string{"orrery/ecs/...", "orrery/netsync"}},
	{"orrery/cmd/sim/internal/term", []string{"orrery/netsync/..."}},
	{"orrery/cmd/sim/internal/web", []string{"orrery/netsync/..."}},
	{"orrery/cmd/sim", []string{
		"orrery/ecs/...", "orrery/systems/...", "orrery/scheduler/...", "orrery/scenario/...",
		"orrery/netsync/...", "orrery/cmd/sim/...", "orrery/bench", "orrery/testdata",
	}},
	{"orrery/cmd/detlint", []string{"orrery/cmd/detlint/..."}},
	{"orrery/bench", []string{"orrery/..."}},
	{"orrery/testdata", nil},
}

// An owner names the only packages that may import something of others.
type owner struct {
	of     string
	is     []string
	reason string
	tests  bool // tests elsewhere may import it too
}

var owners = []owner{
	{"github.com/mlange-42/arche/...", []string{"orrery/ecs"}, "nothing of arche shows outside ecs", false},
	{"github.com/go-zeromq/zmq4/...", []string{"orrery/netsync/zmq"}, "sockets are only safe behind its guard", false},
	{"golang.org/x/crypto/...", []string{"orrery/netsync/zmq"}, "keys are its own", false},
	{"github.com/foxglove/mcap/...", []string{"orrery/scheduler/trace"}, "who reads a trace asks it, and not its file", false},
	{"github.com/klauspost/compress/...", []string{"orrery/scheduler/trace"}, "chunks are its own", false},
	{"github.com/pierrec/lz4/...", []string{"orrery/scheduler/trace"}, "chunks are its own", false},
	{"unsafe", []string{"orrery/ecs"}, "columns are the engine's", true},
}

// A ban keeps packages out of parts of the house, but not out of their tests.
type ban struct {
	in     []string
	except []string
	of     []string
	reason string
}

var engine = []string{"orrery/ecs/...", "orrery/systems/...", "orrery/scheduler/..."}

var bans = []ban{
	{engine, nil, []string{"os/...", "net/...", "log/..."}, "effects are returned, cmd/sim performs them"},
	{engine, []string{"orrery/scheduler/trace"}, []string{"io/..."}, "only scheduler/trace writes, to what it is given"},
	{engine, nil, []string{"time"}, "time is an argument"},
	{engine, nil, []string{"sync/...", "runtime/..."}, "the engine is one thread and cannot see it"},
	{engine, nil, []string{"math/rand/...", "crypto/rand"}, "draws come from ecs/random"},
	{[]string{"orrery/netsync"}, nil, []string{"os/...", "net/...", "log/...", "io/...", "time", "sync/...", "runtime/...", "math/rand/...", "crypto/rand"}, "netsync is pure: netsync/zmq has the sockets, and time is an argument"},
}

// leaves may import, beside the standard library and what places says, only
// these.
var leaves = []place{
	{"orrery/ecs/random", []string{"github.com/zeebo/xxh3"}},
	{"orrery/ecs/detmath", []string{"github.com/zeebo/xxh3"}},
}

// A source is one parsed Go file of the module.
type source struct {
	name string // relative to the module
	pkg  string // import path of its directory
	test bool
	fset *token.FileSet
	file *ast.File
}

func TestImports(t *testing.T) {
	sources := house(t)
	for _, s := range sources {
		for _, breach := range breaches(s) {
			t.Error(breach)
		}
	}
}

// house parses this module. It demands the engine's core, because a walk from
// a wrong directory would find nothing wrong.
func house(t *testing.T) []source {
	t.Helper()
	sources, err := parseAll(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(sources, func(s source) bool { return s.pkg == "orrery/ecs" }) {
		t.Fatal("found no source of orrery/ecs: the tests look in the wrong place")
	}
	return sources
}

// parseAll parses every Go file the go command would see under any tags.
func parseAll(root fs.FS) ([]source, error) {
	var sources []source
	fset := token.NewFileSet()
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() {
			if base == "testdata" || name != "." && (base[0] == '.' || base[0] == '_') {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(base) != ".go" {
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		test := strings.HasSuffix(base, "_test.go")
		sources = append(sources, source{name, path.Join(module, path.Dir(name)), test, fset, f})
		return nil
	})
	return sources, err
}

// breaches judges the imports of one file.
func breaches(s source) []string {
	var found []string
	for _, spec := range s.file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			panic(err) // the parser has accepted it
		}
		why := cmp.Or(wrongDirection(s.pkg, imported), notOwned(s, imported), banned(s, imported), notLeaf(s, imported))
		if why != "" {
			line := s.fset.Position(spec.Pos()).Line
			found = append(found, fmt.Sprintf("%s:%d: %s imports %s: %s", s.name, line, s.pkg, imported, why))
		}
	}
	return found
}

// wrongDirection judges imports of our own packages, in tests too: a test
// that reaches upwards would tie two layers together as surely. A test beside
// its package may import it.
func wrongDirection(pkg, imported string) string {
	if !covers(module+"/...", imported) || pkg == module || pkg == imported {
		return ""
	}
	p, ok := placeOf(places, pkg)
	if !ok {
		return "the package has no place in deps_test.go yet"
	}
	if coveredBy(p.may, imported) {
		return ""
	}
	return "imports point one way, and this one is not among " + strings.Join(p.may, " ")
}

func notOwned(s source, imported string) string {
	for _, o := range owners {
		if covers(o.of, imported) && !slices.Contains(o.is, s.pkg) && !(s.test && o.tests) {
			return "only " + strings.Join(o.is, ", ") + " may: " + o.reason
		}
	}
	return ""
}

func banned(s source, imported string) string {
	if s.test {
		return ""
	}
	for _, b := range bans {
		if coveredBy(b.in, s.pkg) && !slices.Contains(b.except, s.pkg) && coveredBy(b.of, imported) {
			return b.reason
		}
	}
	return ""
}

func notLeaf(s source, imported string) string {
	p, ok := placeOf(leaves, s.pkg)
	if !ok || s.test || isStandard(imported) || covers(module+"/...", imported) || coveredBy(p.may, imported) {
		return ""
	}
	return "it may import only the standard library and " + strings.Join(p.may, " ")
}

// isStandard tells the standard library by the missing dot in its first
// element, as the go command does.
func isStandard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".") && first != module
}

// placeOf finds the longest place that covers a package.
func placeOf(in []place, pkg string) (best place, ok bool) {
	for _, p := range in {
		if covers(p.of+"/...", pkg) && len(p.of) > len(best.of) {
			best, ok = p, true
		}
	}
	return best, ok
}

func coveredBy(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return covers(p, pkg) })
}

func covers(pattern, pkg string) bool {
	tree, below := strings.CutSuffix(pattern, "/...")
	return pkg == tree || below && strings.HasPrefix(pkg, tree+"/")
}

// Each rule must be able to fail, or it holds nothing: these sources breach
// one each, and the last ones none.
func TestImportRulesCanFail(t *testing.T) {
	for _, tc := range []struct{ file, imported, want string }{
		{"ecs/a.go", "orrery/systems", "one way"},
		{"ecs/a_test.go", "orrery/systems", "one way"},
		{"ecs/a.go", "orrery/netsync", "one way"},
		{"systems/a.go", "orrery/scheduler", "one way"},
		{"systems/toolbox/a.go", "orrery/scheduler/trace", "one way"},
		{"scheduler/a.go", "orrery/scenario", "one way"},
		{"scenario/a.go", "orrery/cmd/sim", "one way"},
		{"scenario/a.go", "orrery/netsync", "one way"},
		{"netsync/a.go", "orrery/systems", "one way"},
		{"netsync/a.go", "orrery/netsync/zmq", "one way"},
		{"netsync/zmq/a.go", "orrery/scheduler", "one way"},
		{"cmd/sim/internal/web/a.go", "orrery/ecs", "one way"},
		{"cmd/detlint/a.go", "orrery/ecs", "one way"},
		{"ecs/random/a.go", "orrery/ecs", "one way"},
		{"ecs/detmath/a.go", "orrery/ecs", "one way"},
		{"ecs/random/a.go", "golang.org/x/sys/cpu", "only the standard library"},
		{"ecsx/a.go", "orrery/ecs", "no place"},
		{"systems/a.go", "github.com/mlange-42/arche/ecs", "only orrery/ecs may"},
		{"ecs/random/a.go", "github.com/mlange-42/arche/ecs", "only orrery/ecs may"},
		{"systems/a_test.go", "github.com/mlange-42/arche/ecs", "only orrery/ecs may"},
		{"netsync/a.go", "github.com/go-zeromq/zmq4", "only orrery/netsync/zmq may"},
		{"systems/a.go", "unsafe", "only orrery/ecs may"},
		{"scheduler/a.go", "github.com/foxglove/mcap/go/mcap", "only orrery/scheduler/trace may"},
		{"cmd/sim/a_test.go", "github.com/klauspost/compress/zstd", "only orrery/scheduler/trace may"},
		{"cmd/sim/a.go", "github.com/pierrec/lz4/v4", "only orrery/scheduler/trace may"},
		{"ecs/detmath/a.go", "unsafe", "only orrery/ecs may"},
		{"ecs/a.go", "os", "effects are returned"},
		{"ecs/a.go", "os/signal", "effects are returned"},
		{"systems/a.go", "net", "effects are returned"},
		{"systems/a.go", "net/http", "effects are returned"},
		{"systems/a.go", "log", "effects are returned"},
		{"scheduler/trace/a.go", "log/slog", "effects are returned"},
		{"scheduler/a.go", "io", "only scheduler/trace"},
		{"scheduler/a.go", "time", "time is an argument"},
		{"scheduler/trace/a.go", "time", "time is an argument"},
		{"systems/a.go", "sync", "one thread"},
		{"systems/a.go", "sync/atomic", "one thread"},
		{"ecs/a.go", "runtime", "one thread"},
		{"ecs/random/a.go", "math/rand", "ecs/random"},
		{"netsync/a.go", "net", "netsync is pure"},
		{"netsync/a.go", "time", "netsync is pure"},
		{"netsync/a.go", "sync/atomic", "netsync is pure"},
		{"ecs/random/a.go", "math/rand/v2", "ecs/random"},
		{"ecs/a.go", "crypto/rand", "ecs/random"},

		{"ecs/a.go", "orrery/ecs/random", ""},
		{"ecs/detmath/a_test.go", "orrery/ecs/detmath", ""},
		{"ecs/a.go", "unsafe", ""},
		{"ecs/a.go", "github.com/mlange-42/arche/ecs", ""},
		{"ecs/random/a.go", "orrery/ecs/detmath", ""},
		{"ecs/random/a.go", "github.com/zeebo/xxh3", ""},
		{"systems/a.go", "orrery/ecs", ""},
		{"systems/a_test.go", "unsafe", ""},
		{"systems/a_test.go", "time", ""},
		{"scheduler/a.go", "orrery/systems", ""},
		{"scheduler/trace/a.go", "io", ""},
		{"scheduler/trace/a.go", "github.com/foxglove/mcap/go/mcap", ""},
		{"netsync/zmq/a.go", "github.com/go-zeromq/zmq4", ""},
		{"netsync/zmq/a.go", "net", ""},
		{"netsync/a.go", "orrery/ecs", ""},
		{"netsync/a_test.go", "time", ""},
		{"cmd/sim/a.go", "orrery/netsync/zmq", ""},
		{"cmd/sim/internal/term/a.go", "orrery/netsync", ""},
		{"bench/a.go", "orrery/cmd/sim/internal/term", ""},
	} {
		text := "package a\nimport _ " + strconv.Quote(tc.imported) + "\n"
		sources, err := parseAll(fstest.MapFS{tc.file: {Data: []byte(text)}})
		if err != nil || len(sources) != 1 {
			t.Fatal(sources, err)
		}
		got := strings.Join(breaches(sources[0]), "\n")
		if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
			t.Errorf("%s importing %s: got %q, want %q", tc.file, tc.imported, got, tc.want)
		}
	}
}
