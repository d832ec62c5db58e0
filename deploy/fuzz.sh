#!/usr/bin/env bash
# Runs every fuzz target of the tree, each for the time given (30s). What a target finds is kept in its testdata.
set -euo pipefail
cd "$(dirname "$0")/.."
grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u | while read -r folder; do
  for target in $(grep -ho '^func Fuzz[A-Za-z0-9_]*' "$folder"/*_test.go | cut -d' ' -f2); do
    echo "== $folder $target"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "${1:-30s}" -fuzzminimizetime 20x "$folder"
  done
done
