// Package random draws what nobody can draw again.
package random

import (
	crypto "crypto/rand"
	"hash/maphash"
	old "math/rand"
	"math/rand/v2"
)

func draw(p []byte) {
	_ = rand.IntN(6)                   // want `math/rand/v2.IntN: the shared source is seeded by the process; draw from a stream of orrery/ecs/random`
	_ = rand.N(6)                      // want `math/rand/v2.N: the shared`
	rand.Shuffle(2, func(_, _ int) {}) // want `math/rand/v2.Shuffle`
	_ = old.Intn(6)                    // want `math/rand.Intn: the shared`
	old.Seed(1)                        // want `math/rand.Seed`
	_, _ = crypto.Read(p)              // want `crypto/rand.Read: it is seeded by the process or the machine`
	_ = crypto.Reader                  // want `crypto/rand.Reader`
	var h maphash.Hash                 // want `hash/maphash.Hash: its seed differs in every process; use github.com/zeebo/xxh3`
	_ = h
	own := rand.New(rand.NewPCG(1, 2))
	_ = own.NormFloat64()           // want `math/rand/v2.Rand.NormFloat64: it computes with math.Exp and math.Log`
	_ = own.ExpFloat64()            // want `math/rand/v2.Rand.ExpFloat64`
	_ = rand.NewZipf(own, 2, 2, 10) // want `math/rand/v2.NewZipf: it computes`
}
