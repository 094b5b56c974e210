package systems

import (
	"slices"

	"orrery/ecs"
)

// serviceNames are the names of services that were declared or provided by name:
// who provides what is known by key alone. They stand outside the digest, as
// they tell no more than the keys do.
type serviceNames struct {
	world *ecs.World
	rows  *ecs.Rows[serviceName]
	index index // (key, 0) to rows
}

type serviceName struct {
	Key uint64
	At  ecs.Kept
}

func newServiceNames(w *ecs.World) serviceNames {
	n := serviceNames{world: w, rows: ecs.NewRows[serviceName](w, "service.name")}
	n.rows.Table().OutsideDigest()
	return n
}

func (n *serviceNames) rebuild() {
	n.index.clear()
	for i := range n.rows.Len() {
		n.index.put(n.rows.At(i).Key, 0, i)
	}
}

// Name has the services know a name, for [Services.Seen].
func (s *Services) Name(name string) {
	key := ServiceKey(name)
	if s.known.index.find(key, 0) >= 0 {
		return
	}
	at, _ := s.world.Keep([]byte(name))
	s.known.index.put(key, 0, s.known.rows.Add(serviceName{key, at}))
}

// Seen returns the names of the services of which a node sees that somebody
// provides them, sorted.
func (s *Services) Seen(viewer ecs.Node) []string {
	var all []string
	for _, n := range s.known.rows.All() {
		if len(s.Providers(viewer, n.Key)) > 0 {
			all = append(all, string(s.world.Kept(n.At)))
		}
	}
	slices.Sort(all)
	return all
}
