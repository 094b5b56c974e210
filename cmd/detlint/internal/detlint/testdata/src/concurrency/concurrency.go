// Package concurrency asks the Go scheduler who runs first.
package concurrency

import (
	"reflect"
	"sync"
	"sync/atomic"
)

type inbox struct {
	sync.Mutex              // want `sync.Mutex: who comes first is the Go scheduler's choice; leave it out`
	items      chan int     // want `channel type: who gets a value`
	n          atomic.Int64 // want `sync/atomic.Int64: who comes first`
}

func run(b *inbox, done <-chan bool) { // want `channel type`
	go func() { // want `go statement: the Go scheduler decides who runs first; let the world step everything`
		b.items <- 1 // want `channel send`
	}()
	select { // want `select: ready cases are chosen at random`
	case <-done: // want `channel receive`
	case v := <-b.items: // want `channel receive`
		_ = v
	}
	for range b.items { // want `range over a channel`
	}
	_ = reflect.ValueOf(done).Recv // want `reflect.Value.Recv: who gets a value`
}

func generic[C ~chan int](c C) { // want `channel type`
	for range c { // want `range over a channel`
	}
}
