# `just` lists these. Each is one command; what outgrows that is a script or a subcommand.

_default:
  @just --list --unsorted

# Fetch dependencies and build the program.
setup:
  cargo fetch --locked
  cargo build --locked

# Everything CI runs.
check:
  scripts/test

# Format, lints and tests.
quick:
  scripts/test --quick

# Tests of one crate or of a name: `just test -p egret-query`.
test *arguments:
  cargo nextest run --locked {{arguments}}

# Write expected output anew; read the difference before committing it.
bless *arguments:
  EGRET_BLESS=1 INSTA_UPDATE=always cargo nextest run --locked --no-fail-fast {{arguments}} || true
  git diff --stat

# A practice incident, investigated, with its report.
demo *arguments:
  cargo run --release --locked -- demo {{arguments}}

# Ingest and queries against DuckDB on the same data, one million events.
compare *arguments:
  benches/compare/run {{arguments}}

# One fuzz target for a minute; needs a nightly toolchain and cargo-fuzz.
fuzz target seconds="60":
  cargo +nightly fuzz run {{target}} -- -max_total_time={{seconds}} -rss_limit_mb=2048

# API documentation.
docs:
  cargo doc --locked --no-deps --open
