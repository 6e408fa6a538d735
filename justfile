# The few commands of this project; `just` alone lists them. Each line is a plain command that works without `just`, too.

_list:
    @just --list

# A small fediverse on this machine
demo *arguments:
    cargo run --release -- demo {{arguments}}

# All Rust tests: units, properties, and sidecars on a throw-away PostgreSQL
test *arguments:
    cargo test {{arguments}}

# The plugin's tests; the last of them run a real sidecar and Chromium
test-plugin:
    plugin/test.sh

# Format and lints, as they must pass
lint:
    cargo fmt --check
    cargo clippy --all-targets --locked -- -D warnings

# Advisories, licenses and sources of all dependencies (needs cargo-deny)
deny:
    cargo deny check

# Checked queries of Shoal's own tables, after a statement or a migration was changed
queries:
    tools/prepare-queries.sh

# Everything that must pass before a change is taken
ci:
    .ci/run
