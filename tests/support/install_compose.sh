#!/bin/sh
# Builds the pinned Docker Compose into a cache outside the repository and prints the path of the binary: `compose config` needs no Docker engine. Once built
# it is only looked up. Needs Go and a module proxy. Built inside its own downloaded module, as install_kubo.sh explains.
set -eu

VERSION=v2.39.4
SUM="h1:lXIyl0axf8rZ5ThGm25g0y5nvtj1a9HKS08qfMvHiFM="

cache="${CONCORD_TEST_CACHE:-$HOME/.cache/concord-tests}/compose-$VERSION"
binary="$cache/docker-compose"

if [ ! -x "$binary" ]; then
    command -v go >/dev/null || { echo "install_compose: no Go toolchain on PATH" >&2; exit 3; }
    described=$(cd / && go mod download -json "github.com/docker/compose/v2@$VERSION")
    echo "$described" | grep -qF "\"Sum\": \"$SUM\"" || {
        echo "install_compose: Compose $VERSION does not have the pinned hash $SUM" >&2
        exit 4
    }
    sources=$(echo "$described" | sed -n 's/^.*"Dir": "\(.*\)".*$/\1/p')
    mkdir -p "$cache"
    (cd "$sources" && nice -n 15 go build -mod=readonly -buildvcs=false -trimpath -o "$binary.part" ./cmd) >&2
    mv "$binary.part" "$binary"
fi
echo "$binary"
