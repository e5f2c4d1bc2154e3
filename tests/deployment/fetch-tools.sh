#!/bin/sh
# Installs check-jsonschema (with the schema of compose files) and hadolint into TARGET/deployment/venv, and nats-server
# into TARGET/deployment/bin, once. Used by .ci/run and by tests/it/deployment/.
set -eu
target=${1:?usage: fetch-tools.sh TARGET_DIR}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$target/deployment"
tools=$(cd "$target/deployment" && pwd)

# The markers are written last: an installation that was interrupted is begun anew.
if ! cmp -s "$here/requirements.txt" "$tools/venv/requirements.txt"; then
    rm -rf "$tools/venv"
    python3 -m venv "$tools/venv"
    "$tools/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement "$here/requirements.txt"
    cp "$here/requirements.txt" "$tools/venv/requirements.txt"
fi
if ! cmp -s "$here/nats.version" "$tools/bin/nats.version"; then
    GOBIN=$tools/bin go install "github.com/nats-io/nats-server/v2@$(cat "$here/nats.version")"
    cp "$here/nats.version" "$tools/bin/nats.version"
fi
