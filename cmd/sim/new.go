package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/pflag"
)

//go:embed new.star
var newScenario string

var newCommand = command{
	name: "new", args: "[FILE]", takes: takesFiles,
	brief: "write a commented scenario to begin with",
	about: `Without a file it goes to stdout. A file that is there already is left alone.`,
	examples: []example{
		{"sim new first.star", "write it, then: sim run first.star"},
		{"sim new | less", "read it"},
	},
	flags: func(*pflag.FlagSet) action { return (*edge).newFile },
}

func (e *edge) newFile(args []string) error {
	switch len(args) {
	case 0:
		e.print("%s", newScenario)
		return nil
	case 1:
	default:
		return wrongUsage("new writes one file, and there are %d arguments", len(args))
	}
	name := args[0]
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return &ending{exitFailed, fmt.Errorf("%s exists already, and is left as it is", quote(name))}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", quote(name), reason(err))
	}
	_, err = f.WriteString(newScenario)
	if err := errors.Join(err, f.Close()); err != nil {
		os.Remove(name) // a part of a scenario is none
		return err
	}
	e.say("%s is written; run it: sim run %s", quote(name), quote(name))
	return nil
}
