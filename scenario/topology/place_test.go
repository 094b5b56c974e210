// Proves that distances over the sphere are right, to the metre they are rounded
// to. That they are the same everywhere is the golden test's.
package topology

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestAngle(t *testing.T) {
	for i := 0; i <= 1000; i++ {
		want := math.Pi / 2 * float64(i) / 1000
		if got := angle(math.Sin(want), math.Cos(want)); math.Abs(got-want) > 4e-16 {
			t.Errorf("angle of %v is %v", want, got)
		}
	}
}

// The oracle is the angle between two vectors, which shares no formula with the
// haversine.
func TestGreatCircleIsAngleOfVectors(t *testing.T) {
	vector := func(lat, lon float64) (x, y, z float64) {
		lat, lon = lat*math.Pi/180, lon*math.Pi/180
		return math.Cos(lat) * math.Cos(lon), math.Cos(lat) * math.Sin(lon), math.Sin(lat)
	}
	rapid.Check(t, func(t *rapid.T) {
		lat1, lat2 := rapid.Float64Range(-90, 90).Draw(t, "lat1"), rapid.Float64Range(-90, 90).Draw(t, "lat2")
		lon1, lon2 := rapid.Float64Range(-180, 360).Draw(t, "lon1"), rapid.Float64Range(-180, 360).Draw(t, "lon2")
		ax, ay, az := vector(lat1, lon1)
		bx, by, bz := vector(lat2, lon2)
		cx, cy, cz := ay*bz-az*by, az*bx-ax*bz, ax*by-ay*bx
		want := earthRadius * math.Atan2(math.Sqrt(cx*cx+cy*cy+cz*cz), ax*bx+ay*by+az*bz)
		got := greatCircle(lat1, lon1, lat2, lon2)
		if math.Abs(float64(got)-want) > 0.51+0.2 { // the haversine loses up to 0.1 m near antipodes
			t.Fatalf("%d m, want %v", got, want)
		}
		if back := greatCircle(lat2, lon2, lat1, lon1); back != got {
			t.Fatalf("%d m there, %d back", got, back)
		}
	})
}

func TestGreatCircleKnown(t *testing.T) {
	const half = 20_015_114 // π · radius
	for _, test := range []struct {
		lat1, lon1, lat2, lon2 float64
		want                   int64
	}{
		{0, 0, 0, 0, 0},
		{52.5, 13.4, 52.5, 13.4, 0},
		{90, 0, 90, 123, 0},
		{10, -180, 10, 180, 0},
		{0, 0, 0, 180, half},
		{90, 0, -90, 77, half},
		{45, 10, -45, 190, half},
		{39.68, 21.46, -39.68, 201.46, half}, // rounds to a haversine over 1
		{0, 0, 0, 90, half / 2},
		{0, 179, 0, -179, 222_390}, // over the date line
		{48.8566, 2.3522, 51.5074, -0.1278, 343_557},
	} {
		if got := greatCircle(test.lat1, test.lon1, test.lat2, test.lon2); got != test.want {
			t.Errorf("%v: %d m", test, got)
		}
	}
}
