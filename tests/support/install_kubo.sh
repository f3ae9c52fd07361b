#!/bin/sh
# Builds the pinned Kubo, the IPFS implementation that tests/ledger/content compares itself with, into a cache outside
# the repository and prints the path of the binary. Once built it is only looked up. Needs Go and a module proxy;
# the build takes five to ten minutes on two cores.
#
# Kubo is built inside its own downloaded module, so every dependency is held to the hashes in Kubo's go.sum. `go install
# module@version` would reach the same sources, but it also asks the proxy for a list of all versions, which not
# every proxy serves.
set -eu

VERSION=v0.40.1
SUM="h1:jCUBDTXFKp1lAewSOdAY00zsgrt0QLAgvSFldTSzgkI="

cache="${CONCORD_TEST_CACHE:-$HOME/.cache/concord-tests}/kubo-$VERSION"
binary="$cache/ipfs"

if [ ! -x "$binary" ]; then
    command -v go >/dev/null || { echo "install_kubo: no Go toolchain on PATH" >&2; exit 3; }
    described=$(cd / && go mod download -json "github.com/ipfs/kubo@$VERSION")
    echo "$described" | grep -qF "\"Sum\": \"$SUM\"" || {
        echo "install_kubo: Kubo $VERSION does not have the pinned hash $SUM" >&2
        exit 4
    }
    sources=$(echo "$described" | sed -n 's/^.*"Dir": "\(.*\)".*$/\1/p')
    mkdir -p "$cache"
    # The name appears only when the binary is whole: an interrupted build is built again.
    (cd "$sources" && nice -n 15 go build -mod=readonly -buildvcs=false -trimpath -o "$binary.part" ./cmd/ipfs) >&2
    mv "$binary.part" "$binary"
fi
echo "$binary"
