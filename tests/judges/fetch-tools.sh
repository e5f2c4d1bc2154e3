#!/bin/sh
# Puts the judges of package.json, requirements.txt and oasdiff.version into TARGET_DIR/judges, unless they are there
# already. Used by .ci/run and by tests/it/judges.rs.
set -eu
target=${1:?usage: fetch-tools.sh TARGET_DIR}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$target/judges"
judges=$(cd "$target/judges" && pwd)

need() { # COMMAND WHAT PACKAGE
    command -v "$1" >/dev/null || { echo "$1 is missing: install $2 (Debian: apt-get install $3)" >&2; exit 1; }
}

# A copy of what names the versions stands beside each set of tools: it tells which ones they are. It is written last,
# so that a broken download is fetched again.
if ! cmp -s "$here/package-lock.json" "$judges/package-lock.fetched"; then
    need npm "Node.js 20 or newer with npm" "nodejs npm"
    cp "$here/package.json" "$here/package-lock.json" "$judges/"
    npm ci --prefix "$judges" --ignore-scripts --no-audit --no-fund --loglevel=error
    cp "$here/package-lock.json" "$judges/package-lock.fetched"
fi
if ! cmp -s "$here/requirements.txt" "$judges/requirements.fetched"; then
    need python3 "Python 3.11 or newer with venv" "python3 python3-venv"
    rm -rf "$judges/venv"
    python3 -m venv "$judges/venv"
    "$judges/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$judges/requirements.fetched"
fi
oasdiff=$(cat "$here/oasdiff.version")
if ! cmp -s "$here/oasdiff.version" "$judges/oasdiff.fetched"; then
    need go "Go 1.21 or newer" "golang-go"
    GOBIN=$judges/bin go install "github.com/oasdiff/oasdiff@$oasdiff"
    cp "$here/oasdiff.version" "$judges/oasdiff.fetched"
fi
