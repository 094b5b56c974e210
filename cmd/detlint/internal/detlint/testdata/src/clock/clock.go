// Package clock reads and waits for wall time.
package clock

import (
	"context"
	. "time"
)

var began = Now() // want `time.Now: wall time differs in every run; take the tick as an argument, or start a timer of the world`

type waiter struct {
	t *Timer // want `time.Timer: wall time`
}

func wait(ctx context.Context) {
	_ = Since(began)                       // want `time.Since`
	_ = Until(began)                       // want `time.Until`
	Sleep(Second)                          // want `time.Sleep`
	_ = After(Second)                      // want `time.After`
	_ = AfterFunc(Second, func() {})       // want `time.AfterFunc`
	_ = Tick(Second)                       // want `time.Tick`
	_ = NewTimer(Second)                   // want `time.NewTimer`
	_ = NewTicker(Second)                  // want `time.NewTicker`
	_ = began.In(Local)                    // want `time.Local: the zone is the machine's; use time.UTC`
	_ = began.Local()                      // want `time.Time.Local: the zone`
	now := Now                             // want `time.Now`
	_, stop := context.WithTimeout(ctx, 1) // want `context.WithTimeout: wall time`
	_, _ = now, stop
}
