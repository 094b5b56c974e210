// Proves the accuracy that doc.go states: each function over fixed samples of
// every range it treats differently, against the oracle in math/big.
package detmath

import (
	"math"
	"math/big"
	"testing"
)

// one is an accuracy test of a function of one argument.
type one struct {
	name   string
	f      func(float64) float64
	oracle func(float64) *big.Float
	bound  float64 // ulps
	sample []func(*sampler) float64
}

func within(low, high float64) func(*sampler) float64 {
	return func(s *sampler) float64 { return s.within(low, high) }
}

func magnitude(low, high int) func(*sampler) float64 {
	return func(s *sampler) float64 { return s.magnitude(low, high) }
}

// nearPi gives floats next to multiples of π/2, where a careless reduction
// leaves no bits.
func nearPi(s *sampler) float64 {
	k := float64(s.next()%(1<<20) + 1)
	return float64(k * (math.Pi / 2))
}

var (
	logSample  = []func(*sampler) float64{within(0.5, 2), magnitude(-1074, 1024), within(0.999, 1.001), within(1, 1000)}
	expSample  = []func(*sampler) float64{within(-1, 1), within(-708, 709.7), within(-745, -708), magnitude(-60, 0)}
	trigSample = []func(*sampler) float64{within(-1, 1), within(-100, 100), magnitude(-30, 1024), nearPi}
)

func ones() []one {
	toBig := func(f func(*big.Float) *big.Float) func(float64) *big.Float {
		return func(x float64) *big.Float { return f(bigOf(x)) }
	}
	quotient := func(a, b *big.Float) *big.Float { return newBig(oracleBits).Quo(a, b) }
	return []one{
		{"Log", Log, toBig(oracleLog), 1, logSample},
		{"Log2", Log2, func(x float64) *big.Float { return quotient(oracleLog(bigOf(x)), oracleLn2) }, 2, logSample},
		{"Log10", Log10, func(x float64) *big.Float { return quotient(oracleLog(bigOf(x)), oracleLog(bigOf(10))) }, 2, logSample},
		{"Log1p", Log1p, func(x float64) *big.Float {
			return oracleLog(newBig(2*oracleBits).Add(bigOf(1), bigOf(x)))
		}, 1, []func(*sampler) float64{within(-0.9999, 2), magnitude(-60, 0), magnitude(0, 1000), func(s *sampler) float64 { return -s.magnitude(-60, 0) }}},
		{"Exp", Exp, toBig(oracleExp), 1, expSample},
		{"Expm1", Expm1, func(x float64) *big.Float {
			return newBig(oracleBits).Sub(oracleExp(bigOf(x)), bigOf(1))
		}, 1, []func(*sampler) float64{within(-2, 2), within(-50, 709.7), within(10, 45), magnitude(-60, 0)}},
		{"Sin", Sin, func(x float64) *big.Float { sin, _ := oracleSinCos(x); return sin }, 1, trigSample},
		{"Cos", Cos, func(x float64) *big.Float { _, cos := oracleSinCos(x); return cos }, 1, trigSample},
		{"Tan", Tan, func(x float64) *big.Float { return quotient(oracleSinCos(x)) }, 3, trigSample},
	}
}

const accuracySample = 1500

func TestAccuracy(t *testing.T) {
	for _, test := range ones() {
		t.Run(test.name, func(t *testing.T) {
			s := sampler(1)
			worst, at := 0.0, 0.0
			for range accuracySample / len(test.sample) {
				for _, draw := range test.sample {
					x := draw(&s)
					if u := ulps(test.f(x), test.oracle(x)); u > worst {
						worst, at = u, x
					}
				}
			}
			t.Logf("%.3f ulp at %v", worst, at)
			if worst > test.bound {
				t.Errorf("%s(%v) = %v: off by %.3g ulp, stated %v", test.name, at, test.f(at), worst, test.bound)
			}
		})
	}
}

