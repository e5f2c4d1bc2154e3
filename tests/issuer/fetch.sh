#!/bin/sh
# Puts the packages of package.json into TARGET_DIR/issuer, unless they are there already, and provider.mjs beside them.
# Used by .ci/run and by tests/it/issuers/provider.rs.
set -eu
target=${1:?usage: fetch.sh TARGET_DIR}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$target/issuer"
place=$(cd "$target/issuer" && pwd)
# A copy of the lock file tells which packages are there. It is written last, so that a broken download is fetched again.
if ! cmp -s "$here/package-lock.json" "$place/package-lock.fetched"; then
    command -v npm >/dev/null || { echo "npm is missing: install Node.js 20 or newer with npm (Debian: apt-get install nodejs npm)" >&2; exit 1; }
    cp "$here/package.json" "$here/package-lock.json" "$place/"
    npm ci --prefix "$place" --ignore-scripts --no-audit --no-fund --loglevel=error
    cp "$here/package-lock.json" "$place/package-lock.fetched"
fi
cmp -s "$here/provider.mjs" "$place/provider.mjs" || cp "$here/provider.mjs" "$place/"
