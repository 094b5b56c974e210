package detlint

import (
	"go/ast"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ast/inspector"
)

// A rule bans names of one package: those in only or, where only is empty,
// every package-level name that is not in except. A method is written
// Type.Method and banned by only.
type rule struct {
	reason
	only   []string
	except []string
}

var (
	wallClock    = reason{"wall time differs in every run", "take the tick as an argument, or start a timer of the world"}
	timeZone     = reason{"the zone is the machine's", "use time.UTC"}
	sharedRandom = reason{"the shared source is seeded by the process", "draw from a stream of orrery/ecs/random"}
	entropy      = reason{"it is seeded by the process or the machine", "draw from a stream of orrery/ecs/random"}
	randomBits   = reason{"it computes with math.Exp and math.Log, whose bits differ by architecture", "use the distributions of orrery/ecs/random"}
	processHash  = reason{"its seed differs in every process", "use github.com/zeebo/xxh3 with a fixed seed"}
	locks        = reason{"who comes first is the Go scheduler's choice", "leave it out: the world steps every node on one thread"}
	environment  = reason{"it differs by machine or process", "take the value as a field of the program's state or a flag of the scenario"}
	collector    = reason{"it shows the scheduler, the garbage collector or the machine", "leave it out of node programs"}
	addresses    = reason{"addresses and layouts differ by process and architecture", "use indices and encoding/binary; in the engine, keep it in orrery/ecs"}
	mathBits     = reason{"its last bits differ by architecture", "use orrery/ecs/detmath"}
	mathFMA      = reason{"it rounds once where a product and a sum round twice, and is slow where the machine has none", "write float64(a*b) + c"}
	complexBits  = reason{"complex arithmetic may fuse its products, differently by architecture", "keep real and imaginary parts as floats and round each product: float64(a*b)"}
)

