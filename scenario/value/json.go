package value

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"

	"go.starlark.net/starlark"
)

// What JSON has no word for is an object of one of these names alone.
const (
	jsonNode     = "$node"     // {"$node": "store[0]"}
	jsonDuration = "$duration" // {"$duration": "10ms"}
)

// JSONDict is the name of an object that is a dict by its pairs, whose keys are no
// texts: {"$dict": [[1, "a"], [2, "b"]]}.
const JSONDict = "$dict"

// ParseJSON returns what JSON text says, as a frozen value: arrays are lists,
// objects dicts, null is None, and a number is an int unless it has a point or
// an exponent. Node finds nodes by name.
func ParseJSON(text []byte, node func(name string) (starlark.Value, bool)) (starlark.Value, error) {
	r := jsonReader{json.NewDecoder(bytes.NewReader(text)), node}
	r.UseNumber()
	v, err := r.value(0)
	if err != nil {
		return nil, err
	}
	if _, err := r.Token(); err != io.EOF {
		return nil, errors.New("there is more after the value")
	}
	v.Freeze()
	return v, nil
}

type jsonReader struct {
	*json.Decoder
	node func(name string) (starlark.Value, bool)
}

func (r *jsonReader) value(depth int) (starlark.Value, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("it is nested more than %d deep", maxDepth)
	}
	t, err := r.Token()
	if err != nil {
		return nil, errors.New("it is no JSON")
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '[' {
			return r.list(depth)
		}
		return r.object(depth)
	case json.Number:
		return jsonNumber(t.String())
	case string:
		return starlark.String(t), nil
	case bool:
		return starlark.Bool(t), nil
	}
	return starlark.None, nil
}

// longNumber is how many digits an int may have: to read them takes time in
// proportion to the square.
const longNumber = 1000

func jsonNumber(text string) (starlark.Value, error) {
	var v starlark.Value
	var err error
	switch {
	case len(text) > longNumber:
		return nil, fmt.Errorf("a number of %d digits; it may have %d", len(text), longNumber)
	case strings.ContainsAny(text, ".eE"):
		var f float64
		f, err = json.Number(text).Float64()
		v = starlark.Float(f)
	default:
		i, _ := new(big.Int).SetString(text, 10) // the decoder knows it for a number
		v = starlark.MakeBigInt(i)
	}
	if err != nil {
		return nil, fmt.Errorf("the number %s is too large", text)
	}
	return v, nil
}

func (r *jsonReader) list(depth int) (starlark.Value, error) {
	var all []starlark.Value
	for r.More() {
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	_, err := r.Token()
	return starlark.NewList(all), err
}

func (r *jsonReader) object(depth int) (starlark.Value, error) {
	d := new(starlark.Dict)
	for r.More() {
		t, err := r.Token()
		if err != nil {
			return nil, errors.New("it is no JSON")
		}
		key := starlark.String(t.(string)) // JSON has no other
		if _, twice, _ := d.Get(key); twice {
			return nil, fmt.Errorf("%s is there twice", key)
		}
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if err := d.SetKey(key, v); err != nil {
			return nil, err
		}
	}
	if _, err := r.Token(); err != nil {
		return nil, errors.New("it is no JSON")
	}
	return r.special(d)
}

// special is a dict, or what JSON has no word for.
func (r *jsonReader) special(d *starlark.Dict) (starlark.Value, error) {
	if d.Len() != 1 {
		return d, nil
	}
	item := d.Items()[0]
	text, isText := starlark.AsString(item[1])
	pairs, isList := item[1].(*starlark.List)
	switch {
	case item[0] == starlark.String(jsonDuration) && isText:
		return ParseDuration(text)
	case item[0] == starlark.String(jsonNode) && isText:
		if n, ok := r.node(text); ok {
			return n, nil
		}
		return nil, fmt.Errorf("there is no node %q", text)
	case item[0] == starlark.String(JSONDict) && isList:
		return dictOf(pairs)
	}
	return d, nil
}

// dictOf is a dict by its pairs.
func dictOf(pairs *starlark.List) (starlark.Value, error) {
	d := new(starlark.Dict)
	for i := range pairs.Len() {
		pair, ok := pairs.Index(i).(*starlark.List)
		if !ok || pair.Len() != 2 {
			return nil, fmt.Errorf("%q has %s, which is no pair of a key and a value", JSONDict, pairs.Index(i))
		}
		key := pair.Index(0)
		if list, ok := key.(*starlark.List); ok { // tuples are written as lists
			key = tupleOf(list)
		}
		if _, twice, _ := d.Get(key); twice {
			return nil, fmt.Errorf("%s is there twice", key)
		}
		if err := d.SetKey(key, pair.Index(1)); err != nil {
			return nil, fmt.Errorf("%q: %w", JSONDict, err)
		}
	}
	return d, nil
}

// tupleOf is a list, and lists in it, as a key may be.
func tupleOf(list *starlark.List) starlark.Tuple {
	all := make(starlark.Tuple, list.Len())
	for i := range all {
		all[i] = list.Index(i)
		if inner, ok := all[i].(*starlark.List); ok {
			all[i] = tupleOf(inner)
		}
	}
	return all
}
