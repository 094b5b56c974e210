// Package raft is inside the packages that the flag names.
package raft

import "time"

func now() time.Time { return time.Now() } // want `time.Now`
