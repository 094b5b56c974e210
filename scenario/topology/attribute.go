package topology

import "strings"

// A role is what an attribute means to us. Both formats leave the names of
// attributes to whoever writes them.
type role uint8

const (
	passedOver role = iota
	label
	title // a graph's name
	latitude
	longitude
	length
	latency
)

var roleNames = [...]string{"attribute", "label", "name", "latitude", "longitude", "length", "latency"}

func (r role) String() string { return roleNames[r] }

// A meaning is a role and, of a measure, the unit that the name implies.
type meaning struct {
	role role
	unit unit
}

// An attribute is one of a node, a link or the graph, as text.
type attribute struct {
	meaning
	name  string
	value string
	at    position
}

var separators = strings.NewReplacer("-", "_", " ", "_")

// meaningOf tells an attribute by its name.
func meaningOf(name string) meaning {
	switch name = separators.Replace(strings.ToLower(name)); name {
	case "label":
		return meaning{role: label}
	case "name", "network":
		return meaning{role: title}
	case "lat", "latitude":
		return meaning{role: latitude}
	case "lon", "lng", "longitude":
		return meaning{role: longitude}
	}
	if m, ok := measureNamed(name, length, lengthUnits, "length", "distance", "dist"); ok {
		return m
	}
	if m, ok := measureNamed(name, latency, timeUnits, "latency", "delay"); ok {
		return m
	}
	return meaning{}
}

// measureNamed accepts a base name alone, in the first unit, or with an
// underscore and a unit. The first unit's underscore may be missing, as in
// lengthKm; others' may not, since delays are no delay in seconds.
func measureNamed(name string, r role, units []unit, bases ...string) (meaning, bool) {
	for _, base := range bases {
		rest, ok := strings.CutPrefix(name, base)
		if !ok {
			continue
		}
		if rest == "" || rest == units[0].name {
			return meaning{r, units[0]}, true
		}
		if suffix, ok := strings.CutPrefix(rest, "_"); ok {
			if u, ok := unitOf(units, suffix); ok {
				return meaning{r, u}, true
			}
		}
	}
	return meaning{}, false
}

// seen is the set of roles an element already has.
type seen uint8

// add refuses a second attribute of a role: which of the two counts would be a
// guess.
func (s *seen) add(a attribute) error {
	if *s&(1<<a.role) != 0 {
		return a.at.fail("%s gives a second %s: keep one of them", quote(a.name), a.role)
	}
	*s |= 1 << a.role
	return nil
}

func (s seen) has(r role) bool { return s&(1<<r) != 0 }
