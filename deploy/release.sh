#!/usr/bin/env bash
# Builds what is handed out: static programs, a bill of materials for each, the licences, checksums.
#
#   deploy/release.sh FOLDER VERSION COMMIT
#
# The same sources and the same Go make the same bytes, wherever they are built: no paths, no times, no settings of
# whoever builds. TARGETS narrows what is built; MOST is what a program may have, in MB.
set -euo pipefail
folder=$(realpath -m "${1:?name the folder}") version=${2:?name the version} commit=${3:?name the commit}
cd "$(dirname "$0")/.."
most=$((${MOST:-40} * 1024 * 1024))

export CGO_ENABLED=0 GOFLAGS=
rm -rf "$folder"
mkdir -p "$folder"
go build -o "$folder/.licences" ./deploy/licences
for target in ${TARGETS:-linux/amd64 linux/arm64 darwin/amd64 darwin/arm64}; do
  os=${target%/*} arch=${target#*/}
  program=$folder/otpgate-$os-$arch
  GOOS=$os GOARCH=$arch go build -trimpath -buildvcs=false -tags grpcnotrace \
    -gcflags 'github.com/redis/go-redis/...=-l' \
    -ldflags "-s -w -X main.version=$version -X main.commit=$commit" -o "$program" ./cmd/otpgate
  GOOS=$os GOARCH=$arch "$folder/.licences" -sbom "$program.cdx.json" -version "$version"
  size=$(wc -c <"$program")
  # The bound is for what serves; the programs for darwin are for those who write code on one.
  if [ "$os" = linux ] && [ "$size" -gt "$most" ]; then
    echo "$program has $size bytes, and $most are the most" >&2
    exit 1
  fi
  echo "$program: $((size / 1024 / 1024)) MB"
done
"$folder/.licences" -texts "$folder/THIRD-PARTY.txt"
rm "$folder/.licences"
cp LICENSE "$folder/LICENSE"
(cd "$folder" && sha256sum -- * >SHA256SUMS)
