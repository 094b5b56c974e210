package clean

import "time"

// Tests may read the clock.
var began = time.Now()
