// Package detmath is floating-point mathematics that gives the same bits on
// every architecture.
//
// Go's own math is free to differ: several functions have assembly on some
// architectures (math.Exp on amd64 and arm64, most of the package on s390x),
// and a compiler may fuse x*y + z into one rounding where the machine has such
// an instruction, as arm64, ppc64, riscv64 and s390x have. A digest over the
// results would then name the machine and not the run.
//
// # Contract
//
// For equal bits of the arguments every function returns equal bits, on every
// GOARCH, GOAMD64 and GO386. What makes it so:
//
//   - Only operations that IEEE 754 rounds in one way: + - * / and the square
//     root, comparison, and the taking apart of a float as an integer.
//   - Every product whose result may meet a sum is written float64(a*b). The
//     language specification forbids fusing across an explicit conversion; it
//     does not forbid fusing across an assignment or an inlined call.
//   - A NaN result is always [NaN], whatever NaN came in. Which payload and
//     sign an operation gives differs between machines.
//   - A float becomes an integer only inside the integer's range, or through
//     [Int64], since the language leaves the rest to the machine.
//
// The tests hash the bits of each function over a fixed sample against
// constants, so the same test run on another architecture proves the contract.
//
// # Accuracy
//
// In units in the last place of the exact result, near zeros, poles and denormal
// results too. The tests hold every function to its bound, over fixed samples
// and against an oracle in math/big; the largest error they see is beside it.
//
//	                      bound   seen
//	Sqrt                  0.5     correctly rounded
//	Floor, Ceil, Trunc,
//	Round, Mod            0       exact
//	Log                   1       0.70
//	Log1p                 1       0.74
//	Exp                   1       0.74
//	Expm1                 1       0.77
//	Sin                   1       0.65
//	Cos                   1       0.64
//	Pow                   1       0.79
//	Log2                  2       1.21
//	Log10                 2       1.60
//	Hypot                 2       1.63
//	Tan                   3       2.09
//
// Units: angles are radians, logarithms are natural unless the name says
// otherwise. No function panics.
package detmath
