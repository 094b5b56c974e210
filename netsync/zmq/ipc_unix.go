//go:build unix && !solaris && !aix

package zmq

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// private demands a directory in which no other user can do anything.
func private(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is no directory of its own: give one", dir)
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok && int(s.Uid) != os.Geteuid() {
		return fmt.Errorf("directory %s belongs to user %d: take one of your own", dir, s.Uid)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("directory %s is open to others (%#o): chmod 700 %[1]s, or name a new one, which is made so", dir, mode)
	}
	return fixed(dir)
}

// fixed demands that nobody can put another directory in a private one's place:
// of a directory that all may write, only a sticky one keeps names as they are.
func fixed(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return err
	}
	for up := filepath.Dir(dir); ; up = filepath.Dir(up) {
		info, err := os.Stat(up)
		if err != nil {
			return err
		}
		if mode := info.Mode(); mode.Perm()&0o002 != 0 && mode&fs.ModeSticky == 0 {
			return fmt.Errorf("directory %s is in %s, in which all may write and rename (%#o): take another, or chmod o-w", dir, up, mode.Perm())
		}
		if up == filepath.Dir(up) {
			return nil
		}
	}
}

// lock makes those who begin to listen in a directory take turns: else two
// could find the same stale socket, and the second remove the first's new one.
func lock(dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("cannot lock %s: %w", dir, err)
	}
	return func() { f.Close() }, nil
}

func refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }
