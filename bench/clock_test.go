//go:build !linux

package bench

import "time"

var began = time.Now()

// elapsed is the time since the process began, where its processor time is not
// asked for.
func elapsed() time.Duration { return time.Since(began) }
