#!/usr/bin/env bash
# Holds a running sidecar against its own OpenAPI document with schemathesis: statuses, media types, schemas, refusal of
# wrong data, and that nothing answers without authentication. The sidecar is that of a small demo on a private PostgreSQL.
# Everything is stopped and removed at the end. The network is only used to install schemathesis, once.
#
# SHOAL_BIN: the program to try, else the debug build. SHOAL_CACHE_DIR: where schemathesis is kept.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
version=4.32.5
seed=1
examples=20

scratch=$(mktemp -d)
demo=
peertube=
finish() {
    local each
    for each in $demo $peertube; do
        kill -TERM "$each" 2>/dev/null || true
        wait "$each" 2>/dev/null || true
    done
    rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
fail() { echo "error: $*" >&2; exit 1; }

if [ -z "${SHOAL_BIN:-}" ]; then
    cargo build --quiet --locked
    SHOAL_BIN=target/debug/shoal
fi

# The package lies in the folder of its version, so that another version is another installation.
cache=${SHOAL_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/shoal}/schemathesis-$version
if ! [ -e "$cache/complete" ]; then
    command -v python3 >/dev/null || fail "python3 was not found: schemathesis needs Python 3.10 or newer"
    rm -rf "$cache"
    if ! python3 -m venv "$cache" >"$scratch/install" 2>&1; then
        # Debian keeps the module that puts pip into an environment in a package of its own.
        rm -rf "$cache"
        python3 -m pip --version >/dev/null 2>&1 || fail "neither python3-venv nor pip: install one of them"
        mkdir -p "$cache/bin"
        python3 -m pip install --quiet --target "$cache/packages" "schemathesis==$version" || fail "schemathesis cannot be installed"
        printf '#!/bin/sh\nPYTHONPATH="%s" exec python3 -m schemathesis.cli "$@"\n' "$cache/packages" >"$cache/bin/schemathesis"
        chmod +x "$cache/bin/schemathesis"
    else
        "$cache/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$version" || fail "schemathesis cannot be installed"
    fi
    touch "$cache/complete"
fi

# A PeerTube that knows no access token. The sidecar asks it about every token but its own.
python3 -c '
import http.server, sys
class PeerTube(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(401)
        self.end_headers()
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), PeerTube)
print(server.server_port, flush=True)
server.serve_forever()' >"$scratch/peertube" &
peertube=$!
for _ in $(seq 100); do
    ! grep -q . "$scratch/peertube" || break
    sleep 0.1
done
port=$(cat "$scratch/peertube")
[ -n "$port" ] || fail "the stand-in for PeerTube does not start"

"$SHOAL_BIN" demo --token-url "http://127.0.0.1:$port" --instances 1 --sizes 40 --seed "$seed" --serve >"$scratch/demo" 2>"$scratch/log" &
demo=$!
for _ in $(seq 1200); do
    ! grep -q '/metrics' "$scratch/demo" || break
    kill -0 "$demo" 2>/dev/null || { cat "$scratch/log" >&2; fail "the demo ended before it served"; }
    sleep 0.2
done
token=$(sed -n "s/.*Authorization: Bearer \([0-9a-f]*\)'.*/\1/p" "$scratch/demo" | head -n 1)
address=$(sed -n "s#.*'\(http://localhost:[0-9]*\)/metrics'.*#\1#p" "$scratch/demo")
user=$(sed -n 's/.*userId=\([0-9]*\)&.*/\1/p' "$scratch/demo" | head -n 1)
[ -n "$token" ] && [ -n "$address" ] && [ -n "$user" ] || fail "the demo did not say where it serves"

ask() { curl --silent --show-error --fail --noproxy '*' --header "Authorization: Bearer $token" "$address$1"; }
video=$(ask "/api/v1/recommendations/videos?strategy=popular&count=1" | sed -n 's/.*"uuid":"\([0-9a-f-]*\)".*/\1/p')
[ -n "$video" ] || fail "the demo lists no video"

export NO_PROXY=localhost
began=$SECONDS
check() (
    # It keeps a folder for replays where it runs.
    cd "$scratch"
    "$cache/bin/schemathesis" --config-file "$1" run "$address/api/v1/openapi.json" --request-timeout 20 \
        --header "Authorization: Bearer $token" --seed "$seed" --max-examples "$examples" "${@:2}"
)

# Whether a parameter may be left out depends on who asks and on other parameters, which OpenAPI cannot say: the service
# token needs a user, two strategies need a video, and one route takes a video or a channel, not both. So only the second run, which names both, insists that
# what the document allows is done.
echo "any user, any video"
: >"$scratch/any.toml"
check "$scratch/any.toml" --exclude-checks positive_data_acceptance
echo "user $user, video $video"
cat >"$scratch/one.toml" <<TOML
[parameters]
"query.userId" = $user
"query.videoId" = "$video"
[[operations]]
include-operation-id = "removeNotInterested"
checks.positive_data_acceptance.enabled = false
TOML
check "$scratch/one.toml"
kill -0 "$demo" 2>/dev/null || { cat "$scratch/log" >&2; fail "the demo ended while it was tried"; }
echo "ok: tests/openapi.sh, $((SECONDS - began)) s"
