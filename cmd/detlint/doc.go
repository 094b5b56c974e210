// Detlint is a vet tool that keeps nondeterminism out of node programs.
//
// A run must give the same digest at every tick on every architecture, at any
// GOMAXPROCS and with any garbage collector setting. The compiler promises
// none of that: maps are iterated in random order, clocks run, goroutines
// race, and a product may or may not be fused into the sum that takes it.
// Detlint reports each such place with the reason and the cure.
//
// Build it once, in a clone of orrery, and run it in your own module:
//
//	go build -o detlint ./cmd/detlint
//	cd ../mynodes && go vet -vettool=/path/to/detlint ./...
//
// It needs no network. Test files are not checked: they may use clocks and
// goroutines as they please.
//
// # Flags
//
//	-detlint.pkgs=a/b,c    check only packages at or under these import paths
//	-detlint.unsafe=a/b    packages that may use unsafe (default orrery/ecs)
//
// With `-detlint.pkgs`, commands and servers in the same module keep their
// clocks and goroutines:
//
//	go vet -vettool=/path/to/detlint -detlint.pkgs=mynodes/raft,mynodes/gossip ./...
//
// # What it reports
//
//   - range over a map; maps.Keys, maps.Values, maps.All (but not directly in
//     slices.Sorted); reflect's MapKeys and MapRange
//   - unstable sorts: sort.Sort, sort.Slice, slices.SortFunc
//   - the clock, timers and time zone of package time, deadlines of context
//   - goroutines, channels, select, sync, sync/atomic
//   - math/rand's shared source, crypto/rand, hash/maphash
//   - the environment, process and host: package os in part, syscall, runtime
//   - unsafe, and addresses taken through reflect
//   - math functions whose last bits differ by architecture, and math/cmplx
//   - a float product that nothing rounds before a sum may take it: in
//     a*b + c, x += a*b, x *= a, t = a*b, return a*b, f(a*b) and so on;
//     complex products always
//
// # Exceptions
//
// A comment exempts its own line and the next. The reason is demanded:
//
//	//det:allow counting is the same in any order
//	for range m {
//		n++
//	}
package main
