package main

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// command is a command of sim.
type command struct {
	name     string
	args     string // as usage shows them
	brief    string
	about    string // what more help says
	examples []example
	takes    takes
	flags    func(f *pflag.FlagSet) action
}

// action does what a command is for, once its flags are parsed.
type action func(e *edge, args []string) error

type example struct{ line, does string }

// takes is what a command's arguments are, for completion.
type takes string

const (
	takesNothing   takes = ""
	takesScenarios takes = "scenarios"
	takesFiles     takes = "files"
	takesCommands  takes = "commands"
	takesShells    takes = "bash zsh fish"
	takesModels    takes = "phold"
)

// commands are all commands, in the order in which help lists them.
func commands() []command {
	return []command{
		runCommand, viewCommand, subCommand, callCommand, keygenCommand, replayCommand, diffCommand, logCommand, checkCommand, newCommand, selftestCommand, benchCommand,
		versionCommand, helpCommand(), completionCommand(),
	}
}

// later are commands of the design that are not built yet.
var later = []string{"sweep", "shrink"}

// flagSet makes a command's flags anew.
func (c *command) flagSet() (*pflag.FlagSet, action) {
	f := pflag.NewFlagSet(c.name, pflag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	f.SortFlags = false
	do := c.flags(f)
	f.BoolP("help", "h", false, "show this help")
	return f, do
}

// dispatch runs the command that the arguments name.
func (e *edge) dispatch(args []string) error {
	if len(args) == 0 {
		return wrongUsage("a command is missing; sim help lists them")
	}
	name := args[0]
	switch name {
	case "-h", "--help":
		name = "help"
	case "--version":
		name = "version"
	}
	c, err := find(name)
	if err != nil {
		return err
	}
	f, do := c.flagSet()
	if err := f.Parse(args[1:]); err != nil {
		return flagError(c, f, err)
	}
	if help, _ := f.GetBool("help"); help {
		e.print("%s", c.help())
		return nil
	}
	return do(e, f.Args())
}

// find returns a command by name.
func find(name string) (*command, error) {
	all := commands()
	if i := slices.IndexFunc(all, func(c command) bool { return c.name == name }); i >= 0 {
		return &all[i], nil
	}
	if slices.Contains(later, name) {
		return nil, wrongUsage("%s is not built yet", name)
	}
	if strings.HasPrefix(name, "-") {
		return nil, wrongUsage("a command comes first, then its flags: sim run %s; sim help lists the commands", name)
	}
	if strings.HasSuffix(name, ".star") {
		return nil, wrongUsage("there is no command %q; did you mean sim run %s?", name, quote(name))
	}
	var names []string
	for i := range all {
		names = append(names, all[i].name)
	}
	if near := nearest(name, append(names, later...)); near != "" {
		return nil, wrongUsage("there is no command %q; did you mean %s?", name, near)
	}
	return nil, wrongUsage("there is no command %q; there are %s", name, strings.Join(names, ", "))
}

// flagError says what is wrong with a command's flags in one line.
func flagError(c *command, f *pflag.FlagSet, err error) error {
	var unknown *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	var needs *pflag.ValueRequiredError
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "":
		return unknownFlag(c, f, unknown.GetSpecifiedName())
	case errors.As(err, &invalid) && invalid.GetFlag().Value.Type() == "bool":
		return wrongUsage("--%s is on or not: it takes no value, and %q is one", invalid.GetFlag().Name, invalid.GetValue())
	case errors.As(err, &invalid):
		return wrongUsage("--%s %s: %w", invalid.GetFlag().Name, quote(invalid.GetValue()), errors.Unwrap(err))
	case errors.As(err, &needs):
		return wrongUsage("--%s needs a value: --%s", needs.GetSpecifiedName(), withValue(needs.GetFlag()))
	case errors.As(err, &unknown):
		return wrongUsage("%s has no flag -%s: flags are written out, as --%[3]s; sim %[1]s --help shows them", c.name, unknown.GetSpecifiedName(), firstFlag(f))
	}
	return wrongUsage("%w; sim help %s shows the flags", err, c.name)
}

func unknownFlag(c *command, f *pflag.FlagSet, name string) error {
	if near := nearest(name, strings.Fields(flagNames(f, " "))); near != "" {
		return wrongUsage("%s has no flag --%s; did you mean %s? sim %[1]s --help shows all", c.name, name, near)
	}
	return wrongUsage("%s has no flag --%s; sim %[1]s --help shows them", c.name, name)
}

// firstFlag is the one that help shows first.
func firstFlag(f *pflag.FlagSet) (name string) {
	f.VisitAll(func(flag *pflag.Flag) {
		if name == "" {
			name = flag.Name
		}
	})
	return name
}

func flagNames(f *pflag.FlagSet, between string) string {
	var names []string
	f.VisitAll(func(flag *pflag.Flag) { names = append(names, "--"+flag.Name) })
	return strings.Join(names, between)
}

// withValue is a flag and what its value is called.
func withValue(flag *pflag.Flag) string {
	name, _ := pflag.UnquoteUsage(flag)
	return strings.TrimSpace(flag.Name + " " + name)
}

// noArguments refuses arguments.
func noArguments(c string, args []string) error {
	if len(args) > 0 {
		return wrongUsage("%s takes no arguments, and %s is one", c, quote(args[0]))
	}
	return nil
}
