package scenario

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"

	"orrery/ecs/random"
	"orrery/scenario/value"
)

// randomness is me.random in a handler, and random while the scenario is read.
// A handler's draws are those of its event: nothing else in the world, not
// even another draw elsewhere, shifts them.
type randomness struct {
	script *script
	load   bool
}

func (r randomness) String() string        { return "random" }
func (r randomness) Type() string          { return "random" }
func (r randomness) Freeze()               {}
func (r randomness) Truth() starlark.Bool  { return true }
func (r randomness) Hash() (uint32, error) { return 0, fmt.Errorf("random cannot be a key") }

func (r randomness) source() *random.Source {
	s := r.script
	if r.load {
		return &s.loading
	}
	if !s.at.drawn {
		if s.at.draws, s.at.drawn = s.at.batch.Draws(s.streams.script, s.at.index), true; s.at.event != 0 {
			s.at.draws = s.run.World.Key(s.streams.script).At(int64(s.at.batch.Tick), uint64(s.at.event))
		}
	}
	return &s.at.draws
}

var draws = map[string]func(r randomness, args starlark.Tuple) (starlark.Value, error){
	"uniform": randomness.uniform, "int": randomness.integer, "choice": randomness.choice,
	"shuffle": randomness.shuffle, "sample": randomness.sample, "chance": randomness.chance,
	"exponential": randomness.exponential, "normal": randomness.normal, "zipf": randomness.zipf,
}

func (r randomness) Attr(name string) (starlark.Value, error) {
	known := r.script.draws
	if r.load {
		known = r.script.loadDraws
	}
	if draw, ok := known[name]; ok {
		return draw, nil
	}
	return nil, fmt.Errorf("random has no %q%s", name, didYouMean(name, r.AttrNames()))
}

// may says why nothing may be drawn now. What is drawn while the scenario is
// read is no state, which a snapshot would have.
func (r randomness) may() error {
	switch {
	case r.load && r.script.at.phase == handling:
		return fmt.Errorf("random draws while the scenario is read; a handler writes me.random")
	case r.script.at.phase == checking, !r.load && r.script.at.phase != handling:
		return fmt.Errorf("only a handler draws, from me.random")
	}
	return nil
}

// makeDraws makes the functions of me.random, or of random, once: a script
// asks for one at each draw.
func makeDraws(r randomness) map[string]*starlark.Builtin {
	all := map[string]*starlark.Builtin{}
	for name, draw := range draws {
		all[name] = starlark.NewBuiltin(name, func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
			if len(kwargs) > 0 {
				return nil, fmt.Errorf("random.%s takes no arguments by name", name)
			}
			if err := r.may(); err != nil {
				return nil, err
			}
			v, err := draw(r, args)
			if err != nil {
				return nil, fmt.Errorf("random.%s: %w", name, err)
			}
			return v, nil
		})
	}
	return all
}

func (r randomness) AttrNames() []string {
	return []string{"chance", "choice", "exponential", "int", "normal", "sample", "shuffle", "uniform", "zipf"}
}

// uniform(low, high): a float, or a duration between durations.
func (r randomness) uniform(args starlark.Tuple) (starlark.Value, error) {
	if len(args) != 2 {
		return nil, fmt.Errorf("it takes a lowest and a highest value")
	}
	low, lowIs := starlark.AsFloat(args[0])
	high, highIs := starlark.AsFloat(args[1])
	if lowIs && highIs {
		return starlark.Float(low + float64((high-low)*r.source().Unit())), nil
	}
	from, err := value.AsDuration(args[0])
	if err != nil {
		return nil, err
	}
	to, err := value.AsDuration(args[1])
	if err != nil {
		return nil, err
	}
	if to < from {
		return nil, fmt.Errorf("%s is more than %s", from, to)
	}
	return value.Duration(r.source().Between(int64(from), int64(to))), nil
}

// int(low, high): both may come.
func (r randomness) integer(args starlark.Tuple) (starlark.Value, error) {
	var low, high int64
	if err := starlark.UnpackPositionalArgs("int", args, nil, 2, &low, &high); err != nil {
		return nil, err
	}
	if high < low {
		return nil, fmt.Errorf("%d is more than %d", low, high)
	}
	return starlark.MakeInt64(r.source().Between(low, high)), nil
}

func items(v starlark.Value) ([]starlark.Value, error) {
	it, ok := v.(starlark.Iterable)
	if !ok {
		return nil, fmt.Errorf("a list is wanted, not %s", value.A(v))
	}
	return slices.Collect(starlark.Elements(it)), nil
}

