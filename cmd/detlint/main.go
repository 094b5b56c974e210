package main

import (
	"golang.org/x/tools/go/analysis/unitchecker"

	"orrery/cmd/detlint/internal/detlint"
)

func main() { unitchecker.Main(detlint.New()) }
