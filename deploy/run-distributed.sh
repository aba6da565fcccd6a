#!/usr/bin/env bash
# Runs Salon as five processes on this machine, against one PostgreSQL, NATS and Redis that `salon infra` brings along.
# Ctrl-C stops all of them. Addresses, data directory and program can be set: SALON_HTTP_ADDR and SALON_GRPC_ADDR, or
# HTTP_PORT and GRPC_PORT on 127.0.0.1; DATA_DIR, PROGRAM. Process ids are in DATA_DIR/*.pid, to stop one of them and see what
# the others do; logs are in DATA_DIR/*.log, that of the gateway with the access log.
set -euo pipefail
# Every process gets a group of its own: Ctrl-C reaches this script only, which stops them in the right order.
set -m
cd "$(dirname "$0")/.."

salon=${PROGRAM:-bin/salon}
data=${DATA_DIR:-.salon-distributed}
http=${SALON_HTTP_ADDR:-127.0.0.1:${HTTP_PORT:-8080}}
grpc=${SALON_GRPC_ADDR:-127.0.0.1:${GRPC_PORT:-9090}}
mkdir -p "$data"

pids=()
stop() {
  trap - EXIT INT TERM
  # The last started stops first: the gateway, then the services, then the servers below.
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
    kill -TERM "${pids[i]}" 2>/dev/null || true
    wait "${pids[i]}" 2>/dev/null || true
  done
}
trap stop EXIT
trap 'exit 130' INT TERM

# start NAME ARGS…: starts a process.
start() {
  local name=$1
  shift
  : >"$data/$name.log"
  "$salon" "$@" >>"$data/$name.log" 2>&1 &
  pids+=("$!")
  echo "$!" >"$data/$name.pid"
}

# await NAME: waits for the ready line of a process, and leaves that line in $ready.
await() {
  local name=$1 log="$data/$1.log"
  for _ in $(seq 600); do
    ready=$(grep -m1 '^ready' "$log" || true)
    [ -n "$ready" ] && return
    kill -0 "$(<"$data/$name.pid")" 2>/dev/null || { echo "$name did not start:" >&2; tail -n 5 "$log" >&2; exit 1; }
    sleep 0.1
  done
  echo "$name was not ready in a minute, see $log" >&2
  exit 1
}

# field NAME: the value of NAME= in $ready.
field() { sed -n "s/.*[ ]$1=\([^ ]*\).*/\1/p" <<<"$ready "; }

# free_port: a port that nothing listens on, below those that the system gives to outgoing connections.
free_port() {
  local port
  while port=$((20000 + RANDOM % 12000)) && (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
  echo "$port"
}

echo "Starting PostgreSQL, NATS, Redis and five processes; the logs are in $data."
start infra infra --data-dir="$data" --env-file="$data/env"
await infra
set -a
# shellcheck source=/dev/null
. "$data/env"
set +a

# No process gets the secret key: each has the secrets that it needs, and no others.
"$salon" secrets derive --service=all --dir="$data/secrets"
unset SALON_SECRET_KEY SALON_SECRET_KEY_PREVIOUS

# Nothing takes over from these processes, so they need not wait before they stop.
export SALON_INTERNAL_ADDR=127.0.0.1:0 SALON_LOG_FORMAT=console SALON_STOP_DELAY="${SALON_STOP_DELAY:-0s}"
services=(user appointment rating notification)
# The services call each other, so all addresses are chosen before the first service starts.
target() { echo "SALON_${1^^}_TARGET"; }
for service in "${services[@]}"; do
  export "$(target "$service")=127.0.0.1:$(free_port)"
done
for service in "${services[@]}"; do
  target=$(target "$service")
  SALON_DERIVED_SECRETS="file:$data/secrets/$service" start "$service" serve --services="$service" --rpc-addr="${!target}"
done
for service in "${services[@]}"; do await "$service"; done
SALON_DERIVED_SECRETS="file:$data/secrets/gateway" start gateway serve --services=gateway --http-addr="$http" --grpc-addr="$grpc" --access-log-file=
await gateway

echo "Salon runs as five processes. Everything is kept in $data, with their logs; Ctrl-C stops them."
echo
echo "  Swagger UI    http://$(field http)/docs"
echo "  OpenAPI 3.1   http://$(field http)/openapi.json"
echo "  gRPC          $(field grpc) (with reflection)"
echo "  metrics       http://$(field internal)/metrics (of the gateway)"
echo
logins=$(sed -n '/^Demo logins/,/^ready/{/^ready/!p}' "$data/infra.log")
[ -z "$logins" ] || printf '%s\n\n' "$logins" # none without the demo
echo "Try:"
echo "  curl http://$(field http)/v1/masters"
echo "  make bin/grpcurl && bin/grpcurl -plaintext $(field grpc) list"
echo
echo "$ready"
trap 'exit 0' INT TERM # from now on, being stopped is how it ends
wait "${pids[@]}"
