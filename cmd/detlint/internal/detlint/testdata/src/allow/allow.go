// Package allow makes exceptions, with and without a reason.
package allow

import "time"

func count(m map[int]int) (n int) {
	//det:allow counting is the same in any order
	for range m {
		n++
	}
	for range m { //det:allow counting is the same in any order
		n++
	}
	//det:allow reaches one line further and no more

	for range m { // want `range over a map`
		n++
	}
	//det:allow // want `//det:allow without a reason: nobody can judge it later; write //det:allow and why`
	for range m { // want `range over a map`
		n++
	}
	//det:allowance is another word // want `//det:allow without a reason`
	_ = time.Now() // want `time.Now`
	return n
}
