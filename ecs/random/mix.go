package random

// golden is 2^64 divided by the golden ratio, made odd: the step of the counter.
const golden = 0x9e3779b97f4a7c15

// Mix scatters x: every bit of x affects every bit of the result with a
// probability close to a half. It is a bijection of uint64, so distinct values
// stay distinct; Mix(0) = 0.
//
// Source: David Stafford's variant 13 of MurmurHash3's finaliser (2011), the one
// of splitmix64 (Steele, Lea, Flood 2014).
func Mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
