#!/bin/sh
# Compiles all peers in several layouts and runs all tables:
#
#	bench/run.sh [-rounds N] [-ms M] [read|sync|call|idle ...]
#
# How fast a short loop runs depends on where the linker puts it. So each round takes the
# next layout: of the Go side a random order of all functions, of the C side another
# distance of the loop from a cache line. LAYOUTS is their number, 8 by default.
# Needs gcc and liburcu-dev (Debian, Ubuntu).
set -eu
cd "$(dirname "$0")"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
for i in $(seq "${LAYOUTS:-8}"); do
	gcc -O2 -Wall -Wextra -DSKIP="$((i % 4 * 16))" -o "$tmp/urcu.$i" peers/urcu.c -lurcu-memb -lpthread
	go build -ldflags="-randlayout=$i" -o "$tmp/bench.$i" .
done
"$tmp/bench.1" -layouts "$tmp" "$@"
