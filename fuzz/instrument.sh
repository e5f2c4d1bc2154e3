#!/bin/sh
# RUSTC_WRAPPER: builds Kith and the targets with the coverage that libFuzzer is led by, and all else as it is. The flags
# are those of `cargo fuzz`, and none needs a nightly compiler. Of Kith comparisons are not traced, which would take twice
# as long to build.
rustc=$1
shift
coverage='-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
    -Cllvm-args=-sanitizer-coverage-pc-table --cfg fuzzing'
case "$*" in
    *"--crate-name kith "*) exec "$rustc" "$@" $coverage -Cllvm-args=-sanitizer-coverage-level=3 ;;
    *"--crate-name cursors "* | *"--crate-name tokens "* | *"--crate-name cypher_guard "*)
        exec "$rustc" "$@" $coverage -Cllvm-args=-sanitizer-coverage-level=4 \
            -Cllvm-args=-sanitizer-coverage-trace-compares
        ;;
    *) exec "$rustc" "$@" ;;
esac
