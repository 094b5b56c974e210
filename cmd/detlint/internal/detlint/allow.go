package detlint

import (
	"go/ast"
	"strings"
)

const allowMark = "//det:allow"

// readAllows returns the lines that comments of a file exempt: the comment's
// own, for one behind a statement, and the next, for one above it. A comment
// without a reason exempts nothing and is reported, because nobody could tell
// later whether it still holds.
func (c *checker) readAllows(f *ast.File) map[int]bool {
	lines := map[int]bool{}
	for _, group := range f.Comments {
		for _, comment := range group.List {
			rest, ok := strings.CutPrefix(comment.Text, allowMark)
			if !ok {
				continue
			}
			if !hasReason(rest) {
				c.pass.Reportf(comment.Pos(), "%s without a reason: nobody can judge it later; write %s and why the order or value cannot matter", allowMark, allowMark)
				continue
			}
			line := c.pass.Fset.Position(comment.Pos()).Line
			lines[line], lines[line+1] = true, true
		}
	}
	return lines
}

// hasReason reports whether words follow the mark. A further comment on the
// same line is not one.
func hasReason(rest string) bool {
	rest, _, _ = strings.Cut(rest, "//")
	return strings.HasPrefix(rest, " ") && strings.TrimSpace(rest) != ""
}
