// Proves that no product of this package can fuse with a sum: each is the whole
// of a conversion. The goldens alone would miss some, since fusing changes but
// one result in 10^5 where the product is small.
package detmath

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

func TestNoProductCanFuse(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		t.Skip("a test binary away from its sources")
	}
	products := 0
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		seen, faults := inspectProducts(file)
		products += seen
		for _, at := range faults {
			t.Errorf("%s: a product that is not the whole of float64(…)", files.Position(at))
		}
	}
	t.Logf("%d products", products)
	if products < 100 {
		t.Errorf("only %d products seen: the test looks in the wrong place", products)
	}
}

// inspectProducts counts the products of a file that are computed at run time,
// and returns where one is not at once converted.
func inspectProducts(file *ast.File) (products int, faults []token.Pos) {
	rounded := map[ast.Expr]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GenDecl:
			return n.Tok != token.CONST
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.Ident); ok && f.Name == "float64" {
				rounded[n.Args[0]] = true
			}
		case *ast.AssignStmt:
			if n.Tok == token.MUL_ASSIGN {
				faults = append(faults, n.Pos())
			}
		case *ast.BinaryExpr:
			if n.Op != token.MUL || constant(n) {
				break
			}
			if products++; !rounded[n] {
				faults = append(faults, n.Pos())
			}
		}
		return true
	})
	return products, faults
}

// constant reports whether an expression is made of literals and of constants of
// package math.
func constant(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.BinaryExpr:
		return constant(e.X) && constant(e.Y)
	case *ast.SelectorExpr:
		from, ok := e.X.(*ast.Ident)
		return ok && from.Name == "math"
	}
	return false
}