// TestPowAccuracy covers moderate powers, powers at the ends of the floats'
// range, and bases so near to 1 that y runs to 2^60.
func TestPowAccuracy(t *testing.T) {
	samples := []func(*sampler) (x, y float64){
		func(s *sampler) (x, y float64) { return s.within(0, 100), s.within(-20, 20) },
		func(s *sampler) (x, y float64) {
			x = s.magnitude(-1074, 1023)
			return x, s.within(-1080, 1030) / math.Abs(math.Log2(x))
		},
		func(s *sampler) (x, y float64) {
			d := s.magnitude(-50, -10)
			return 1 + d, s.within(-700, 700) / d
		},
		func(s *sampler) (x, y float64) { return -s.within(0, 10), float64(s.next()%41) - 20 },
	}
	s := sampler(2)
	worst, atX, atY := 0.0, 0.0, 0.0
	for range accuracySample / len(samples) {
		for _, draw := range samples {
			x, y := draw(&s)
			if u := ulps(Pow(x, y), oraclePow(x, y)); u > worst {
				worst, atX, atY = u, x, y
			}
		}
	}
	t.Logf("%.3f ulp at %v, %v", worst, atX, atY)
	if worst > 1 {
		t.Errorf("Pow(%v, %v) = %v: off by %.3g ulp, stated 1", atX, atY, Pow(atX, atY), worst)
	}
}

func oraclePow(x, y float64) *big.Float {
	power := oracleLog(bigOf(math.Abs(x)))
	power = oracleExp(power.Mul(power, bigOf(y)))
	if x < 0 && math.Mod(y, 2) != 0 {
		power.Neg(power)
	}
	return power
}

// TestModIsExact: q = x - Mod(x, y) is a whole multiple of y, in big integers.
func TestModIsExact(t *testing.T) {
	s := sampler(7)
	for range accuracySample {
		x, y := s.magnitude(-1074, 1024), s.magnitude(-1074, 1024)
		if s.next()&1 == 1 {
			x = -x
		}
		m := Mod(x, y)
		const scale = 1074 // every float is a whole number of 2^-1074
		whole := func(f float64) *big.Int {
			i, _ := new(big.Float).SetMantExp(new(big.Float).SetFloat64(f), scale).Int(nil)
			return i
		}
		if want := new(big.Int).Rem(whole(x), whole(y)); whole(m).Cmp(want) != 0 {
			t.Fatalf("Mod(%v, %v) = %v", x, y, m)
		}
	}
}

func TestHypotAccuracy(t *testing.T) {
	s := sampler(3)
	worst := 0.0
	for range accuracySample {
		p, q := s.magnitude(-500, 500), s.magnitude(-10, 10)
		q *= p
		sum := newBig(oracleBits).Mul(bigOf(p), bigOf(p))
		sum.Add(sum, newBig(oracleBits).Mul(bigOf(q), bigOf(q)))
		worst = max(worst, ulps(Hypot(p, q), sum.Sqrt(sum)))
	}
	t.Logf("%.3f ulp", worst)
	if worst > 2 {
		t.Errorf("Hypot: off by %.3g ulp, stated 2", worst)
	}
}

// TestFourOverPi recomputes the digits behind the reduction of angles.
func TestFourOverPi(t *testing.T) {
	quotient := newBig(1400).Quo(newBig(1400).SetInt64(4), oraclePi)
	quotient.SetMantExp(quotient, 64*(len(fourOverPi)-1))
	digits, _ := quotient.Int(nil)
	word := new(big.Int).SetUint64(math.MaxUint64)
	for i := len(fourOverPi) - 1; i >= 0; i-- {
		if want := new(big.Int).And(digits, word).Uint64(); fourOverPi[i] != want {
			t.Errorf("word %d of 4/π is %#016x, want %#016x", i, fourOverPi[i], want)
		}
		digits.Rsh(digits, 64)
	}
}
