// Package machine looks at the process, the host and the garbage collector.
package machine

import (
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"syscall"
	"unsafe"
	_ "unsafe" // want `blank import of unsafe`
	"weak"
)

var home = os.Getenv("HOME") // want `os.Getenv: it differs by machine or process; take the value as a field of the program's state`

func look(x *int, v reflect.Value) {
	_ = os.Getpid()                // want `os.Getpid`
	_ = os.Args                    // want `os.Args`
	_, _ = os.Hostname()           // want `os.Hostname`
	_ = syscall.Getpid()           // want `syscall.Getpid`
	_ = runtime.NumGoroutine()     // want `runtime.NumGoroutine: it shows the scheduler, the garbage collector or the machine`
	_ = runtime.GOARCH             // want `runtime.GOARCH`
	debug.SetGCPercent(5)          // want `runtime/debug.SetGCPercent`
	_ = weak.Make(x)               // want `weak.Make`
	_ = uintptr(unsafe.Pointer(x)) // want `unsafe.Pointer: addresses and layouts differ by process and architecture; use indices`
	_ = unsafe.Sizeof(x)           // want `unsafe.Sizeof`
	_ = v.Pointer()                // want `reflect.Value.Pointer: addresses`
	runtime.KeepAlive(x)
}
