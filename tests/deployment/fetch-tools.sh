#!/bin/sh
# Installs check-jsonschema (with the schema of compose files) and hadolint into TARGET/deployment/venv, once.
set -eu
target=${1:?the target folder}
here=$(dirname "$0")
venv=$target/deployment/venv
# The marker is written last: an installation that was interrupted is begun anew.
if cmp -s "$here/requirements.txt" "$venv/requirements.txt"; then
    exit 0
fi
rm -rf "$venv"
mkdir -p "$target/deployment"
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement "$here/requirements.txt"
cp "$here/requirements.txt" "$venv/requirements.txt"
