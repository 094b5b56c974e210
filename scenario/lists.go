package scenario

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"
)

// servicesVerb is me.services(): what somebody provides, as this node sees it.
func (s *script) servicesVerb(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := starlark.UnpackArgs("me.services", args, kwargs); err != nil {
		return nil, err
	}
	return texts(s.run.Services.Seen(s.at.node)), nil
}

// paramsVerb is me.params(): what is declared, which every node sees some
// version of.
func (s *script) paramsVerb(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := starlark.UnpackArgs("me.params", args, kwargs); err != nil {
		return nil, err
	}
	return texts(slices.Sorted(slices.Values(s.paramNames()))), nil
}

// feedsVerb is me.feeds(): the names of the feeds that this node has met.
func (s *script) feedsVerb(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := starlark.UnpackArgs("me.feeds", args, kwargs); err != nil {
		return nil, err
	}
	if !s.listsFeeds {
		return nil, fmt.Errorf("me.feeds: write it out as me.feeds(), so that it is known before the run that nodes are to remember")
	}
	return texts(s.run.Feeds.Known(s.at.node)), nil
}

func texts(all []string) *starlark.List {
	list := make([]starlark.Value, len(all))
	for i, text := range all {
		list[i] = starlark.String(text)
	}
	return starlark.NewList(list)
}
