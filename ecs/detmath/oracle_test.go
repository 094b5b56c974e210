package detmath

import (
	"math"
	"math/big"
)

// The oracle: the functions of this package in math/big, slow and plain, so
// that the accuracy tests lean on no other floating-point library.

// oracleBits is the working precision; results are good to about 30 bits less.
// Reducing 1e300 modulo π takes 1,000 of them.
const oracleBits = 220

func bigOf(x float64) *big.Float { return newBig(oracleBits).SetFloat64(x) }

func newBig(bits uint) *big.Float { return new(big.Float).SetPrec(bits) }

// oracleExp returns e^x by halving x nine times, the Taylor series and squaring.
func oracleExp(x *big.Float) *big.Float {
	const halvings = 9
	r := newBig(oracleBits).SetMantExp(x, -halvings)
	k := 0
	for r.MantExp(nil) > 0 { // large arguments: more halvings
		r.SetMantExp(r, -1)
		k++
	}
	sum, term := bigOf(1), bigOf(1)
	for n := 1; term.Sign() != 0 && term.MantExp(nil) > -oracleBits; n++ {
		term.Mul(term, r)
		term.Quo(term, bigOf(float64(n)))
		sum.Add(sum, term)
	}
	for range k + halvings {
		sum.Mul(sum, sum)
	}
	return sum
}

// oracleLog returns log(x) for x > 0: 2·artanh((m-1)/(m+1)) + k·ln 2.
func oracleLog(x *big.Float) *big.Float {
	m := newBig(oracleBits)
	k := x.MantExp(m)
	if m.Cmp(bigOf(math.Sqrt2/2)) < 0 {
		m.SetMantExp(m, 1)
		k--
	}
	log := oracleAtanh(m)
	return log.Add(log, newBig(oracleBits).Mul(bigOf(float64(k)), oracleLn2))
}

var oracleLn2 = oracleAtanh(bigOf(2))

// oracleAtanh returns log(m) as 2·artanh((m-1)/(m+1)).
func oracleAtanh(m *big.Float) *big.Float {
	s := newBig(oracleBits).Sub(m, bigOf(1))
	s.Quo(s, newBig(oracleBits).Add(m, bigOf(1)))
	s2 := newBig(oracleBits).Mul(s, s)
	sum, power := newBig(oracleBits).Set(s), newBig(oracleBits).Set(s)
	for n := 3; power.Sign() != 0 && power.MantExp(nil) > s.MantExp(nil)-oracleBits; n += 2 {
		power.Mul(power, s2)
		sum.Add(sum, newBig(oracleBits).Quo(power, bigOf(float64(n))))
	}
	return sum.SetMantExp(sum, 1)
}

// oraclePi is π to 1,400 bits, by Machin: 16·arctan(1/5) - 4·arctan(1/239).
var oraclePi = func() *big.Float {
	const bits = 1400
	arctan := func(inverse int64) *big.Float {
		sum := newBig(bits)
		power := newBig(bits).Quo(newBig(bits).SetInt64(1), newBig(bits).SetInt64(inverse))
		square := newBig(bits).SetInt64(inverse * inverse)
		for n := int64(1); power.MantExp(nil) > -bits; n += 2 {
			term := newBig(bits).Quo(power, newBig(bits).SetInt64(n))
			if n&2 == 2 {
				term.Neg(term)
			}
			sum.Add(sum, term)
			power.Quo(power, square)
		}
		return sum
	}
	a, b := arctan(5), arctan(239)
	a.SetMantExp(a, 4)
	return a.Sub(a, b.SetMantExp(b, 2))
}()

// oracleSinCos returns the sine and the cosine of x by reducing it modulo π/2
// and the Taylor series.
func oracleSinCos(x float64) (sin, cos *big.Float) {
	halfPi := newBig(1400).SetMantExp(oraclePi, -1)
	r := newBig(1400).SetFloat64(x)
	turns := newBig(1400).Quo(r, halfPi)
	turns.Add(turns, newBig(1400).SetFloat64(math.Copysign(0.5, x)))
	n, _ := turns.Int(nil)
	r.Sub(r, newBig(1400).Mul(halfPi, newBig(1400).SetInt(n)))
	z := newBig(oracleBits).Set(r)

	sums := [2]*big.Float{bigOf(1), newBig(oracleBits).Set(z)}
	term := newBig(oracleBits).Set(z)
	for k := 2; term.Sign() != 0 && term.MantExp(nil) > z.MantExp(nil)-oracleBits; k++ {
		term.Mul(term, z)
		term.Quo(term, bigOf(float64(k)))
		if k&2 == 2 {
			sums[k&1].Sub(sums[k&1], term)
		} else {
			sums[k&1].Add(sums[k&1], term)
		}
	}
	cos, sin = sums[0], sums[1]
	switch quadrant := new(big.Int).And(n, big.NewInt(3)).Int64(); quadrant {
	case 1:
		return cos, sin.Neg(sin)
	case 2:
		return sin.Neg(sin), cos.Neg(cos)
	case 3:
		return cos.Neg(cos), sin
	}
	return sin, cos
}

// ulps returns |got - want| in units in the last place of want.
func ulps(got float64, want *big.Float) float64 {
	nearest, _ := want.Float64()
	if math.IsInf(nearest, 0) || math.IsInf(got, 0) || got != got {
		if got == nearest {
			return 0
		}
		return math.Inf(1)
	}
	exponent := max(want.MantExp(nil), -1021)
	d := newBig(oracleBits).Sub(bigOf(got), want)
	d.SetMantExp(d.Abs(d), 53-exponent)
	u, _ := d.Float64()
	return u
}
