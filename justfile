# `just` lists the recipes; https://just.systems

_default:
    @just --list

# Serve the API; arguments go to kith
run *ARGS:
    cargo run -- {{ ARGS }}

# The whole test suite, as CI runs it
test *ARGS:
    cargo test --locked {{ ARGS }}

# What CI checks beside the tests
lint:
    cargo fmt --all --check
    cargo clippy --locked --all-targets --all-features -- -D warnings
    cargo fmt --manifest-path fuzz/Cargo.toml --check
    cargo clippy --locked --manifest-path fuzz/Cargo.toml --target-dir target -- -D warnings
    cargo deny --locked check bans licenses sources

# Throw inputs at `cursors`, `tokens` or `cypher_guard`, for so many seconds
fuzz TARGET SECONDS="60":
    fuzz/run.sh {{ TARGET }} {{ SECONDS }}

# Repair what can be repaired automatically
fix:
    cargo clippy --fix --allow-dirty --allow-staged --all-targets
    cargo fmt --all

# Write the API description that the repository keeps
openapi:
    mkdir -p openapi
    cargo run --quiet -- openapi > openapi/openapi.json.new
    mv openapi/openapi.json.new openapi/openapi.json

# Measure everything and write docs/performance.md: an hour on an otherwise idle machine with wrk installed
bench *ARGS:
    cargo bench --locked --features jemalloc --bench performance -- {{ ARGS }}
