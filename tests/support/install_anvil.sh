#!/bin/sh
# Installs the pinned anvil, the Ethereum node that the chain's tests run against beside the embedded
# one, and two of the clients that it must get on with, cast and ethers, into a cache outside the
# repository; prints the path of anvil. Once installed it is only looked up. Needs npm; the packages
# hold what is needed, and no install script runs.
set -eu

VERSION=1.7.1
ANVIL="@foundry-rs/anvil-linux-amd64"
CAST="@foundry-rs/cast-linux-amd64"
ETHERS="ethers"

cache="${CONCORD_TEST_CACHE:-$HOME/.cache/concord-tests}/anvil-$VERSION"
modules="$cache/node_modules"

expect() { # PACKAGE INTEGRITY
    grep -qF "$2" "$modules/.package-lock.json" || {
        echo "install_anvil: $1 does not have the pinned hash" >&2
        rm -rf "$cache"
        exit 4
    }
}

if [ ! -f "$cache/complete" ]; then
    command -v npm >/dev/null || { echo "install_anvil: no npm on PATH" >&2; exit 3; }
    mkdir -p "$cache"
    npm install --silent --no-save --ignore-scripts --prefix "$cache" \
        "$ANVIL@$VERSION" "$CAST@$VERSION" "$ETHERS@6.17.0" >&2
    expect "$ANVIL" "sha512-+XmShybEaxfCrr0OUUZwYEy2OnYZt5pHH9TzBtLv3+VrK0O/ANuNSVEahqNhKHlgX7GRJ59383ofNhxkRWIYTg=="
    expect "$CAST" "sha512-XUpTM2rwtkF8BJ02dae38NNZAx5QfycWRpdR2RmSgOJnasvXuvN58whDVLjQu8IDHEV/fCNIa49aE8V74pmDwQ=="
    expect "$ETHERS" "sha512-BpyrpIPJ3ydEVow8zGaz1DuPS7YU8DcWxuBnY9a0UA/lvAPwrMr+EPXsfrul628SRaekPNeIM4UFh/91GWZang=="
    touch "$cache/complete"
fi
echo "$modules/$ANVIL/bin/anvil"
