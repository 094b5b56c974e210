package main

import (
	"github.com/spf13/pflag"

	"orrery/netsync/zmq"
)

var keygenCommand = command{
	name: "keygen", args: "DIR", takes: takesFiles,
	brief: "write keys for runs that are published beyond this machine",
	about: `DIR gets server.key and server.key_secret, once, and a pair for a viewer:
clients/NAME.key, which lets it in, and NAME.key_secret, for the viewer alone
together with server.key. Called again with another name, it adds a viewer.
What is there is kept. The files are those of czmq and pyzmq.

Exit: 0 fine, 1 a file could not be written or is there.`,
	examples: []example{
		{"sim keygen keys", "for a run and one viewer"},
		{"sim keygen keys --client ada", "one more"},
		{"sim run ring.star --publish tcp://0.0.0.0:5570 --curve-keys keys", "only they are let in"},
		{"sim sub tcp://lab:5570 --curve-keys keys --as ada", "as one of them"},
	},
	flags: func(f *pflag.FlagSet) action {
		client := f.String("client", "viewer", "what the viewer's `name` is")
		return func(e *edge, args []string) error {
			if len(args) != 1 {
				return wrongUsage("keygen takes one directory, and there are %d arguments: sim keygen keys", len(args))
			}
			files, err := zmq.Keygen(args[0], *client)
			for _, name := range files {
				e.print("%s\n", name)
			}
			return err
		}
	},
}
