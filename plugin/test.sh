#!/usr/bin/env bash
# Installs, builds and tests the plugin. Needs Node 20 or newer with npm; the browser tests need Chromium (Debian's package,
# installed when this is root and apt-get is there, or SHOAL_CHROMIUM). What npm installs stays in node_modules/.
#
# The last tests need a real sidecar: SHOAL_BIN, or what cargo builds. They start a small demo, which needs PostgreSQL or
# fetches it. Without either they are left out, which is said.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

npm ci --no-audit --no-fund
if grep -n '"resolved"' package-lock.json; then
    echo "error: package-lock.json names a registry: remove the \"resolved\" lines" >&2
    exit 1
fi
npm run --silent typecheck
node scripts/build.mjs --tests
npm run --silent test:unit

export SHOAL_CHROMIUM=${SHOAL_CHROMIUM:-/usr/bin/chromium}
if [ ! -x "$SHOAL_CHROMIUM" ]; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "error: $SHOAL_CHROMIUM is missing: install Chromium, or set SHOAL_CHROMIUM" >&2
        exit 1
    fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
fi
npm run --silent test:browser

if [ -z "${SHOAL_BIN:-}" ] && command -v cargo >/dev/null; then
    (cd .. && cargo build --quiet --locked --bin shoal)
    SHOAL_BIN=${CARGO_TARGET_DIR:-target}/debug/shoal
fi
if [ -n "${SHOAL_BIN:-}" ]; then
    SHOAL_BIN=$(cd .. && realpath "$SHOAL_BIN") npm run --silent test:real
else
    echo "left out: the tests against a real sidecar, because there is no cargo to build it and SHOAL_BIN names none"
fi
rm -rf build
