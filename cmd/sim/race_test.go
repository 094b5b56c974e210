//go:build race

package main

// memoryFactor is what the race detector makes of a program's memory.
const memoryFactor = 5

// leastRate is how many frames a second a viewer gets while others attack, of
// 30, where everything is many times as slow.
const leastRate = 3
