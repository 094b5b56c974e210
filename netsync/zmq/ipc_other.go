//go:build !unix

package zmq

import "os"

// private asks only that there is one: access is by lists here, which a
// directory inherits from the user's own.
func private(dir string) error {
	_, err := os.Stat(dir)
	return err
}

// refused takes any failure to connect for nobody being there.
func refused(error) bool { return true }
