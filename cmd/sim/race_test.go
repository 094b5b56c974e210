//go:build race

package main

// memoryFactor is what the race detector makes of a program's memory.
const memoryFactor = 5