func (r randomness) choice(args starlark.Tuple) (starlark.Value, error) {
	if len(args) != 1 {
		return nil, fmt.Errorf("it takes a list")
	}
	all, err := sequence(args[0])
	if err != nil {
		return nil, err
	}
	if all.Len() == 0 {
		return nil, fmt.Errorf("the list is empty")
	}
	return all.Index(int(r.source().Below(uint64(all.Len())))), nil
}

// sequence is items for what is not changed: it copies only what has no order
// by number.
func sequence(v starlark.Value) (starlark.Indexable, error) {
	if all, ok := v.(starlark.Indexable); ok && v.Type() != "string" {
		return all, nil
	}
	all, err := items(v)
	return starlark.Tuple(all), err
}

// shuffle(list) returns a shuffled copy.
func (r randomness) shuffle(args starlark.Tuple) (starlark.Value, error) {
	if len(args) != 1 {
		return nil, fmt.Errorf("it takes a list")
	}
	all, err := items(args[0])
	if err != nil {
		return nil, err
	}
	r.source().Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return starlark.NewList(all), nil
}

func (r randomness) sample(args starlark.Tuple) (starlark.Value, error) {
	if len(args) != 2 {
		return nil, fmt.Errorf("it takes a list and how many")
	}
	all, err := sequence(args[0])
	if err != nil {
		return nil, err
	}
	k, err := starlark.AsInt32(args[1])
	if err != nil {
		return nil, err
	}
	if k < 0 || k > all.Len() {
		return nil, fmt.Errorf("%d of %d cannot be taken", k, all.Len())
	}
	picked := make([]starlark.Value, 0, k)
	r.source().Sample(all.Len(), k, func(i int) { picked = append(picked, all.Index(i)) })
	return starlark.NewList(picked), nil
}

func (r randomness) chance(args starlark.Tuple) (starlark.Value, error) {
	if len(args) != 1 {
		return nil, fmt.Errorf("it takes a probability")
	}
	p, err := probability(args[0])
	if err != nil {
		return nil, err
	}
	return starlark.Bool(r.source().Chance(p)), nil
}

func probability(v starlark.Value) (random.Probability, error) {
	f, ok := starlark.AsFloat(v)
	if !ok {
		return 0, fmt.Errorf("a probability is a number from 0 to 1, not %s", value.A(v))
	}
	p, err := random.Fraction(f)
	if err != nil {
		return 0, fmt.Errorf("a probability is a number from 0 to 1, not %v", v)
	}
	return p, nil
}

// exponential(mean): a duration for a duration, else a float.
func (r randomness) exponential(args starlark.Tuple) (starlark.Value, error) {
	if len(args) != 1 {
		return nil, fmt.Errorf("it takes a mean")
	}
	if mean, ok := starlark.AsFloat(args[0]); ok {
		return starlark.Float(float64(mean * (float64(r.source().Exponential()>>5) * (1.0 / (1 << 53))))), nil
	}
	mean, err := value.AsDuration(args[0])
	if err != nil {
		return nil, err
	}
	if mean < 0 {
		return nil, fmt.Errorf("a mean of %s is below 0", mean)
	}
	return value.Duration(r.source().ExponentialOf(uint64(mean))), nil
}

// normal(mean, deviation): durations for durations, never below 0 then.
func (r randomness) normal(args starlark.Tuple) (starlark.Value, error) {
	if len(args) != 2 {
		return nil, fmt.Errorf("it takes a mean and a standard deviation")
	}
	mean, a := starlark.AsFloat(args[0])
	deviation, b := starlark.AsFloat(args[1])
	if a && b {
		return starlark.Float(mean + float64(deviation*r.source().Normal())), nil
	}
	m, err := value.AsDuration(args[0])
	if err != nil {
		return nil, err
	}
	d, err := value.AsDuration(args[1])
	if err != nil {
		return nil, err
	}
	return max(0, m+value.Duration(float64(float64(d)*r.source().Normal()))), nil
}

// zipf(n, exponent): 0 to n-1, the k-th as often as 1/(k+1)^exponent.
func (r randomness) zipf(args starlark.Tuple) (starlark.Value, error) {
	var n int64
	var power starlark.Value = starlark.Float(1)
	if err := starlark.UnpackPositionalArgs("zipf", args, nil, 1, &n, &power); err != nil {
		return nil, err
	}
	exponent, ok := starlark.AsFloat(power)
	if !ok {
		return nil, fmt.Errorf("the exponent is a number, not %s", power)
	}
	if n < 1 {
		return nil, fmt.Errorf("%d values are none to draw from", n)
	}
	law, err := random.NewZipf(uint64(n), exponent)
	if err != nil {
		return nil, err
	}
	return starlark.MakeUint64(law.Draw(r.source())), nil
}
