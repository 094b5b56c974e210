//go:build unix

package zmq

import (
	"errors"
	"fmt"
	"os"
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
	return nil
}

func refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }
