// Package ecs may use unsafe, and nothing else that others may not.
package ecs

import (
	"reflect"
	"time"
	"unsafe"
	_ "unsafe"
)

func column(p *int, n int) []int { return unsafe.Slice(p, n) }

func address(v reflect.Value) unsafe.Pointer { return v.UnsafePointer() }

func now() time.Time { return time.Now() } // want `time.Now`
