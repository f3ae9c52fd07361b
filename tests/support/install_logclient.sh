#!/bin/sh
# Builds tests/support/logclient, a log client on golang.org/x/mod/sumdb and github.com/transparency-dev/merkle, into a
# cache outside the repository and prints the path of the binary. Once built it is only looked up. Needs Go and a
# module proxy; every module is held to the hashes in its go.sum.
set -eu

sources=$(cd "$(dirname "$0")/logclient" && pwd)
version=$(cat "$sources/main.go" "$sources/go.sum" | sha256sum | cut -c1-16)
cache="${CONCORD_TEST_CACHE:-$HOME/.cache/concord-tests}/logclient-$version"
binary="$cache/logclient"

if [ ! -x "$binary" ]; then
    command -v go >/dev/null || { echo "install_logclient: no Go toolchain on PATH" >&2; exit 3; }
    mkdir -p "$cache"
    # The name appears only when the binary is whole: an interrupted build is built again.
    (cd "$sources" && nice -n 15 go build -mod=readonly -buildvcs=false -trimpath -o "$binary.part" .) >&2
    mv "$binary.part" "$binary"
fi
echo "$binary"
