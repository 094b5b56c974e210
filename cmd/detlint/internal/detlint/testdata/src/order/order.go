// Package order lets map and sort order out.
package order

import (
	"maps"
	m "maps"
	"reflect"
	"slices"
	"sort"
)

type table map[string]int

func ranges(a map[int]int, b table) (n int) {
	for k := range a { // want `range over a map: map order is random in every run; range over slices.Sorted\(maps.Keys\(m\)\), or keep a slice beside the map`
		n += k
	}
	for range b { // want `range over a map`
		n++
	}
	return n
}

func generic[M ~map[K]V, K comparable, V any](x M) (keys []K) {
	for k := range x { // want `range over a map`
		keys = append(keys, k)
	}
	return keys
}

func iterators(x map[string]int) (out []string) {
	for k := range maps.Keys(x) { // want `maps.Keys: map order`
		out = append(out, k)
	}
	for range m.Values(x) { // want `maps.Values: map order`
	}
	for k := range maps.All(x) { // want `maps.All: map order`
		out = append(out, k)
	}
	out = append(out, slices.Collect(maps.Keys(x))...) // want `maps.Keys: map order`
	return out
}

func reflected(v reflect.Value) {
	_ = v.MapKeys()                      // want `reflect.Value.MapKeys: map order`
	for it := v.MapRange(); it.Next(); { // want `reflect.Value.MapRange: map order`
	}
}

func sorts(x []int, y sort.Interface) {
	sort.Slice(x, func(i, j int) bool { return x[i] < x[j] })                    // want `sort.Slice: an unstable sort leaves equal elements .*; use sort.Stable or slices.SortStableFunc`
	sort.Sort(y)                                                                 // want `sort.Sort: an unstable sort`
	slices.SortFunc(x, func(a, b int) int { return a - b })                      // want `slices.SortFunc: an unstable sort`
	_ = slices.SortedFunc(slices.Values(x), func(a, b int) int { return a - b }) // want `slices.SortedFunc: an unstable sort`
}
