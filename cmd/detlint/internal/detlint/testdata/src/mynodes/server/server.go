// Package server is outside the packages that the flag names.
package server

import "time"

func now() time.Time { return time.Now() }
