// Command sim is the laboratory: it runs scenarios, and checks, draws and
// measures them. `sim help` lists its commands.
//
// # Rules of output
//
// Results go to stdout, everything else to stderr, where a line of ours begins
// with "sim: "; errors of a scenario begin with their place instead, as a
// compiler's do: file:line:column. An error is one line that says what to do.
// Nothing is drawn that moves unless stderr is a terminal.
//
// # Exit codes
//
//	0  fine
//	1  an operation failed: a file could not be written, the run was interrupted
//	2  wrong usage, or an error of the scenario, such as a limit it met
//	3  an invariant was broken: always, never, must
//	4  liveness was not met: eventually
//	5  two runs that must be the same are not
//
// # Files
//
// A scenario names other files relative to itself, and may go up from there:
// "../topologies/x.gml". So the names that package scenario opens are those of
// the user's own file system, as the user typed them or relative to that, and
// that is how errors show them. Only regular files are read.
package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"time"
)

func main() {
	growHeapFirst()
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is main in terms of its arguments.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt is not caught: it ends us at once
	started := time.Now()
	e := &edge{
		ctx: ctx, in: stdin, out: bufio.NewWriter(stdout), err: stderr,
		terminal: isTerminal(stderr), getenv: os.Getenv, draw: drawSeed,
		now:   func() time.Duration { return time.Since(started) },
		sleep: sleep,
	}
	return e.run(args)
}

// edge is what a command has of the world outside.
type edge struct {
	ctx      context.Context // done once the user interrupts
	in       io.Reader
	out      *bufio.Writer // results
	err      io.Writer     // all else
	terminal bool          // err is one
	getenv   func(string) string
	draw     func() uint64        // a seed
	now      func() time.Duration // since the start, by a clock that never goes back
	sleep    func(ctx context.Context, d time.Duration)
}

// run runs a command, reports what came of it, and returns the exit code.
func (e *edge) run(args []string) (code int) {
	defer func() {
		if bug := recover(); bug != nil { // which would end us with 2 otherwise: the user's fault
			e.say("a fault of sim, please report it: %v\n%s", bug, debug.Stack())
			code = exitFailed
		}
	}()
	err := e.dispatch(args)
	if flushed := e.out.Flush(); flushed != nil {
		err = fmt.Errorf("results could not be written: %w", flushed)
	}
	e.report(err)
	return exitCode(err)
}

// sleep waits, less long if the user interrupts.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (e *edge) interrupted() bool { return e.ctx.Err() != nil }

// say writes a line that is no result.
func (e *edge) say(format string, args ...any) {
	fmt.Fprintf(e.err, "sim: "+format+"\n", args...)
}

// print writes a part of the results. An error shows when they are flushed.
func (e *edge) print(format string, args ...any) { fmt.Fprintf(e.out, format, args...) }

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// drawSeed draws a seed of 32 bits: enough for all runs of a laboratory, and
// short enough to be read out to a colleague.
func drawSeed() uint64 {
	var b [4]byte
	rand.Read(b[:]) // never fails
	return uint64(binary.LittleEndian.Uint32(b[:]))
}
