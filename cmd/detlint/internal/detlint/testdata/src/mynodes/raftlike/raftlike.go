// Package raftlike begins like one of the packages that the flag names.
package raftlike

import "time"

func now() time.Time { return time.Now() }
