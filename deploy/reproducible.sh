#!/usr/bin/env bash
# Builds the release twice, from copies of the sources in folders of different names and with caches of their own, and
# fails when a byte differs. One target unless TARGETS says otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."
export TARGETS=${TARGETS:-linux/amd64} MOST=1000 # the size is not the question here
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for copy in a another-folder; do
  mkdir -p "$scratch/$copy"
  git ls-files -z --cached --others --exclude-standard | tar --create --null --files-from=- --ignore-failed-read |
    tar --extract --directory "$scratch/$copy"
  GOCACHE="$scratch/cache-$copy" bash "$scratch/$copy/deploy/release.sh" "$scratch/out-$copy" v0.0.0 none
  rm -rf "$scratch/cache-$copy"
done
diff --recursive "$scratch/out-a" "$scratch/out-another-folder"
echo "both builds are the same, byte for byte:"
cat "$scratch/out-a/SHA256SUMS"
