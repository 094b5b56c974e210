package topology

import (
	"math"

	"orrery/ecs"
	"orrery/ecs/detmath"
)

// earthRadius is the mean radius of the Earth in metres (IUGG's R1).
const earthRadius = 6_371_008.8

// greatCircle is the distance in metres of two places in degrees, over a sphere,
// which is within 0.6% of the Earth's. Rounding to the metre leaves an integer
// to compute the latency from.
func greatCircle(lat1, lon1, lat2, lon2 float64) int64 {
	const radians = math.Pi / 180
	// The haversine, which unlike the law of cosines is accurate for near places.
	dLat := detmath.Sin((lat2 - lat1) * radians / 2)
	dLon := detmath.Sin((lon2 - lon1) * radians / 2)
	cosines := float64(detmath.Cos(float64(lat1*radians)) * detmath.Cos(float64(lat2*radians)))
	h := float64(dLat*dLat) + float64(cosines*float64(dLon*dLon))
	h = min(h, 1) // rounding may exceed it between antipodes
	metres, _ := detmath.Int64(detmath.Round(float64(2 * earthRadius * angle(detmath.Sqrt(h), detmath.Sqrt(1-h)))))
	return metres
}

// angle is the x of [0, π/2] with the sine s and the cosine c. At a distance d
// from it, sin(x)·c - cos(x)·s is sin(d), and taking sin(d) off leaves d³/6: from
// π/4 four steps reach the last bits, near either end alike, and the fifth is
// for certainty.
func angle(s, c float64) float64 {
	x := math.Pi / 4
	for range 5 {
		x -= float64(detmath.Sin(x)*c) - float64(detmath.Cos(x)*s)
	}
	return x
}

// ofMetres is how long light in fibre takes.
func ofMetres(metres int64) ecs.Nanoseconds {
	return ecs.Nanoseconds(metres * nanosecondsPerKm / 1000)
}
