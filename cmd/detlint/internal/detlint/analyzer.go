// Package detlint is the analyzer behind the vet tool of the same name: it
// reports what makes a node program give different bits from run to run or
// from one architecture to another.
//
// It judges syntax and types of one package at a time and keeps no facts, so
// that it is quick, and reports where a hazard is written rather than where
// it is reached.
package detlint

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"
)

// config is what the flags of one analyzer set.
type config struct {
	pkgs   string
	unsafe string
}

// New returns an analyzer with flags of its own, so that two of them in one
// process (tests) cannot disturb each other.
func New() *analysis.Analyzer {
	var cfg config
	a := &analysis.Analyzer{
		Name:     "detlint",
		Doc:      "report what makes a run differ between runs or architectures",
		Requires: []*analysis.Analyzer{inspect.Analyzer},
		Run:      func(p *analysis.Pass) (any, error) { cfg.run(p); return nil, nil },
	}
	a.Flags.StringVar(&cfg.pkgs, "pkgs", "", "comma-separated import paths to check, with all below them (empty: every package)")
	a.Flags.StringVar(&cfg.unsafe, "unsafe", "orrery/ecs", "comma-separated import paths that may use unsafe")
	return a
}

func (cfg *config) run(p *analysis.Pass) {
	path := plainPath(p.Pkg.Path())
	if !cfg.covers(path) {
		return
	}
	c := &checker{pass: p, unsafeAllowed: cfg.allowsUnsafe(path)}
	in := p.ResultOf[inspect.Analyzer].(*inspector.Inspector)
	for file := range in.Root().Children() {
		f := file.Node().(*ast.File)
		if strings.HasSuffix(p.Fset.Position(f.FileStart).Filename, "_test.go") {
			continue
		}
		c.allowed = c.readAllows(f)
		for cur := range file.Preorder() {
			c.node(cur)
		}
	}
}

// plainPath drops the suffix of a test variant. Go vet checks a package that
// has tests only as "p [p.test]", so the flags would otherwise miss it.
func plainPath(path string) string {
	plain, _, _ := strings.Cut(path, " ")
	return plain
}

func (cfg *config) covers(path string) bool {
	if cfg.pkgs == "" {
		return true
	}
	for prefix := range strings.SplitSeq(cfg.pkgs, ",") {
		if path == prefix || strings.HasPrefix(path, prefix+"/") {
			return true
		}
	}
	return false
}

func (cfg *config) allowsUnsafe(path string) bool {
	for p := range strings.SplitSeq(cfg.unsafe, ",") {
		if path == p {
			return true
		}
	}
	return false
}

// A checker judges the files of one package.
type checker struct {
	pass          *analysis.Pass
	unsafeAllowed bool
	allowed       map[int]bool // lines of the current file that are exempt
}

// node hands one piece of syntax to the checks that know it.
func (c *checker) node(cur inspector.Cursor) {
	switch n := cur.Node().(type) {
	case *ast.RangeStmt:
		c.rangeOver(n)
	case *ast.GoStmt, *ast.SelectStmt, *ast.ChanType, *ast.SendStmt:
		c.concurrency(n)
	case *ast.UnaryExpr:
		if n.Op == token.ARROW {
			c.concurrency(n)
		}
	case *ast.BinaryExpr:
		c.arithmetic(cur, n)
	case *ast.AssignStmt:
		c.assignOp(n)
	case *ast.ImportSpec:
		c.linkname(n)
	case *ast.Ident:
		c.name(cur, n)
	}
}

// A reason says why a thing is a hazard and what to do instead.
type reason struct{ why, cure string }

func (c *checker) report(pos token.Pos, r reason, what string, args ...any) {
	if c.allowed[c.pass.Fset.Position(pos).Line] {
		return
	}
	c.pass.Reportf(pos, "%s: %s; %s", fmt.Sprintf(what, args...), r.why, r.cure)
}
