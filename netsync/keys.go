package netsync

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// AppendKeys writes what rows are called, as topics keys/… have it:
//
//	{"layout":1,"n":5,"keys":["Denver",["client[",0,4,"]"]]}
//
// where ["client[",0,4,"]"] are the four names client[0] to client[3].
func AppendKeys(to []byte, layout uint64, names []string) []byte {
	to = appendUint(to, `{"layout":`, layout)
	to = appendUint(to, `,"n":`, uint64(len(names)))
	to = append(to, `,"keys":[`...)
	for i := 0; i < len(names); {
		if i > 0 {
			to = append(to, ',')
		}
		before, first, after, ok := numbered(names[i])
		n := 1
		for ok && i+n < len(names) {
			b, number, a, good := numbered(names[i+n])
			if !good || b != before || a != after || number != first+uint64(n) {
				break
			}
			n++
		}
		if n < 2 {
			to = appendString(to, names[i])
		} else {
			to = append(to, '[')
			to = appendString(to, before)
			to = appendUint(to, ",", first)
			to = appendUint(to, ",", uint64(n))
			to = append(to, ',')
			to = appendString(to, after)
			to = append(to, ']')
		}
		i += n
	}
	return append(to, "]}"...)
}

// numbered parts a name around its last number, if it has one that is written
// as numbers are.
func numbered(name string) (before string, number uint64, after string, ok bool) {
	end := strings.LastIndexAny(name, "0123456789") + 1
	begin := end
	for begin > 0 && name[begin-1] >= '0' && name[begin-1] <= '9' {
		begin--
	}
	digits := name[begin:end]
	if digits == "" || len(digits) > 9 || len(digits) > 1 && digits[0] == '0' {
		return "", 0, "", false
	}
	number, err := strconv.ParseUint(digits, 10, 64)
	return name[:begin], number, name[end:], err == nil
}

// ParseKeys reads what AppendKeys wrote: at most so many names.
func ParseKeys(b []byte, most int) (layout uint64, names []string, err error) {
	if err := checkJSON(b, MaxDepth); err != nil {
		return 0, nil, fmt.Errorf("keys: %w", err)
	}
	var doc struct {
		Layout uint64            `json:"layout"`
		Rows   int               `json:"n"`
		Keys   []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		return 0, nil, fmt.Errorf("keys: %w", err)
	}
	room := uint64(keyBytes) * uint64(most)
	for _, raw := range doc.Keys {
		if names, err = appendNames(names, raw, most, &room); err != nil {
			return 0, nil, fmt.Errorf("keys: %w", err)
		}
	}
	if len(names) != doc.Rows {
		return 0, nil, fmt.Errorf("keys: %d names of %d rows", len(names), doc.Rows)
	}
	return doc.Layout, names, nil
}

// keyBytes is how long names may be on average. A run of names is short, and
// what it stands for long.
const keyBytes = 64

func appendNames(names []string, raw json.RawMessage, most int, room *uint64) ([]string, error) {
	var one string
	if json.Unmarshal(raw, &one) == nil && raw[0] == '"' {
		if len(names) >= most {
			return nil, &LimitError{"rows", int64(most)}
		}
		return append(names, one), nil
	}
	var (
		parts       []json.RawMessage
		before      string
		first, many uint64
		after       string
	)
	if err := json.Unmarshal(raw, &parts); err != nil || len(parts) != 4 {
		return nil, errors.New("a key is neither text nor four things")
	}
	if err := errors.Join(json.Unmarshal(parts[0], &before), json.Unmarshal(parts[1], &first),
		json.Unmarshal(parts[2], &many), json.Unmarshal(parts[3], &after)); err != nil {
		return nil, err
	}
	if most < len(names) || many > uint64(most-len(names)) {
		return nil, &LimitError{"rows", int64(most)}
	}
	bytes := many * uint64(len(before)+len(after))
	if bytes > *room {
		return nil, &LimitError{"bytes of names", keyBytes * int64(most)}
	}
	*room -= bytes
	for i := range many {
		names = append(names, before+strconv.FormatUint(first+i, 10)+after)
	}
	return names, nil
}
