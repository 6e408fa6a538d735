#!/usr/bin/env bash
# Tries the files for administrators in docker/: the nginx location with a real nginx on loopback, the systemd unit and the
# Compose files with their own checkers. What is not installed here is named and left out. Uses no other network.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scratch=$(mktemp -d)
started=()
trap '[ ${#started[@]} = 0 ] || kill "${started[@]}" 2>/dev/null; rm -rf "$scratch"' EXIT
fail() { echo "error: $*" >&2; exit 1; }
expect() { [ "$2" = "$3" ] || fail "$1: expected \"$3\", got \"$2\""; echo "ok: $1"; }

echo "nginx: docker/nginx.conf, docker/nginx.compose.conf"
if ! command -v nginx >/dev/null; then
    echo "left out: nginx is not installed"
else
    read -r front back compose names < <(python3 -c '
import socket
sockets = [socket.socket() for _ in range(4)]
for each in sockets: each.bind(("127.0.0.1", 0))
print(*(each.getsockname()[1] for each in sockets))')
    sed "s/127\.0\.0\.1:9181/127.0.0.1:$back/" docker/nginx.conf >"$scratch/location.conf"
    sed "s/127\.0\.0\.11 valid=10s/127.0.0.1:$names valid=1s/; s/shoal:9181/shoal:$back/" docker/nginx.compose.conf \
        >"$scratch/compose.conf"
    mkdir "$scratch/temp"
    cat >"$scratch/nginx.conf" <<CONF
daemon off;
worker_processes 1;
$([ "$(id -u)" != 0 ] || echo 'user root;')
pid $scratch/pid;
error_log $scratch/error.log;
events {}
http {
    access_log off;
    client_body_temp_path $scratch/temp; proxy_temp_path $scratch/temp; fastcgi_temp_path $scratch/temp;
    uwsgi_temp_path $scratch/temp; scgi_temp_path $scratch/temp;
    server {
        listen 127.0.0.1:$front;
        include $scratch/location.conf;
        location / { return 200 "peertube\n"; }
    }
    server {
        listen 127.0.0.1:$compose;
        include $scratch/compose.conf;
        resolver_timeout 1s;
        location / { return 200 "peertube\n"; }
    }
    # Stands for the public listener: tells what arrived.
    server {
        listen 127.0.0.1:$back;
        client_max_body_size 1m;
        location / { return 200 "\$request_method \$request_uri \$http_host \$http_signature \$content_length\n"; }
    }
}
CONF
    nginx -t -q -c "$scratch/nginx.conf"
    nginx -c "$scratch/nginx.conf" &
    started+=($!)
    ask() { curl --silent --show-error --noproxy '*' -H 'Host: video.example' "$@"; }
    passes_on() {
        expect "path, query, host and signature arrive unchanged" \
            "$(ask -H 'Signature: keyId="k"' --path-as-is "$1/shoal/actor/inbox?a=%2Fb" -d 12345)" \
            'POST /shoal/actor/inbox?a=%2Fb video.example keyId="k" 5'
        expect "a body of 60 kB passes" "$(head -c 60000 /dev/zero | ask --data-binary @- "$1/shoal/inbox")" \
            'POST /shoal/inbox video.example  60000'
        expect "a body of 70 kB does not" \
            "$(head -c 70000 /dev/zero | ask --data-binary @- -o /dev/null -w '%{http_code}' "$1/shoal/inbox")" 413
        expect "the rest is PeerTube's" "$(ask "$1/shoals")" peertube
    }
    ask --retry 20 --retry-connrefused --retry-delay 1 -o /dev/null "http://127.0.0.1:$front/"
    passes_on "http://127.0.0.1:$front"
    expect "nginx starts while nobody knows the name, and says so" \
        "$(ask -o /dev/null -w '%{http_code}' "http://127.0.0.1:$compose/shoal/inbox")" 502
    # Stands for Docker's name server: whatever is asked is here.
    python3 -c '
import socket, struct, sys
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", int(sys.argv[1])))
while True:
    query, sender = server.recvfrom(512)
    head = query[:2] + b"\x81\x80" + query[4:6] + b"\0\1\0\0\0\0"
    server.sendto(head + query[12:] + b"\xc0\x0c\0\1\0\1" + struct.pack(">IH4B", 1, 4, 127, 0, 0, 1), sender)
' "$names" &
    started+=($!)
    ask --retry 20 --retry-delay 1 -o "$scratch/answer" "http://127.0.0.1:$compose/shoal/"
    passes_on "http://127.0.0.1:$compose"
fi

echo "systemd: docker/shoal.service"
if ! command -v systemd-analyze >/dev/null; then
    echo "left out: systemd-analyze is not installed"
else
    # The unit's program is not installed here; any other will do to check the rest.
    mkdir "$scratch/unit"
    sed 's#^ExecStart=/usr/local/bin/shoal#ExecStart=/bin/true#' docker/shoal.service >"$scratch/unit/shoal.service"
    said=$(systemd-analyze verify --man=no "$scratch/unit/shoal.service" 2>&1 | grep -F shoal.service || true)
    expect "systemd-analyze verify has nothing to say" "$said" ""
    if systemd-analyze --help | grep -q -- --offline; then
        exposure=$(systemd-analyze security --offline=true "$scratch/unit/shoal.service" | sed -n 's/.*exposure level[^:]*: *\([0-9]*\)\..*/\1/p')
        [ "$exposure" -le 2 ] || fail "systemd-analyze security says $exposure, more than 2"
        echo "ok: exposure below 3 of 10"
    fi
fi

echo "Compose: docker/compose.*.yml"
if ! docker compose version >/dev/null 2>&1; then
    echo "left out: docker compose is not installed"
else
    cat >"$scratch/docker-compose.yml" <<'YAML'
services:
  peertube: { image: "chocobozzz/peertube:production-bookworm", networks: { default: { ipv4_address: 172.18.0.42 } } }
  postgres: { image: "postgres:17-alpine" }
networks:
  default: { ipam: { config: [{ subnet: 172.18.0.0/16 }] } }
YAML
    docker compose --file docker/compose.demo.yml config --quiet
    docker compose --file "$scratch/docker-compose.yml" --file docker/compose.peertube.yml config >"$scratch/merged.yml"
    for line in 'read_only: true' 'no-new-privileges:true' 'user: 10001:10001' '- ALL'; do
        grep -qF -- "$line" "$scratch/merged.yml" || fail "the merged project lacks \"$line\""
    done
    ! grep -q 'published:' "$scratch/merged.yml" || fail "a port is published"
    echo "ok: both projects are valid, and nothing is published"
fi
echo "ok: tests/admin.sh"
