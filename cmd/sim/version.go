package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/pflag"

	"orrery/scheduler"
	"orrery/scheduler/trace"
)

var versionCommand = command{
	name:  "version",
	brief: "name the revisions of all that has one",
	about: `The engine, the language, traces and the wire have one. Each is raised when what
it promises changes: runs of engines of different revisions do not compare.`,
	examples: []example{{"sim version", "for a bug report"}},
	flags: func(*pflag.FlagSet) action {
		return func(e *edge, args []string) error {
			if err := noArguments("version", args); err != nil {
				return err
			}
			e.print("sim       %s\nengine    %d\nlanguage  %d\ntrace     %d\nwire      none yet\ngo        %s %s/%s\n",
				build(), scheduler.Revision, languageRevision, trace.Revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		}
	},
}

// languageRevision is that of the scenario language.
const languageRevision = 1

// build names what this binary was built from, as far as that is known.
func build() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(unknown)"
	}
	return info.Main.Version
}
