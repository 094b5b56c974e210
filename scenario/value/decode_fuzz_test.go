// Proves that no bytes make the decoder panic or allocate out of proportion,
// and that whatever it accepts is what encoding would have written.
package value

import (
	"bytes"
	"encoding/hex"
	"runtime"
	"strings"
	"testing"

	"go.starlark.net/starlark"
)

// malformed are bytes one guard each refuses.
var malformed = []struct{ bytes, want string }{
	{"", "byte 0: the end is missing"},
	{"16", "byte 0: no value begins with 22"},
	{"ff", "byte 0: no value begins with 255"},
	{"0000", "byte 1: 1 bytes are left over"},
	{"03", "byte 1: a number has no end"},
	{"038000", "byte 1: a number is longer than it must be"},
	{"03ffffffffffffffffffff01", "byte 1: a number has no end"},
	{"040101", "byte 3: an int is longer than it must be"},
	{"0400", "byte 2: an int is longer than it must be"},
	{"0409008000000000000000", "byte 11: an int is longer than it must be"},
	{"05088000000000000000", "byte 10: an int is longer than it must be"},
	{"0600", "byte 1: 8 bytes are announced, 1 are left"},
	{"06000000000000f87f", "byte 9: a NaN is not the canonical one"},
	{"0705616263", "byte 2: 5 bytes are announced, 3 are left"},
	{"07ffffffffffffffffff01", "byte 11: 18446744073709551615 bytes are announced, 0 are left"},
	{"09ffffffffffffffffff01", "byte 11: 18446744073709551615 values are announced, there are not as many bytes left"},
	{"090309030903", "byte 6: 3 values are announced, there are not as many bytes left"},
	{"0b0200000000", "byte 6: a key is there twice"},
	{"0b02030200" + "06000000000000f03f" + "00", "byte 15: a key is there twice"},
	{"0b01090000", "byte 5: a key: unhashable type: list"},
	{"0c020000", "byte 4: an element is there twice"},
	{"0c010900", "byte 4: an element: unhashable type: list"},
	{"0d00", "byte 2: container 0 is not met before"},
	{"0f0201620001610000", "byte 7: field \"a\" does not come after \"b\""},
	{"0f0201610001610000", "byte 7: field \"a\" does not come after \"a\""},
	{"1004000001", "byte 5: there is no node 16777220"},
	{"110000", "byte 2: a NoneType is bound, which is no function"},
	{"12017a", "byte 3: there is no function \"z\""},
	{"1304766f7465000104" + hex.EncodeToString([]byte("kind")) + "00", "byte 14: a message has a field \"kind\""},
	{"1401780000", "byte 4: \"x\": not a claim"},
}

func TestMalformed(t *testing.T) {
	for _, test := range malformed {
		data, err := hex.DecodeString(test.bytes)
		if err != nil {
			t.Fatal(err)
		}
		v, err := Decode(data, testCodec())
		if err == nil || err.Error() != test.want {
			t.Errorf("%s: got %v, %v\nwant %s", test.bytes, v, err, test.want)
		}
	}
}

// aliases know a function by two names, of which one is its own.
type aliases struct{ registry }

func (aliases) Function(string) (starlark.Callable, bool) { return functions["f"], true }

func TestOneNameAFunction(t *testing.T) {
	c := &Codec{Functions: aliases{functions}}
	if _, err := Decode([]byte("\x12\x01f"), c); err != nil {
		t.Error(err)
	}
	if _, err := Decode([]byte("\x12\x01F"), c); err == nil || err.Error() != `byte 3: there is no function "F"` {
		t.Error(err)
	}
}

// TestAnnouncementsAreBounded: lists in lists that each announce as many values
// as there are bytes left take no more memory than one of them.
func TestAnnouncementsAreBounded(t *testing.T) {
	const n = 1 << 20
	data := []byte(strings.Repeat("\x09\x80\x80\x20", 190))
	data = append(data, make([]byte, n)...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Decode(data, nil); err == nil {
		t.Error("it is accepted")
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 40*n {
		t.Errorf("%d bytes allocate %d", len(data), grown)
	}
}

func FuzzDecode(f *testing.F) {
	for _, test := range golden {
		data, _ := hex.DecodeString(test.bytes)
		f.Add(data)
	}
	for _, test := range malformed {
		data, _ := hex.DecodeString(test.bytes)
		f.Add(data)
	}
	f.Add([]byte{tagTuple, 3, tagFrozen, tagList, 1, tagFrozen, tagDict, 0, tagSet, 0, tagAgain, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		c := testCodec()
		v, err := Decode(data, c)
		if err == nil {
			if again := encode(t, v); !bytes.Equal(again, data) {
				t.Fatalf("%x is %v, which is encoded as %x", data, v, again)
			}
			_ = v.String()
			v.Freeze()
		}
		frozen := testCodec()
		frozen.KeepFrozen = true
		if v, err := Decode(data, frozen); err == nil {
			var e Encoder
			e.Reset(nil, frozen)
			if err := e.Append(v); err != nil || !bytes.Equal(e.Bytes(), data) {
				t.Fatalf("%x is %v, which is encoded as %x, %v", data, v, e.Bytes(), err)
			}
		}
		m, err := DecodeMessage(data, c, handle(0), "k")
		if err == nil {
			if _, err := DecodeMessage(Mangle(data, uint64(len(data))), c, handle(0), "k"); err != nil {
				t.Fatalf("payload %x mangled: %v", data, err)
			}
			var e Encoder
			e.Reset(nil, c)
			names, values := m.fields.names(), inside(&Record{fields: m.fields})
			for i := range names {
				values[i] = values[2*i+1]
			}
			if err := e.AppendFields(names, values[:len(names)]); err != nil || !bytes.Equal(e.Bytes(), data) {
				t.Fatalf("payload %x is %v, which is encoded as %x, %v", data, m, e.Bytes(), err)
			}
		}
	})
}

func FuzzParseDuration(f *testing.F) {
	for _, s := range []string{"10ms", "1.5s", "-3d", "1h30m", "10 ms", ".5s", "1e3s", "99999999999999999999s", "µ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDuration(s)
		if err != nil {
			return
		}
		if back, err := ParseDuration(d.String()); back != d || err != nil {
			t.Fatalf("%q is %d ns, which print as %s", s, int64(d), d)
		}
	})
}
