package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"orrery/scenario"
	"orrery/scheduler/trace"
)

// maxFile is the largest file read: a map of a planet, and no endless device.
const maxFile = 1 << 30

// disk opens files by the names that users type: unlike those of other file
// systems they may be absolute, or begin with "..". The scenario on stdin is
// called "-".
type disk struct{ stdin io.Reader }

func (d disk) Open(name string) (fs.File, error) {
	path := filepath.FromSlash(name)
	info, err := os.Stat(path)
	if err != nil {
		return nil, reason(err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("not a file that can be read, but %s", kindOf(info.Mode()))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, reason(err)
	}
	return f, nil
}

// ReadFile is what fs.ReadFile uses.
func (d disk) ReadFile(name string) ([]byte, error) {
	if name == "-" {
		return readLimited(d.stdin)
	}
	f, err := d.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readLimited(f)
}

func readLimited(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, reason(err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("larger than the limit of %d bytes", maxFile)
	}
	return data, nil
}

func kindOf(m fs.FileMode) string {
	if m.IsDir() {
		return "a directory"
	}
	return "a device or a pipe"
}

// reason takes the name and the call off an error of the system: who reports
// it has named the file already.
func reason(err error) error {
	if e, ok := err.(*fs.PathError); ok {
		return e.Err
	}
	return err
}

// load loads a scenario by the name that the user typed.
func (e *edge) load(name string, w *worldFlags) (*scenario.Scenario, error) {
	if err := readable(name); err != nil {
		return nil, err
	}
	s, err := scenario.Load(disk{e.in}, filepath.ToSlash(name), w.options())
	if err != nil {
		return nil, err
	}
	return s, w.settings.known(name, s.Flags)
}

// readable refuses a name that is no file's.
func readable(name string) error {
	if name == "-" {
		return nil
	}
	info, err := os.Stat(name)
	if err == nil && info.IsDir() {
		return wrongUsage("%s is a directory, not a scenario", quote(name))
	}
	if err == nil {
		if info.Mode().IsRegular() && isTrace(name) {
			return wrongUsage("%s is a trace, not a scenario: sim replay %[1]s runs it again, and sim run --from %[1]s --at MOMENT goes another way on", quote(name))
		}
		return nil
	}
	if near := nearestFile(name); near != "" {
		return wrongUsage("%s: %w; did you mean %s?", quote(name), reason(err), quote(near))
	}
	return wrongUsage("%s: %w", quote(name), reason(err))
}

// isTrace reports whether a file begins as a trace does.
func isTrace(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false // who reads it says why not
	}
	defer f.Close()
	front := make([]byte, len(trace.Magic))
	_, err = io.ReadFull(f, front)
	return err == nil && string(front) == trace.Magic
}

// nearestFile returns a scenario beside where one was looked for.
func nearestFile(name string) string {
	dir, base := filepath.Split(name)
	found, err := filepath.Glob(filepath.Join(dir, "*.star"))
	if err != nil {
		return "" // dir looks like a pattern that is none
	}
	var stems []string
	for _, f := range found {
		stems = append(stems, strings.TrimSuffix(filepath.Base(f), ".star"))
	}
	if near := nearest(strings.TrimSuffix(base, ".star"), stems); near != "" {
		return filepath.Join(dir, near+".star")
	}
	return ""
}

// writeFile writes a file under another name first, so that there is either
// all of it or what was there before.
func writeFile(name string, data []byte) (err error) {
	if info, err := os.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(name, data, 0o644) // a link or a device is not to be replaced
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if _, err := f.Write(data); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Chmod(f.Name(), 0o644); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// isFree reports whether nothing has a name yet.
func isFree(name string) bool {
	_, err := os.Lstat(name)
	return errors.Is(err, fs.ErrNotExist)
}

// writable says early that a file could not be written at the end.
func writable(where, name string) error {
	dir := filepath.Dir(name)
	info, err := os.Stat(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s %s: %w", where, quote(name), reason(err))
	}
	if err != nil || !info.IsDir() {
		return wrongUsage("%s %s: there is no directory %s", where, quote(name), quote(dir))
	}
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return wrongUsage("%s %s: it is a directory", where, quote(name))
	}
	return nil
}
