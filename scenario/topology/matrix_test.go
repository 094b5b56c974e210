// Proves what a matrix may look like and what each refusal says.
package topology

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"orrery/ecs"
)

func TestMatrixReads(t *testing.T) {
	for _, test := range []struct {
		name, text string
		rtt        bool
		want       *Matrix
	}{
		{"one name", ",a\na,\n", false, &Matrix{[]string{"a"}, [][]ecs.Nanoseconds{{-1}}}},
		{"asymmetric", "from,a,b\na,,1.5\nb,2,\n", false, &Matrix{[]string{"a", "b"}, [][]ecs.Nanoseconds{{-1, 1_500_000}, {2_000_000, -1}}}},
		{"halved, a half nanosecond up", "from,a,b\na,,1.000001\nb,3 ns,\n", true, &Matrix{[]string{"a", "b"}, [][]ecs.Nanoseconds{{-1, 500_001}, {2, -1}}}},
		{"rows in another order", ",a,b\r\nb,1,0\r\na,0.0,\r\n", false, &Matrix{[]string{"a", "b"}, [][]ecs.Nanoseconds{{-1, -1}, {1_000_000, -1}}}},
		{"units, quotes and spaces", "\ufeffx, New  York ,\"b,c\"\n\nNew York, , 7 us\n\"b,c\",0 ,\n", false,
			&Matrix{[]string{"New York", "b,c"}, [][]ecs.Nanoseconds{{-1, 7_000}, {0, -1}}}},
	} {
		got, err := ParseLatencyCSV([]byte(test.text), test.rtt)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s:\n%s", test.name, diff)
		}
	}
}

func TestMatrixRefuses(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", "1:1: the file is empty: begin with a row of names"},
		{"\n\n", "1:1: the file is empty: begin with a row of names"},
		{"from;a;b\n", "1:1: the cells are not separated by commas: save the file with commas"},
		{"from\n", "1:1: the header has no names: write from,A,B,… with one a column"},
		{"from,a,\n", "1:8: column 3 has no name: name it, or remove the comma before it"},
		{"from,a,b,a\n", "1:10: a second column is named \"a\": give each its own name"},
		{"from,a\n\nc,\n", "3:1: the row's name \"c\" is not in the header: rows and columns have the same names"},
		{"from,a\na,\na,\n", "3:1: a second row is named \"a\": keep one of them"},
		{"from,a,b\na,\n", "2:1: row \"a\" has 1 cells for 2 names: write one a name, empty where there is no link"},
		{"from,a,b\na,,1,2\n", "2:1: row \"a\" has 3 cells for 2 names: write one a name, empty where there is no link"},
		{"from,a,b\na,,1\n", "1:8: there is no row for \"b\": add it, its cells empty where there is no link"},
		{"from,a\na,1.5\n", "2:3: \"a\" has the latency \"1.5\" to itself: empty the cell, nodes need no link to themselves"},
		{"from,a,b\na,,n/a\n", "2:4: latency \"n/a\" is not a number: write it as 12.5 or \"12.5 ms\""},
		{"from,a,b\na,,-\n", "2:4: latency \"-\" is not a number: write it as 12.5 or \"12.5 ms\""},
		{"from,a,b\na,,-1\n", "2:4: latency \"-1\" is negative: a link takes 0 or more"},
		{"from,a,b\na,,1 km\n", "2:4: latency \"1 km\" has the unit \"km\": write one of ms, us, µs, μs, ns, s"},
		{"from,a,b\na,,1e30\n", "2:4: latency \"1e30\" is over the limit of a year on the way: correct it, or its unit"},
		{"from,a,b\na,,1\"\n", "2:5: this is not CSV: bare \" in non-quoted-field: write a \" inside quotes as \"\""},
		{"\"from,a\n", "1:9: this is not CSV: extraneous or missing \" in quoted-field: write a \" inside quotes as \"\""},
		{"from,\xe9\n", "1:6: this is not UTF-8: save the file as UTF-8"},
	} {
		if _, err := ParseLatencyCSV([]byte(test.text), false); err == nil || err.Error() != test.want {
			t.Errorf("%q:\n got %v\nwant %s", test.text, err, test.want)
		}
	}
}
