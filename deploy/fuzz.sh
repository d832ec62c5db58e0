#!/usr/bin/env bash
# Runs every fuzz target of the tree, each for the time given (30s). What a target finds is kept in its testdata.
#
#   deploy/fuzz.sh [TIME [./FOLDER...]]
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-30s}
shift || true
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Go calls a target failed whose time ran out in the midst of an input. That is no finding: a finding
# is written to testdata, and the output says so.
over() { grep -q 'context deadline exceeded' "$log" && ! grep -q 'Failing input written' "$log"; }

grep -rl --include='*_test.go' '^func Fuzz' "${@:-.}" | xargs -n1 dirname | sort -u | while read -r folder; do
  for target in $(grep -ho '^func Fuzz[A-Za-z0-9_]*' "$folder"/*_test.go | cut -d' ' -f2); do
    echo "== $folder $target"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 20x "$folder" 2>&1 | tee "$log" || over
  done
done
