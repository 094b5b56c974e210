package main

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// helpCommand is a function, since help shows the table it is in.
func helpCommand() command {
	return command{
		name: "help", args: "[COMMAND]", takes: takesCommands,
		brief:    "say how a command is used, with examples",
		examples: []example{{"sim help", "the commands"}, {"sim help run", "the flags of one, and examples"}},
		flags: func(*pflag.FlagSet) action {
			return func(e *edge, args []string) error {
				switch len(args) {
				case 0:
					e.print("%s", overview())
					return nil
				case 1:
					c, err := find(args[0])
					if err == nil {
						e.print("%s", c.help())
					}
					return err
				}
				return wrongUsage("help takes one command, and there are %d arguments", len(args))
			}
		},
	}
}

// overview is what sim help shows.
func overview() string {
	var b strings.Builder
	b.WriteString("sim is a laboratory for distributed systems: it runs scenarios, bit for bit the\nsame every time.\n\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  sim %-25s %s\n", strings.TrimSpace(c.name+" "+c.args), c.brief)
	}
	fmt.Fprintf(&b, "\nNot built yet: %s.\n", strings.Join(later, ", "))
	b.WriteString("\nTo begin: sim new first.star, then sim run first.star. sim help COMMAND says more.\n")
	b.WriteString("Exit: 0 fine, 1 failed, 2 usage or scenario, 3 invariant, 4 liveness, 5 divergence.\n")
	return b.String()
}

// help is what sim help COMMAND shows.
func (c *command) help() string {
	var b strings.Builder
	f, _ := c.flagSet()
	fmt.Fprintf(&b, "sim %s: %s\n\nUsage: sim %s\n", c.name, c.brief, strings.TrimSpace(c.name+" [flags] "+c.args))
	if c.about != "" {
		fmt.Fprintf(&b, "\n%s\n", c.about)
	}
	fmt.Fprintf(&b, "\nFlags:\n%s\nExamples:\n", f.FlagUsagesWrapped(80))
	for _, x := range c.examples {
		fmt.Fprintf(&b, "  %s\n      %s\n", x.line, x.does)
	}
	return b.String()
}
