// Proves that the bytes of every type are those that were fixed, on every
// architecture: a change of them needs a new revision of the engine.
package value

import (
	"encoding/hex"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var golden = []struct{ source, bytes string }{
	{"None", "00"},
	{"False", "01"},
	{"True", "02"},
	{"0", "0300"},
	{"-1", "0301"},
	{"300", "03d804"},
	{"1 << 62", "0380808080808080808001"},
	{"-(1 << 63)", "03ffffffffffffffffff01"},
	{"1 << 63", "04088000000000000000"},
	{"-(1 << 63) - 1", "05088000000000000001"},
	{"1 << 100", "040d10000000000000000000000000"},
	{"0.0", "060000000000000000"},
	{"-0.0", "060000000000000080"},
	{"1.5", "06000000000000f83f"},
	{"math.inf", "06000000000000f07f"},
	{"math.nan", "06010000000000f87f"},
	{"-math.nan", "06010000000000f87f"},
	{`""`, "0700"},
	{`"näh"`, "07046ec3a468"},
	{`b"\x00\xff"`, "080200ff"},
	{"[1, 2]", "090203020304"},
	{"(1, (), None)", "0a0303020a0000"},
	{`{"b": 1, "a": [2]}`, "0b02070162030207016109010304"},
	{"set([3, 1])", "0c0203060302"},
	{"(lambda l: [l, [], l, [l]])([])", "0904090009000d010901" + "0d01"},
	{`duration("1ms")`, "0e80897a"},
	{`-duration("1ns")`, "0e01"},
	{"struct(b = 1, a = None)", "0f02016100016203" + "02"},
	{"nodes[2]", "1002000001"},
	{`bind(f, 1, "x")`, "11120166020302" + "070178"},
	{"f", "120166"},
	{"claim", "1405636c61696d07046d696e65"},
}

func TestGoldenBytes(t *testing.T) {
	for _, test := range golden {
		v := evalGolden(t, test.source)
		data := encode(t, v)
		if diff := cmp.Diff(test.bytes, hex.EncodeToString(data)); diff != "" {
			t.Errorf("%s: %s", test.source, diff)
		}
		w, err := Decode(data, testCodec())
		if err != nil || !same(v, w) {
			t.Errorf("%s is decoded as %v: %v", test.source, w, err)
		}
	}
}

func TestGoldenMessage(t *testing.T) {
	var e Encoder
	e.Reset([]byte{0xff}, testCodec())
	if err := e.AppendFields(payload()); err != nil {
		t.Fatal(err)
	}
	if got, want := hex.EncodeToString(e.Bytes()), "ff03"+"056772616e7402"+"046c6173740e80897a"+"047465726d0354"; got != want {
		t.Errorf("a payload is %s, want %s", got, want)
	}
	m, err := DecodeMessage(e.Bytes()[1:], testCodec(), handle(1), "vote")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := hex.EncodeToString(encode(t, m)), "1304766f74651001000001"+hex.EncodeToString(e.Bytes()[1:]); got != want {
		t.Errorf("a message that is kept is %s, want %s", got, want)
	}
}

// TestGoldenHash: what scripts spread keys by.
func TestGoldenHash(t *testing.T) {
	for source, want := range map[string]string{
		`hash("x")`:                        "8558629451001733030",
		"hash([1, 2.5, None])":             "6521998533453510834",
		"hash(nodes[3])":                   "2390295819082668479",
		`hash(struct(a = duration("2s")))`: "18442137553253404736",
	} {
		if got := eval(t, "x = "+source).String(); got != want {
			t.Errorf("%s is %s, want %s", source, got, want)
		}
	}
}
