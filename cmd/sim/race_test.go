//go:build race

package main

import "os"

// init has the processes that tests start end at once: each would wait a second
// for races that come while it ends, and a script of twenty commands for twenty.
func init() { os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=10") }

// memoryFactor is what the race detector makes of a program's memory.
const memoryFactor = 5

// leastRate is how many frames a second a viewer gets while others attack, of
// 30, where everything is many times as slow.
const leastRate = 3
