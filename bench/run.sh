#!/bin/sh
# Compiles the C peer and runs all tables: bench/run.sh [-rounds N] [-ms M] [read|sync|call|idle ...]
# Needs gcc and liburcu-dev (Debian, Ubuntu).
set -eu
cd "$(dirname "$0")"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
gcc -O2 -Wall -Wextra -o "$tmp/urcu" peers/urcu.c -lurcu-memb -lpthread
go build -o "$tmp/bench" .
"$tmp/bench" -urcu "$tmp/urcu" "$@"
