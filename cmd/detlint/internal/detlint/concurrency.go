package detlint

import "go/ast"

var (
	goroutineUse = reason{"the Go scheduler decides who runs first", "let the world step everything: send an envelope or start a timer"}
	channelUse   = reason{"who gets a value, and when, is the Go scheduler's choice", "send an envelope or return the effect"}
	selectUse    = reason{"ready cases are chosen at random", "handle envelopes in their order"}
)

// concurrency reports the language's own means. Packages for the same purpose
// are in the table of names.
func (c *checker) concurrency(n ast.Node) {
	switch n := n.(type) {
	case *ast.GoStmt:
		c.report(n.Pos(), goroutineUse, "go statement")
	case *ast.SelectStmt:
		c.report(n.Pos(), selectUse, "select")
	case *ast.ChanType:
		c.report(n.Pos(), channelUse, "channel type")
	case *ast.SendStmt:
		c.report(n.Arrow, channelUse, "channel send")
	case *ast.UnaryExpr:
		c.report(n.OpPos, channelUse, "channel receive")
	}
}
