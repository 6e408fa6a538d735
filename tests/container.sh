#!/usr/bin/env bash
# Builds the image of docker/Dockerfile and runs it as the Compose files do: no root, read-only, no capabilities.
#
# Needs a Docker engine with buildx, and a PostgreSQL that may be used for a moment. Without the latter, the programs of an
# installed one start a private server. Environment:
#     RUST_IMAGE     base image; by default the Dockerfile's. Where no image can be pulled, import one from debootstrap:
#                    debootstrap --variant=minbase --include=ca-certificates,gcc,libc6-dev,binutils bookworm root
#                    tar -C root -c . | docker import - base:local
#     BINARY         prebuilt (default) takes target/dist/shoal, and builds it when missing; compiled compiles in the image
#     DATABASE_URL   a PostgreSQL server whose role may create databases and roles
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
fail() { echo "error: $*" >&2; exit 1; }
largest=60000000
tag=shoal:container-test
scratch=$(mktemp -d)
containers=()
server=
clean_up() {
    for container in "${containers[@]}"; do docker rm --force "$container" >/dev/null 2>&1 || true; done
    docker image rm "$tag" >/dev/null 2>&1 || true
    [ -z "$server" ] || as_postgres "$server/pg_ctl" --pgdata "$scratch/data" --mode immediate stop >/dev/null || true
    rm -rf "$scratch"
}
trap clean_up EXIT
# PostgreSQL's programs refuse to run as root.
as_postgres() { if [ "$(id -u)" = 0 ]; then setpriv --reuid postgres --regid postgres --clear-groups "$@"; else "$@"; fi; }

docker info >/dev/null 2>&1 || fail "no Docker engine answers"
arguments=(--build-arg "BINARY=${BINARY:-prebuilt}")
[ -z "${RUST_IMAGE:-}" ] || arguments+=(--build-arg "RUST_IMAGE=$RUST_IMAGE")
[ "${BINARY:-prebuilt}" = compiled ] || [ -x target/dist/shoal ] || cargo build --profile dist --locked --bin shoal
docker buildx build --quiet --load --network host --file docker/Dockerfile --tag "$tag" "${arguments[@]}" . >/dev/null

size=$(docker image inspect --format '{{.Size}}' "$tag")
[ "$size" -le "$largest" ] || fail "the image has $size bytes, more than $largest"
echo "ok: $size bytes (docker image inspect), $(docker save "$tag" | gzip | wc -c) bytes as a compressed archive"
[ "$(docker image inspect --format '{{.Config.User}}' "$tag")" = 10001:10001 ] || fail "the image runs as another user"
! docker run --rm --network none --entrypoint /bin/sh "$tag" -c true 2>/dev/null || fail "there is a shell"
echo "ok: no root, no shell"

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

if [ -z "${DATABASE_URL:-}" ]; then
    for server in ${SHOAL_PG_BIN:-} /usr/lib/postgresql/*/bin; do :; done
    [ -x "$server/initdb" ] || fail "PostgreSQL is not installed: set DATABASE_URL or SHOAL_PG_BIN"
    port=$(free_port)
    chmod 755 "$scratch"
    mkdir "$scratch/data"
    [ "$(id -u)" != 0 ] || chown postgres: "$scratch/data"
    as_postgres "$server/initdb" --pgdata "$scratch/data" --username postgres --auth trust --no-sync >/dev/null
    as_postgres "$server/pg_ctl" --pgdata "$scratch/data" --wait --log "$scratch/data/log" \
        -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off" start >/dev/null
    DATABASE_URL=postgres://postgres@127.0.0.1:$port/postgres
fi

hardened=(--network host --user 10001:10001 --read-only --cap-drop ALL --security-opt no-new-privileges
    --memory 512m --pids-limit 128)
containers+=(shoal-demo-test)
# The demo's counts of releases lie in /tmp, as in docker/compose.demo.yml; `shoal serve` gets none.
docker run --name shoal-demo-test "${hardened[@]}" --tmpfs /tmp --no-healthcheck --env DATABASE_URL="$DATABASE_URL" "$tag" \
    demo --sizes 12,60,150 --json >"$scratch/demo.json" || fail "shoal demo failed in the container"
[ "$(python3 -c 'import json, sys; print(len(json.load(sys.stdin)["instances"]))' <"$scratch/demo.json")" = 3 ] ||
    fail "the demo's document does not speak of three instances"
[ -z "$(docker diff shoal-demo-test)" ] || fail "the demo wrote into the container: $(docker diff shoal-demo-test)"
echo "ok: the demo runs read-only and writes nothing"

# Without its databases the sidecar waits, and must not count as healthy; told to stop, it ends at once.
containers+=(shoal-serve-test)
docker run --detach --name shoal-serve-test "${hardened[@]}" \
    --env SHOAL_PEERTUBE__URL=https://video.example --env SHOAL_PEERTUBE__DATABASE_URL=postgres://nobody@127.0.0.1:1/none \
    --env SHOAL_DATABASE__URL=postgres://nobody@127.0.0.1:1/none --env SHOAL_API__SERVICE_TOKEN=only-for-this-test-0123 \
    --env SHOAL_API__LISTEN="127.0.0.1:$(free_port)" --env SHOAL_FEDERATION__LISTEN=127.0.0.1:0 \
    --env SHOAL_FEDERATION__PUBLIC_URL=https://video.example/shoal "$tag" >/dev/null
! docker exec shoal-serve-test /usr/local/bin/shoal health >/dev/null 2>&1 || fail "healthy without databases"
[ "$(docker inspect --format '{{.State.Running}}' shoal-serve-test)" = true ] ||
    fail "shoal serve ended: $(docker logs shoal-serve-test 2>&1 | tail -n 3)"
docker stop --time 20 shoal-serve-test >/dev/null
code=$(docker inspect --format '{{.State.ExitCode}}' shoal-serve-test)
[ "$code" != 137 ] || fail "shoal serve had to be killed"
echo "ok: unhealthy without databases, and it stops when told (exit code $code)"
echo "ok: tests/container.sh"
