#!/bin/sh
# Installs the pinned axe-core, which looks for what keeps people from using a page, into a cache
# outside the repository; prints the path of its script. Once installed it is only looked up. Needs
# npm; no install script runs.
set -eu

VERSION=4.14.1
INTEGRITY="sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="

cache="${CONCORD_TEST_CACHE:-$HOME/.cache/concord-tests}/axe-$VERSION"
modules="$cache/node_modules"

if [ ! -f "$cache/complete" ]; then
    command -v npm >/dev/null || { echo "install_axe: no npm on PATH" >&2; exit 3; }
    mkdir -p "$cache"
    npm install --loglevel error --no-save --ignore-scripts --prefix "$cache" "axe-core@$VERSION" >&2
    grep -qF "$INTEGRITY" "$modules/.package-lock.json" || {
        echo "install_axe: axe-core does not have the pinned hash" >&2
        rm -rf "$cache"
        exit 4
    }
    touch "$cache/complete"
fi
echo "$modules/axe-core/axe.min.js"