// rules is the table of banned names by package.
var rules = map[string][]rule{
	"time": {
		{wallClock, []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker", "Timer", "Ticker"}, nil},
		{timeZone, []string{"Local", "LoadLocation", "Time.Local"}, nil},
	},
	"context": {{wallClock, []string{"WithTimeout", "WithTimeoutCause", "WithDeadline", "WithDeadlineCause", "AfterFunc"}, nil}},

	"math/rand": {
		{randomBits, []string{"NewZipf", "Rand.NormFloat64", "Rand.ExpFloat64"}, nil},
		{sharedRandom, nil, []string{"New", "NewSource", "Rand", "Source", "Source64", "Zipf", "NewZipf"}},
	},
	"math/rand/v2": {
		{randomBits, []string{"NewZipf", "Rand.NormFloat64", "Rand.ExpFloat64"}, nil},
		{sharedRandom, nil, []string{"New", "NewPCG", "NewChaCha8", "Rand", "Source", "PCG", "ChaCha8", "Zipf", "NewZipf"}},
	},
	"crypto/rand":  {{entropy, nil, nil}},
	"hash/maphash": {{processHash, nil, nil}},

	"sync":                           {{locks, nil, nil}},
	"sync/atomic":                    {{locks, nil, nil}},
	"golang.org/x/sync/errgroup":     {{locks, nil, nil}},
	"golang.org/x/sync/semaphore":    {{locks, nil, nil}},
	"golang.org/x/sync/singleflight": {{locks, nil, nil}},

	"os": {{environment, []string{
		"Args", "Clearenv", "CreateTemp", "Environ", "Executable", "ExpandEnv", "Getegid", "Getenv", "Geteuid",
		"Getgid", "Getgroups", "Getpagesize", "Getpid", "Getppid", "Getuid", "Getwd", "Hostname", "LookupEnv",
		"MkdirTemp", "Setenv", "TempDir", "Unsetenv", "UserCacheDir", "UserConfigDir", "UserHomeDir",
	}, nil}},
	"os/exec":   {{environment, nil, nil}},
	"os/signal": {{environment, nil, nil}},
	"os/user":   {{environment, nil, nil}},
	"syscall":   {{environment, nil, nil}},

	// KeepAlive changes nothing a program can see; the others are the types
	// of recovered panics.
	"runtime":         {{collector, nil, []string{"KeepAlive", "Error", "TypeAssertionError", "PanicNilError"}}},
	"runtime/debug":   {{collector, nil, nil}},
	"runtime/metrics": {{collector, nil, nil}},
	"runtime/pprof":   {{collector, nil, nil}},
	"runtime/trace":   {{collector, nil, nil}},
	"weak":            {{collector, nil, nil}},

	"maps": {{mapOrder, []string{"Keys", "Values", "All"}, nil}},
	"sort": {{sortOrder, []string{"Sort", "Slice"}, nil}},
	"slices": {
		{sortOrder, []string{"SortFunc", "SortedFunc"}, nil},
	},
	"reflect": {
		{mapOrder, []string{"Value.MapKeys", "Value.MapRange", "MapIter"}, nil},
		{addresses, []string{"Value.Pointer", "Value.UnsafePointer", "Value.UnsafeAddr"}, nil},
		{channelUse, []string{"Select", "ChanOf", "MakeChan", "Value.Send", "Value.Recv", "Value.TrySend", "Value.TryRecv"}, nil},
	},
	"unsafe": {{addresses, nil, nil}},

	// What is not here is exact on every architecture; a test holds this
	// list against all that package math exports.
	"math": {
		{mathFMA, []string{"FMA"}, nil},
		{mathBits, []string{
			"Acos", "Acosh", "Asin", "Asinh", "Atan", "Atan2", "Atanh", "Cbrt", "Cos", "Cosh", "Erf", "Erfc",
			"Erfcinv", "Erfinv", "Exp", "Exp2", "Expm1", "Gamma", "Hypot", "J0", "J1", "Jn", "Lgamma", "Log",
			"Log10", "Log1p", "Log2", "Pow", "Pow10", "Sin", "Sincos", "Sinh", "Tan", "Tanh", "Y0", "Y1", "Yn",
		}, nil},
	},
	"math/cmplx": {{complexBits, nil, nil}},
}

// name reports the use of a banned name, however it was imported.
func (c *checker) name(cur inspector.Cursor, id *ast.Ident) {
	obj := c.pass.TypesInfo.Uses[id]
	if obj == nil || obj.Pkg() == nil || obj.Pkg() == c.pass.Pkg {
		return
	}
	path := obj.Pkg().Path()
	r, banned := lookup(path, obj)
	switch {
	case !banned:
	case r == addresses && c.unsafeAllowed:
	case path == "maps" && c.sortedAtOnce(cur):
	default:
		c.report(id.Pos(), r, "%s.%s", path, qualified(obj))
	}
}

// lookup finds why a name of another package is banned.
func lookup(path string, obj types.Object) (reason, bool) {
	name := qualified(obj)
	topLevel := obj.Parent() == obj.Pkg().Scope()
	for _, r := range rules[path] {
		if slices.Contains(r.only, name) {
			return r.reason, true
		}
		if len(r.only) == 0 && topLevel && !slices.Contains(r.except, name) {
			return r.reason, true
		}
	}
	return reason{}, false
}

// qualified is an object's name, with its type's before it for a method.
func qualified(obj types.Object) string {
	f, ok := obj.(*types.Func)
	if !ok || f.Signature().Recv() == nil {
		return obj.Name()
	}
	t := f.Signature().Recv().Type()
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	if named, ok := t.(*types.Named); ok {
		return named.Obj().Name() + "." + f.Name()
	}
	return obj.Name()
}

// linkname reports a blank import of unsafe: its only purpose is go:linkname,
// which reaches past every rule above.
func (c *checker) linkname(n *ast.ImportSpec) {
	if n.Path.Value == `"unsafe"` && n.Name != nil && n.Name.Name == "_" && !c.unsafeAllowed {
		c.report(n.Pos(), addresses, "blank import of unsafe")
	}
}
