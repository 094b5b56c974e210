// Package testdata holds the scenarios of this repository, the files they name,
// and the digests they come to on every machine. It is a package so that sim
// selftest has them with it.
package testdata

import "embed"

// FS holds scenarios, topologies, latency, and golden: for each scenario the
// digests of its run with seed 1.
//
//go:embed scenarios topologies latency golden
var FS embed.FS
