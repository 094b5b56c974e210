package value

import (
	"fmt"
	"strings"

	"go.starlark.net/starlark"

	"orrery/ecs"
)

// MaxDepth is how deep values may nest to be encoded, decoded or copied.
const MaxDepth = 200

const maxDepth = MaxDepth

// DefaultMaxBytes is the limit of a Codec that sets none.
const DefaultMaxBytes = 1 << 24

// Functions names the functions that were made while loading.
type Functions interface {
	// FunctionName returns the stable name of a function, whatever it was
	// bound to in the scenario.
	FunctionName(fn starlark.Callable) (name string, ok bool)
	// Function is its reverse.
	Function(name string) (fn starlark.Callable, ok bool)
}

// Keepable is a value of another package that can be kept. It must be
// immutable, and so must what it is made of.
type Keepable interface {
	starlark.Value
	// Keep returns what Codec.Rebuild makes an equal value of.
	Keep() (kind string, state starlark.Value)
}

// Codec says how values are kept that are more than data, and how large they
// may be. The zero Codec, and a nil one, know no functions and no nodes.
type Codec struct {
	Functions Functions
	// Node returns the handle of a node, if there is such a node.
	Node func(ecs.Node) (starlark.Value, bool)
	// Rebuild is the reverse of Keepable's Keep.
	Rebuild func(kind string, state starlark.Value) (starlark.Value, error)
	// KeepFrozen has it kept which lists, dicts and sets cannot be changed: of
	// state, where a payload's may lie beside others. Payloads arrive frozen
	// whatever they were.
	KeepFrozen bool
	// MaxBytes is the largest a value may be: --script-bytes.
	MaxBytes int

	interned *interned
}

func (c *Codec) maxBytes() int {
	if c == nil || c.MaxBytes == 0 {
		return DefaultMaxBytes
	}
	return c.MaxBytes
}

// Error says what cannot be kept, where in a value.
type Error struct {
	Path string // from the value: [3].term
	What string
}

func (e *Error) Error() string {
	if e.Path == "" {
		return e.What
	}
	path := e.Path
	if len(path) > maxPath { // it has up to maxDepth steps
		path = strings.ToValidUTF8(path[:maxPath*2/3], "") + " … " + strings.ToValidUTF8(path[len(path)-maxPath/3:], "")
	}
	return path + ": " + e.What
}

// maxPath is how much of a path is printed.
const maxPath = 120

// within puts a step before the path of an error.
func within(err error, step string) error {
	if e, ok := err.(*Error); ok {
		e.Path = step + e.Path
	}
	return err
}

// key is a step into a dict.
func key(k starlark.Value) string {
	const most = 40
	text := printed(k)
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return "[" + text + "]"
}

func tooDeep() error {
	return &Error{What: fmt.Sprintf("it is nested more than %d deep", maxDepth)}
}

func (c *Codec) tooLarge() error {
	return &Error{What: fmt.Sprintf("the value takes more than %d bytes (--script-bytes)", c.maxBytes())}
}

// name returns the name under which a function is kept, or why it is not.
func (c *Codec) name(fn starlark.Callable) (string, error) {
	if c != nil && c.Functions != nil {
		if name, ok := c.Functions.FunctionName(fn); ok {
			return name, nil
		}
	}
	switch fn := fn.(type) {
	case *starlark.Function:
		return "", &Error{What: madeInHandler(fn)}
	case *starlark.Builtin:
		if recv := fn.Receiver(); recv != nil {
			return "", &Error{What: fmt.Sprintf("the method %s of a %s cannot be kept; keep the %[2]s", fn.Name(), recv.Type())}
		}
	}
	return "", &Error{What: fmt.Sprintf("the built-in function %s cannot be kept", fn.Name())}
}

// madeInHandler says why a function is not known, and what to write instead.
func madeInHandler(fn *starlark.Function) string {
	what, name := "the function "+fn.Name(), fn.Name()
	if name == "lambda" {
		what, name = "this lambda", "done"
	}
	captured := make([]string, fn.NumFreeVars())
	for i := range captured {
		b, _ := fn.FreeVar(i)
		captured[i] = b.Name
	}
	captures := strings.Join(captured, ", ")
	if captures == "" {
		return fmt.Sprintf("%s (%s) was made in a handler and cannot be kept; write def %s outside of handlers", what, fn.Position(), name)
	}
	return fmt.Sprintf("%s (%s) was made in a handler (captures %s) and cannot be kept; write bind(%s, %[3]s), with def %[4]s outside of handlers", what, fn.Position(), captures, name)
}

// interned keeps strings that are met again and again: names of fields, keys,
// states of machines. A slot holds the latest of its strings, so that it takes
// neither a map nor a bound.
type interned struct {
	names  [256]string
	values [256]starlark.Value
}

// maxInterned is the length up to which texts tend to be met again.
const maxInterned = 32

func slotOf[T string | []byte](s T) uint8 {
	if len(s) == 0 {
		return 0
	}
	return uint8(len(s)) ^ s[0]*31 ^ s[len(s)-1]*7 ^ s[len(s)/2]*13
}
