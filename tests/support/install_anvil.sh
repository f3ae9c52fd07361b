#!/bin/sh
# Installs the pinned anvil, the Ethereum node that the chain's tests run against beside the embedded
# one, into a cache outside the repository and prints the path of the binary. Once installed it is
# only looked up. Needs npm; the package holds the binary, and no install script runs.
set -eu

VERSION=1.7.1
INTEGRITY="sha512-+XmShybEaxfCrr0OUUZwYEy2OnYZt5pHH9TzBtLv3+VrK0O/ANuNSVEahqNhKHlgX7GRJ59383ofNhxkRWIYTg=="

package="@foundry-rs/anvil-linux-amd64"
cache="${CONCORD_TEST_CACHE:-$HOME/.cache/concord-tests}/anvil-$VERSION"
binary="$cache/node_modules/$package/bin/anvil"

if [ ! -x "$binary" ]; then
    command -v npm >/dev/null || { echo "install_anvil: no npm on PATH" >&2; exit 3; }
    mkdir -p "$cache"
    npm install --silent --no-save --ignore-scripts --prefix "$cache" "$package@$VERSION" >&2
    grep -qF "$INTEGRITY" "$cache/node_modules/.package-lock.json" || {
        echo "install_anvil: $package $VERSION does not have the pinned hash" >&2
        rm -rf "$cache"
        exit 4
    }
fi
echo "$binary"
