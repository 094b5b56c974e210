package detlint

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/ast/inspector"
	"golang.org/x/tools/go/types/typeutil"
)

var mapOrder = reason{
	"map order is random in every run",
	"range over slices.Sorted(maps.Keys(m)), or keep a slice beside the map",
}

var sortOrder = reason{
	"an unstable sort leaves equal elements in an order that a Go release may change",
	"use sort.Stable or slices.SortStableFunc, or slices.Sort on plain values",
}

// rangeOver reports loops over maps and channels.
func (c *checker) rangeOver(n *ast.RangeStmt) {
	t := c.pass.TypesInfo.TypeOf(n.X)
	if hasTerm(t, isMap) {
		c.report(n.Pos(), mapOrder, "range over a map")
	}
	if hasTerm(t, isChan) {
		c.report(n.Pos(), channelUse, "range over a channel")
	}
}

// sortedAtOnce reports whether the name at cur is called as the only argument
// of slices.Sorted, where the order of its values is lost again.
func (c *checker) sortedAtOnce(cur inspector.Cursor) bool {
	for cur = cur.Parent(); ; cur = cur.Parent() {
		switch n := cur.Node().(type) {
		case *ast.SelectorExpr, *ast.IndexExpr, *ast.IndexListExpr, *ast.ParenExpr:
		case *ast.CallExpr:
			outer, ok := cur.Parent().Node().(*ast.CallExpr)
			return ok && len(outer.Args) == 1 && outer.Args[0] == n && c.calls(outer, "slices", "Sorted")
		default:
			return false
		}
	}
}

// calls reports whether a call is of one of the named functions of a package.
func (c *checker) calls(call *ast.CallExpr, pkg string, names ...string) bool {
	f := typeutil.StaticCallee(c.pass.TypesInfo, call)
	if f == nil || f.Pkg() == nil || f.Pkg().Path() != pkg {
		return false
	}
	for _, name := range names {
		if f.Name() == name {
			return true
		}
	}
	return false
}

func isMap(t types.Type) bool  { _, ok := t.(*types.Map); return ok }
func isChan(t types.Type) bool { _, ok := t.(*types.Chan); return ok }

// hasTerm reports whether ok holds for the underlying type of t or, where t
// is a type parameter, for one of the types it may stand for.
func hasTerm(t types.Type, ok func(types.Type) bool) bool {
	if t == nil {
		return false
	}
	if _, isParam := types.Unalias(t).(*types.TypeParam); !isParam {
		return ok(t.Underlying())
	}
	return hasConstraintTerm(t.Underlying(), ok)
}

func hasConstraintTerm(t types.Type, ok func(types.Type) bool) bool {
	switch u := t.(type) {
	case *types.Interface:
		for e := range u.EmbeddedTypes() {
			if hasConstraintTerm(e, ok) {
				return true
			}
		}
		return false
	case *types.Union:
		for term := range u.Terms() {
			if hasConstraintTerm(term.Type(), ok) {
				return true
			}
		}
		return false
	}
	under := t.Underlying()
	if _, nested := under.(*types.Interface); nested {
		return hasConstraintTerm(under, ok)
	}
	return ok(under)
}
