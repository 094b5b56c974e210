// Package log is below a package that the flag names.
package log

import "time"

func now() time.Time { return time.Now() } // want `time.Now`
