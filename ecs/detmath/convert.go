package detmath

// Int64 returns f with its fraction cut off, and whether the result is that
// number. Outside of the range of int64 the result saturates and ok is false;
// NaN gives 0 and false. Go's own int64(f) gives there whatever the machine's
// instruction gives: the lowest int64 on amd64, saturation on arm64.
func Int64(f float64) (i int64, ok bool) {
	const limit = 1 << 63 // the lowest float above every int64
	switch {
	case f != f:
		return 0, false
	case f >= limit:
		return 1<<63 - 1, false
	case f < -limit:
		return -1 << 63, false
	}
	return int64(f), true
}
