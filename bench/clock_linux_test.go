package bench

import (
	"syscall"
	"time"
)

// elapsed is the processor time of this process so far: what other programs
// take of the machine does not count.
func elapsed() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
