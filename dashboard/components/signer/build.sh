#!/bin/sh
# Bundles src/ with the pinned libraries of package.json into signer.js, one ES module that needs
# nothing from any network, and collects their licences into LICENSES.txt. Needs Node 20 and npm.
# The result is committed; a test builds it again and compares.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cp -R "$here/package.json" "$here/package-lock.json" "$here/src" "$work/"
cd "$work"
npm ci --silent >&2
banner="// Built by build.sh from src/ with $(node -p '
  const { dependencies } = require("./package.json");
  Object.entries(dependencies).map(([name, version]) => `${name} ${version}`).join(", ")
'), MIT licence, see LICENSES.txt. Do not edit."
node_modules/.bin/esbuild src/signer.js --bundle --format=esm --target=es2022 --minify \
    --legal-comments=none --charset=utf8 --banner:js="$banner" --outfile="$out/signer.js" --log-level=warning
for package in ciphers curves hashes; do
    printf '@noble/%s %s\n\n' "$package" "$(node -p "require('./package.json').dependencies['@noble/$package']")"
    cat "node_modules/@noble/$package/LICENSE"
    printf '\n'
done > "$out/LICENSES.txt"
