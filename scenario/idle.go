package scenario

import (
	"fmt"
	"slices"

	"go.starlark.net/resolve"
	"go.starlark.net/syntax"
)

// actionWords are words that return an action, which at, between and when do.
var actionWords = []string{"crash", "lose_disk", "start", "stop", "restart", "pause", "resume", "cut", "partition", "isolate", "heal", "slow", "send", "join", "leave"}

// idle finds statements that are an action and nothing else: they do nothing,
// which nobody writes on purpose.
func idle(f *syntax.File) Errors {
	var errs Errors
	syntax.Walk(f, func(n syntax.Node) bool {
		if _, ok := n.(*syntax.DefStmt); ok {
			return false // a handler or a check is told that it cannot plan
		}
		statement, ok := n.(*syntax.ExprStmt)
		if !ok {
			return true
		}
		call, ok := statement.X.(*syntax.CallExpr)
		if !ok {
			return true
		}
		word, ok := call.Fn.(*syntax.Ident)
		if !ok || !slices.Contains(actionWords, word.Name) {
			return true
		}
		if b, ok := word.Binding.(*resolve.Binding); ok && b.Scope == resolve.Predeclared {
			errs = append(errs, &Error{Pos: word.NamePos, What: fmt.Sprintf(`%s(…) alone does nothing; say when: at("1s", %[1]s(…))`, word.Name)})
		}
		return true
	})
	return errs
}
