package main

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// completionCommand is a function, since it completes the table it is in.
func completionCommand() command {
	return command{
		name: "completion", args: "bash|zsh|fish", takes: takesShells,
		brief: "write what makes a shell complete sim",
		examples: []example{
			{`eval "$(sim completion bash)"`, "in ~/.bashrc"},
			{"source <(sim completion zsh)", "in ~/.zshrc, after compinit"},
			{"sim completion fish > ~/.config/fish/completions/sim.fish", "once"},
		},
		flags: func(*pflag.FlagSet) action { return (*edge).completion },
	}
}

func (e *edge) completion(args []string) error {
	if len(args) != 1 {
		return wrongUsage("completion needs the name of one shell: bash, zsh or fish")
	}
	switch args[0] {
	case "bash":
		e.print("%s", bashCompletion())
	case "zsh":
		e.print("%s", zshCompletion())
	case "fish":
		e.print("%s", fishCompletion())
	default:
		return wrongUsage("there is no completion for %s, but for bash, zsh and fish", quote(args[0]))
	}
	return nil
}

// commandNames are the names of all commands.
func commandNames() string {
	var names []string
	for _, c := range commands() {
		names = append(names, c.name)
	}
	return strings.Join(names, " ")
}

// words returns what an argument of a command can be, if it is one of some
// words.
func (c *command) words() string {
	switch c.takes {
	case takesCommands:
		return commandNames()
	case takesShells, takesModels:
		return string(c.takes)
	}
	return ""
}

func bashCompletion() string {
	var b strings.Builder
	b.WriteString("# Completes sim in bash: eval \"$(sim completion bash)\"\n_sim() {\n")
	b.WriteString("\tlocal IFS=$' \\t\\n' word=${COMP_WORDS[COMP_CWORD]} flags= words= files=\n\tCOMPREPLY=()\n")
	fmt.Fprintf(&b, "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\tCOMPREPLY=($(compgen -W '%s' -- \"$word\"))\n\t\treturn\n\tfi\n", commandNames())
	b.WriteString("\tcase ${COMP_WORDS[1]} in\n")
	for _, c := range commands() {
		f, _ := c.flagSet()
		fmt.Fprintf(&b, "\t%s) flags='%s' words='%s'", c.name, flagNames(f, " "), c.words())
		switch c.takes {
		case takesScenarios:
			b.WriteString(" files='!*.star'")
		case takesFiles:
			b.WriteString(" files='*/'")
		}
		b.WriteString(" ;;\n")
	}
	b.WriteString(`	esac
	case $word in
	-*)
		COMPREPLY=($(compgen -W "$flags" -- "$word"))
		return
		;;
	esac
	case ${COMP_WORDS[COMP_CWORD-1]} in
	--plot | --trace | --from) files='*/' ;;
	esac
	COMPREPLY=($(compgen -W "$words" -- "$word"))
	if [ -n "$files" ]; then
		IFS=$'\n'
		COMPREPLY=($(compgen -f -X "$files" -- "$word") $(compgen -d -- "$word"))
	fi
}
complete -o filenames -F _sim sim
`)
	return b.String()
}

// single quotes text for a shell.
func single(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

func zshCompletion() string {
	var b strings.Builder
	b.WriteString("#compdef sim\n# Completes sim in zsh: source <(sim completion zsh)\n_sim() {\n\tlocal -a commands\n\tcommands=(\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "\t\t%s\n", single(c.name+":"+c.brief))
	}
	b.WriteString("\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe command commands\n\t\treturn\n\tfi\n")
	b.WriteString("\tshift words\n\t(( CURRENT-- ))\n\tcase $words[1] in\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "\t%s)\n\t\t_arguments", c.name)
		f, _ := c.flagSet()
		f.VisitAll(func(flag *pflag.Flag) { b.WriteString(" \\\n\t\t\t" + single(zshFlag(flag))) })
		switch {
		case c.takes == takesScenarios:
			b.WriteString(" \\\n\t\t\t'*:scenario:_files -g \"*.star(-.)\"'")
		case c.takes == takesFiles:
			b.WriteString(" \\\n\t\t\t'*:file:_files'")
		case c.words() != "":
			fmt.Fprintf(&b, " \\\n\t\t\t'1:%s:(%s)'", strings.ToLower(strings.Trim(c.args, "[]")), c.words())
		}
		b.WriteString("\n\t\t;;\n")
	}
	b.WriteString("\tesac\n}\nif [ \"$funcstack[1]\" = _sim ]; then\n\t_sim \"$@\"\nelse\n\tcompdef _sim sim\nfi\n")
	return b.String()
}

// zshFlag describes a flag to _arguments.
func zshFlag(flag *pflag.Flag) string {
	name, usage := pflag.UnquoteUsage(flag)
	usage = strings.NewReplacer("[", "(", "]", ")", ":", `\:`).Replace(usage)
	repeated := ""
	if flag.Name == "set" || flag.Name == "show" {
		repeated = "*"
	}
	if isSwitch(flag) {
		return fmt.Sprintf("%s--%s[%s]", repeated, flag.Name, usage)
	}
	values := " "
	if name == "file" {
		values = "_files"
	}
	return fmt.Sprintf("%s--%s=[%s]:%s:%s", repeated, flag.Name, usage, name, values)
}

func isSwitch(flag *pflag.Flag) bool { return flag.Value.Type() == "bool" }

func fishCompletion() string {
	var b strings.Builder
	b.WriteString("# Completes sim in fish: sim completion fish > ~/.config/fish/completions/sim.fish\ncomplete -c sim -f\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "complete -c sim -n __fish_use_subcommand -a %s -d %s\n", c.name, single(c.brief))
		line := fmt.Sprintf("complete -c sim -n '__fish_seen_subcommand_from %s'", c.name)
		switch {
		case c.takes == takesScenarios:
			fmt.Fprintf(&b, "%s -k -a '(__fish_complete_suffix .star)'\n", line)
		case c.takes == takesFiles:
			fmt.Fprintf(&b, "%s -F\n", line)
		case c.words() != "":
			fmt.Fprintf(&b, "%s -a '%s'\n", line, c.words())
		}
		f, _ := c.flagSet()
		f.VisitAll(func(flag *pflag.Flag) {
			name, usage := pflag.UnquoteUsage(flag)
			value := " -x"
			switch {
			case isSwitch(flag):
				value = ""
			case name == "file":
				value = " -r -F"
			}
			fmt.Fprintf(&b, "%s -l %s%s -d %s\n", line, flag.Name, value, strings.ReplaceAll(single(usage), `'\''`, `\'`))
		})
	}
	return b.String()
}
