package detmath

import "testing"

var sink float64

func BenchmarkOne(b *testing.B) {
	for _, bench := range []struct {
		name string
		f    func(float64) float64
	}{{"Log", Log}, {"Log1p", Log1p}, {"Exp", Exp}, {"Expm1", Expm1}, {"Sin", Sin}, {"Cos", Cos}} {
		b.Run(bench.name, func(b *testing.B) {
			x := 0.7
			for b.Loop() {
				if x += 0.001; x > 100 {
					x = 0.7
				}
				sink = bench.f(x)
			}
		})
	}
}

func BenchmarkPow(b *testing.B) {
	x := 0.7
	for b.Loop() {
		if x += 0.001; x > 100 {
			x = 0.7
		}
		sink = Pow(x, 1.7)
	}
}
