package detlint

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/inspector"
)

// The language lets a compiler fuse a product into a sum, "possibly across
// statements", and skip the rounding between. Ours does on arm64, s390x,
// riscv64, and amd64 at GOAMD64=v3, but not on 386 or amd64 at v1. Only an
// explicit conversion forbids it. An assignment does not, and nor does a
// return or an argument once a call is inlined, so a product must be rounded
// where it is written unless what takes it cannot be a sum.
//
// One gap is left open: x/2 + y becomes x*0.5 + y and may fuse, but the
// product is exact unless it is subnormal, and reporting every halving would
// bring more allow comments than safety.

const (
	whyFused     = "it may be fused into the sum and not rounded, differently by architecture"
	whyUnrounded = "a later sum may fuse it and not round it, differently by architecture"
)

// arithmetic judges one binary operation.
func (c *checker) arithmetic(cur inspector.Cursor, n *ast.BinaryExpr) {
	if n.Op != token.MUL && n.Op != token.QUO || c.isConstant(n) {
		return
	}
	t := c.pass.TypesInfo.TypeOf(n)
	if hasTerm(t, isComplex) {
		c.report(n.OpPos, complexBits, "complex %s", n.Op)
		return
	}
	if n.Op == token.QUO || !hasTerm(t, isFloat) {
		return
	}
	taker, arg := consumer(cur)
	if c.rounds(taker.Node(), arg) {
		return
	}
	why := whyUnrounded
	if isSum(taker.Node()) {
		why = whyFused
	}
	c.report(n.OpPos, reason{why, "write " + c.rounded(t, types.ExprString(n))}, "float product")
}

// assignOp judges x *= y, which leaves an unrounded product in x.
func (c *checker) assignOp(n *ast.AssignStmt) {
	if n.Tok != token.MUL_ASSIGN && n.Tok != token.QUO_ASSIGN {
		return
	}
	t := c.pass.TypesInfo.TypeOf(n.Lhs[0])
	if hasTerm(t, isComplex) {
		c.report(n.TokPos, complexBits, "complex %s", n.Tok)
		return
	}
	if n.Tok == token.QUO_ASSIGN || !hasTerm(t, isFloat) {
		return
	}
	product := &ast.BinaryExpr{X: n.Lhs[0], Op: token.MUL, Y: factor(n.Rhs[0])}
	x := types.ExprString(n.Lhs[0])
	cure := "write " + x + " = " + c.rounded(t, types.ExprString(product))
	c.report(n.TokPos, reason{whyUnrounded, cure}, "float product")
}

// factor puts an operand of its own in parentheses, so that the cure printed
// for x *= a + b means the same.
func factor(e ast.Expr) ast.Expr {
	if _, ok := e.(*ast.BinaryExpr); ok {
		return &ast.ParenExpr{X: e}
	}
	return e
}

// consumer is what takes the value at cur, past parentheses and signs, and
// the operand or argument by which it takes it.
func consumer(cur inspector.Cursor) (taker inspector.Cursor, arg ast.Node) {
	for {
		arg, cur = cur.Node(), cur.Parent()
		switch cur.Node().(type) {
		case *ast.ParenExpr, *ast.UnaryExpr:
		default:
			return cur, arg
		}
	}
}

func isSum(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		return n.Op == token.ADD || n.Op == token.SUB
	case *ast.AssignStmt:
		return n.Tok == token.ADD_ASSIGN || n.Tok == token.SUB_ASSIGN
	}
	return false
}

// rounds reports whether a product that n takes is rounded by it: no sum can
// get at the product itself through n.
func (c *checker) rounds(n, arg ast.Node) bool {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		return n.Op != token.ADD && n.Op != token.SUB
	case *ast.AssignStmt:
		return n.Tok == token.MUL_ASSIGN || n.Tok == token.QUO_ASSIGN
	case *ast.SwitchStmt, *ast.CaseClause:
		return true
	case *ast.CallExpr:
		return c.callRounds(n, arg)
	}
	return false
}

// callRounds does so for calls: conversions, arguments boxed in an interface
// (fmt.Println), and the few functions that are one instruction or look at
// bits alone.
func (c *checker) callRounds(call *ast.CallExpr, arg ast.Node) bool {
	fun := c.pass.TypesInfo.Types[call.Fun]
	if fun.IsType() || c.calls(call, "math", "Sqrt", "Float64bits", "Float32bits", "IsNaN", "IsInf", "Signbit") {
		return true
	}
	sig, ok := fun.Type.Underlying().(*types.Signature)
	if !ok || fun.IsBuiltin() {
		return false
	}
	for i, a := range call.Args {
		if a == arg {
			return isBoxed(parameter(sig, i, call.Ellipsis.IsValid()))
		}
	}
	return false
}

// parameter is the type that argument i is passed as.
func parameter(sig *types.Signature, i int, spread bool) types.Type {
	last := sig.Params().Len() - 1
	if !sig.Variadic() || i < last || spread {
		return sig.Params().At(i).Type()
	}
	if s, ok := sig.Params().At(last).Type().Underlying().(*types.Slice); ok {
		return s.Elem()
	}
	return nil
}

func isBoxed(t types.Type) bool {
	if t == nil {
		return false
	}
	_, isParam := types.Unalias(t).(*types.TypeParam)
	return !isParam && types.IsInterface(t)
}

func (c *checker) isConstant(e ast.Expr) bool { return c.pass.TypesInfo.Types[e].Value != nil }

// rounded writes the conversion that rounds an expression.
func (c *checker) rounded(t types.Type, expr string) string {
	qualifier := func(p *types.Package) string {
		if p == c.pass.Pkg {
			return ""
		}
		return p.Name()
	}
	return types.TypeString(t, qualifier) + "(" + expr + ")"
}

func isFloat(t types.Type) bool   { return hasInfo(t, types.IsFloat) }
func isComplex(t types.Type) bool { return hasInfo(t, types.IsComplex) }

func hasInfo(t types.Type, info types.BasicInfo) bool {
	b, ok := t.(*types.Basic)
	return ok && b.Info()&info != 0
}
