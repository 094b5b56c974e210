// Package clean is what a node program may do: nothing here is reported.
package clean

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"runtime"
	"slices"
	"sort"
	"strings"
	"time"
)

const area = 2.5 * 1.5

type metres float64

func order(m map[string]int, xs []int) (n int) {
	for _, k := range slices.Sorted(maps.Keys(m)) {
		n += m[k]
	}
	for _, v := range slices.Sorted(maps.Values(m)) {
		n += v
	}
	n += len(maps.Clone(m))
	sort.Ints(xs)
	slices.Sort(xs)
	slices.SortStableFunc(xs, func(a, b int) int { return a - b })
	sort.SliceStable(xs, func(i, j int) bool { return xs[i] < xs[j] })
	for i := range 3 {
		n += i
	}
	for v := range slices.Values(xs) {
		n += v
	}
	for _, r := range "text" {
		n += int(r)
	}
	return n
}

func products(a, b, c float64, f float32, i, j int) (string, float64) {
	x := float64(a*b) + c
	x += float64(a * b)
	x = float64(x * a)
	x = a*b/c + 1
	x = float64(a * b * c)
	y := metres(a*b) + 1
	f = float32(f*f) + f
	f += float32(f * f)
	if a*b > c || a*b == c {
		x += math.Sqrt(a * b)
	}
	switch a * b {
	case b * c:
	}
	n := int64(a * b)
	k := i*j + 1
	k *= i
	k += i * j
	x += a/b + area*2 + math.Pi
	x = math.Floor(float64(a * b))
	return fmt.Sprintln(a*b, x, y, f, n, k, math.IsNaN(a*b), math.Float64bits(a*b)), a
}

func generic[T ~int | ~int64](a, b, c T) T { return a*b + c }

func rounded[T ~float32 | ~float64](a, b, c T) T { return T(a*b) + c }

func rest(seed uint64, d time.Duration) (err error) {
	r := rand.New(rand.NewPCG(seed, 1))
	_ = r.IntN(6)
	_ = r.Float64()
	_ = d.Round(time.Second) + 3*time.Millisecond
	_ = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	_ = math.Floor(1.5) + math.Abs(-1) + math.Inf(1)
	_ = strings.ToUpper("x")
	_ = reflect.TypeOf(r).String()
	defer func() {
		if e, ok := recover().(runtime.Error); ok {
			err = e
		}
	}()
	if err == os.ErrNotExist {
		return err
	}
	return nil
}
