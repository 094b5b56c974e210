#!/usr/bin/env bash
# Counts the instructions of short fixed runs and fails if one takes 3% more
# than bench/baseline.txt says: a guard that a busy machine cannot trip.
#   bench/guard.sh           compare
#   bench/guard.sh -update   write the baseline, after a change on purpose
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
CGO_ENABLED=0 GOAMD64=v1 go build -buildvcs=false -trimpath -o "$work/guard" ./bench/guard

count() {
	# Callgrind fails an assertion if one of the runtime's preemptions comes at the wrong time.
	GODEBUG=asyncpreemptoff=1 GOGC=off GOMAXPROCS=1 valgrind --tool=callgrind --callgrind-out-file=/dev/null "$work/guard" "$1" 2>"$work/err" >"$work/out" ||
		{ cat "$work/err" >&2; exit 1; }
	sed -n 's/.*Collected : *//p' "$work/err"
}

version=$(go env GOVERSION)
if [ "${1:-}" = -update ]; then
	echo "# instructions of each workload of bench/guard, counted by callgrind, built with $version" >"$work/new"
	for w in $("$work/guard"); do echo "$w $(count "$w")" >>"$work/new"; done
	cp "$work/new" bench/baseline.txt
	cat bench/baseline.txt
	exit
fi
if ! head -1 bench/baseline.txt | grep -q "$version\$"; then
	echo "guard: the baseline was counted with another Go than $version: a difference may be the compiler's"
fi
worse=0
for w in $("$work/guard"); do
	want=$(awk -v w="$w" '$1 == w { print $2 }' bench/baseline.txt)
	[ -n "$want" ] || { echo "guard: $w has no baseline; run bench/guard.sh -update"; exit 1; }
	got=$(count "$w")
	awk -v w="$w" -v got="$got" -v want="$want" 'BEGIN { printf "%-20s %12d instructions, %+.2f%%\n", w, got, 100 * (got / want - 1); exit got > want * 1.03 }' || worse=1
done
[ $worse = 0 ] || { echo "guard: more than 3% worse than bench/baseline.txt; if that is on purpose, run bench/guard.sh -update and say why"; exit 1; }
