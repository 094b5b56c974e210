// Package bench has the models that the engine's speed is measured with, in
// several styles, and the limit they are measured against: the same model in
// the fastest program of plain slices we could write. README.md holds the
// figures, guard.sh the guard that CI runs.
package bench
