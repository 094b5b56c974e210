package scenario

import (
	"fmt"
	"io/fs"

	"orrery/ecs"
)

// Fork returns a scenario of its own that continues from a snapshot of this
// one, or of any load of the same files with the same flags. What has come to this
// one from outside comes to it too, after the snapshot. It reads the files
// again as they were read then, so that nothing is shared: both may run on, and
// in different goroutines.
func (s *Scenario) Fork(from *ecs.Snapshot) (*Scenario, error) {
	files := kept{noFiles{}, map[string][]byte{}}
	for _, x := range s.Sources {
		files.files[x.Path] = x.Data
	}
	f, err := Load(files, s.script.path, s.script.options)
	if err != nil {
		return nil, fmt.Errorf("fork: %w", err)
	}
	for _, in := range s.Run.Inputs() {
		if in.Command { // the files have not these
			f.Run.CommandAt(in.Tick, in.Action)
		}
	}
	if err := f.Run.Restore(from); err != nil {
		return nil, fmt.Errorf("fork: %w", err)
	}
	return f, nil
}

// noFiles is a file system without files.
type noFiles struct{}

func (noFiles) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}
