#!/bin/sh
# Writes .sqlx/, what the compiler must know about Shoal's queries to check them without a database.
# Run it after a change to migrations/ or to a query of src/store. With --check nothing is changed: it fails if .sqlx/ is stale.
# Needs PostgreSQL's initdb, pg_ctl and psql (in SHOAL_PG_BIN, PATH or /usr/lib/postgresql/*/bin); uses a private throw-away cluster.
set -eu
cd "$(dirname "$0")/.."

mode=${1:-write}
case "$mode" in write | --check) ;; *) echo "usage: $0 [--check]" >&2; exit 2 ;; esac

complete() { [ -x "$1/initdb" ] && [ -x "$1/pg_ctl" ] && [ -x "$1/psql" ]; }
binaries=${SHOAL_PG_BIN:-}
if [ -z "$binaries" ]; then
    for directory in $(printf %s "$PATH" | tr : ' ') /usr/lib/postgresql/*/bin; do
        if complete "$directory"; then binaries=$directory; fi
    done
fi
complete "$binaries" || { echo "PostgreSQL's initdb, pg_ctl and psql were not found; set SHOAL_PG_BIN to the directory that holds them" >&2; exit 1; }

scratch=$(mktemp -d)
chmod 755 "$scratch"
mkdir "$scratch/sqlx"

# initdb and postgres refuse to run as root.
as_owner() {
    if [ "$(id -u)" = 0 ]; then setpriv --reuid="$owner" --regid="$group" --clear-groups "$@"; else "$@"; fi
}
if [ "$(id -u)" = 0 ]; then
    if id postgres >/dev/null 2>&1; then owner=$(id -u postgres); group=$(id -g postgres); else owner=65534; group=65534; fi
    mkdir "$scratch/cluster"
    chown "$owner:$group" "$scratch/cluster"
else
    mkdir "$scratch/cluster"
fi
finish() {
    as_owner "$binaries/pg_ctl" -D "$scratch/cluster/data" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT TERM

cd "$scratch/cluster"
as_owner "$binaries/initdb" -D "$scratch/cluster/data" -U shoal -A trust -E UTF8 --no-sync >/dev/null
as_owner "$binaries/pg_ctl" -D "$scratch/cluster/data" -w -l "$scratch/cluster/log" \
    -o "-c listen_addresses='' -c unix_socket_directories='$scratch/cluster' -c fsync=off" start >/dev/null
cd - >/dev/null

run_sql() { "$binaries/psql" -X -q -v ON_ERROR_STOP=1 -h "$scratch/cluster" -U shoal -d postgres "$@"; }
run_sql -c 'CREATE SCHEMA shoal'
for migration in migrations/*.up.sql; do run_sql -f "$migration"; done

host=$(printf %s "$scratch/cluster" | sed 's|/|%2F|g')
touch src/lib.rs
SHOAL_CHECKED_QUERIES_URL="postgres://shoal@$host/postgres" SQLX_OFFLINE=false SQLX_OFFLINE_DIR="$scratch/sqlx" \
    cargo check --quiet --lib
# The next ordinary build must read .sqlx/ again.
touch src/lib.rs

if [ "$mode" = --check ]; then
    diff -r .sqlx "$scratch/sqlx" >/dev/null || { echo ".sqlx/ is stale: run tools/prepare-queries.sh" >&2; exit 1; }
    echo ".sqlx/ is up to date"
else
    rm -rf .sqlx
    cp -r "$scratch/sqlx" .sqlx
    echo "wrote $(find .sqlx -name '*.json' | wc -l) queries to .sqlx/"
fi
