package systems

import "orrery/ecs"

// Set is the systems of one world, wired to each other. It owns nothing but
// the wiring: what they know lies in the world.
type Set struct {
	World     *ecs.World
	Programs  *Programs
	Links     *Links
	Groups    *Groups
	Cuts      *Cuts
	Waiting   *Waiting
	Timers    *Timers
	Recurring *Recurring
	Epidemic  *Epidemic
	Services  *Services
	Params    *Params
	Feeds     *Feeds
	Pipes     *Pipes
	Lifecycle *Lifecycle
	Deliver   *Deliver
	Faults    *Faults
	Outside   *Outside
	Triggers  *Triggers
	Checks    *Checks
	Measures  *Measures
}

// NewSet makes the systems of a world. The order is that of their tables.
func NewSet(w *ecs.World) *Set {
	s := &Set{World: w, Programs: NewPrograms(w)}
	s.Cuts = NewCuts(w)
	s.Links = NewLinks(w, s.Cuts)
	s.Groups = NewGroups(w, s.Links)
	s.Waiting = NewWaiting(w)
	s.Timers = NewTimers(w)
	s.Recurring = NewRecurring(w, s.Programs)
	s.Services = NewServices(w, s.Programs, s.Links)
	s.Epidemic = NewEpidemic(w, s.Programs, s.Links)
	s.Params = NewParams(w, s.Programs, s.Epidemic)
	s.Lifecycle = NewLifecycle(w, s.Programs, s.Recurring, s.Waiting, s.Timers, s.Services, s.Params)
	s.Deliver = NewDeliver(w, s.Programs, s.Links, s.Lifecycle, s.Waiting, s.Timers, s.Epidemic)
	s.Feeds = NewFeeds(w, s.Programs, s.Links)
	s.Cuts.fan, s.Lifecycle.feeds, s.Deliver.feeds = &s.Feeds.fan, s.Feeds, s.Feeds
	s.Pipes = NewPipes(w, s.Programs, s.Links)
	s.Lifecycle.pipes = s.Pipes
	s.Faults = NewFaults(w, s.Lifecycle, s.Cuts, s.Deliver, s.Links, s.Groups)
	s.Outside = newOutside(s)
	s.Triggers = NewTriggers(w, s.Faults)
	s.Checks = NewChecks(w, s.Deliver)
	s.Measures = NewMeasures(w)
	s.Waiting.services = s.Services
	s.Services.measures, s.Pipes.figures.measures = s.Measures, s.Measures
	return s
}

// Like declares in this set's world what another's has: programs, kinds,
// checks, measures, limits. It is the first half of a fork; the second is a
// restore.
func (s *Set) Like(other *Set) {
	s.World.DeclareLike(other.World)
	s.Epidemic.like(other.Epidemic)
	s.Services.like(other.Services, s.Epidemic)
	s.Params.like(other.Params)
	s.Feeds.like(other.Feeds)
	s.Pipes.like(other.Pipes)
	s.Programs.like(other.Programs, s)
	s.Waiting.max = other.Waiting.max
	s.Triggers.like(other.Triggers)
	s.Checks.like(other.Checks)
	s.Measures.like(other.Measures)
}

// Rebuild makes what systems derive from the world's tables again, after a
// restore, and forgets what a tick that failed left undone.
func (s *Set) Rebuild() {
	s.Links.rebuild()
	s.Groups.rebuild()
	s.Cuts.rebuild()
	s.Waiting.rebuild()
	s.Timers.rebuild()
	s.Recurring.rebuild()
	s.Epidemic.rebuild()
	s.Params.rebuild()
	s.Services.rebuild()
	s.Feeds.rebuild()
	s.Pipes.rebuild()
	s.Lifecycle.rebuild()
	s.Lifecycle.outages.rebuild()
	s.Deliver.rebuild()
	s.Faults.rebuild()
	s.Outside.rebuild()
	s.Checks.rebuild()
	s.Measures.rebuild()
}
