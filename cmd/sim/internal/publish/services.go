package publish

import (
	"encoding/binary"
	"strings"

	"orrery/ecs"
	"orrery/netsync"
	"orrery/systems"
)

// servicesTable is a row a service.
const servicesTable = ".services"

// serviceSource is how things stand with each service whose name has come up.
// It looks at every call that is under way.
type serviceSource struct {
	services *systems.Services
	known    int
	figures  []systems.ServiceFigures
	row      []uint64
}

func (s *serviceSource) columns() []netsync.Column {
	all := []netsync.Column{
		{Name: "providers", Type: ecs.Int64}, {Name: "under_way", Type: ecs.Int64},
		{Name: "busy", Type: ecs.Int64}, {Name: "waiting", Type: ecs.Int64},
		{Name: "served", Type: ecs.Int64}, {Name: "refused", Type: ecs.Int64},
		{Name: "ok", Type: ecs.Int64},
	}
	for _, r := range systems.Reasons() {
		all = append(all, netsync.Column{Name: strings.ReplaceAll(r.String(), " ", "_"), Type: ecs.Int64})
	}
	for _, name := range []string{"took_p50_ns", "took_p99_ns", "took_max_ns"} {
		all = append(all, netsync.Column{Name: name, Type: ecs.Int64})
	}
	return all
}

func (s *serviceSource) forget() { s.known = -1 }

func (s *serviceSource) keys(*ecs.World) ([]string, bool) {
	n := s.services.Known()
	if n == s.known {
		return nil, false
	}
	s.known, s.figures = n, make([]systems.ServiceFigures, n)
	names := make([]string, n)
	for i := range names {
		names[i] = s.services.KnownName(i)
	}
	return names, true
}

func (s *serviceSource) fill(_ *ecs.World, columns [][]byte, _ ecs.Reading) {
	s.services.Figures(s.figures)
	for i := range s.figures {
		x := &s.figures[i]
		row := append(s.row[:0], uint64(x.Providers), uint64(x.UnderWay), uint64(x.Busy), uint64(x.Waiting), x.Served, x.Refused)
		row = append(append(row, x.Ended[:]...), uint64(x.Took.P50), uint64(x.Took.P99), uint64(x.Took.Max))
		for c, n := range row {
			binary.LittleEndian.PutUint64(columns[c][8*i:], n)
		}
		s.row = row
	}
}
