#!/usr/bin/env bash
# Throws inputs at a target, those of its corpus first: fuzz/run.sh TARGET [SECONDS] [what libFuzzer takes …]
# What has failed is kept in fuzz/artifacts/TARGET; named as the last argument, it is tried alone.
set -euo pipefail
cd "$(dirname "$0")/.."
name=${1:?cursors, tokens or cypher_guard}
seconds=${2:-60}
shift $(($# < 2 ? $# : 2))
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")

RUSTC_WRAPPER=$PWD/fuzz/instrument.sh \
    cargo build --locked --quiet --manifest-path fuzz/Cargo.toml --target-dir "$target" --bin "$name"
mkdir -p "fuzz/artifacts/$name" "$target/fuzz/$name"
# New inputs go into the first folder; the corpus is only read.
[ $# -gt 0 ] || set -- "$target/fuzz/$name" "fuzz/corpus/$name"
exec "$target/debug/$name" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -max_len=512 \
    -artifact_prefix="fuzz/artifacts/$name/" -print_final_stats=1 "$@"
