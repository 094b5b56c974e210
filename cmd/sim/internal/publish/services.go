package publish

import (
	"encoding/binary"

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
}

func (s *serviceSource) columns() []netsync.Column {
	return []netsync.Column{
		{Name: "providers", Type: ecs.Int64}, {Name: "under_way", Type: ecs.Int64},
		{Name: "busy", Type: ecs.Int64}, {Name: "waiting", Type: ecs.Int64},
		{Name: "served", Type: ecs.Int64}, {Name: "refused", Type: ecs.Int64},
	}
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
		for c, n := range []uint64{uint64(x.Providers), uint64(x.UnderWay), uint64(x.Busy), uint64(x.Waiting), x.Served, x.Refused} {
			binary.LittleEndian.PutUint64(columns[c][8*i:], n)
		}
	}
}
