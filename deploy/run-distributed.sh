#!/usr/bin/env bash
# Runs Salon as five processes on this machine, against one PostgreSQL, NATS and Redis that `salon infra` brings along.
# Ctrl-C stops all of them. Ports, data directory and program can be set: HTTP_PORT, GRPC_PORT, DATA_DIR, PROGRAM. Process ids are
# in DATA_DIR/*.pid, to stop one of them and see what the others do.
set -euo pipefail
# Every process gets a group of its own: Ctrl-C reaches this script only, which stops them in the right order.
set -m
cd "$(dirname "$0")/.."

salon=${PROGRAM:-bin/salon}
data=${DATA_DIR:-.salon-distributed}
http=${HTTP_PORT:-8080}
grpc=${GRPC_PORT:-9090}
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

# start NAME ARGS…: runs a process, waits for its ready line, and leaves that line in $ready.
start() {
  local name=$1
  shift
  local log="$data/$name.log"
  : >"$log"
  "$salon" "$@" >>"$log" 2>&1 &
  local pid=$!
  pids+=("$pid")
  echo "$pid" >"$data/$name.pid"
  for _ in $(seq 600); do
    ready=$(grep -m1 '^ready' "$log" || true)
    [ -n "$ready" ] && return
    kill -0 "$pid" 2>/dev/null || { echo "$name did not start:" >&2; tail -n 5 "$log" >&2; exit 1; }
    sleep 0.1
  done
  echo "$name was not ready in a minute, see $log" >&2
  exit 1
}

# field NAME: the value of NAME= in $ready.
field() { sed -n "s/.*[ ]$1=\([^ ]*\).*/\1/p" <<<"$ready "; }

start infra infra --data-dir="$data" --env-file="$data/env"
set -a
# shellcheck source=/dev/null
. "$data/env"
set +a

export SALON_INTERNAL_ADDR=127.0.0.1:0 SALON_RPC_ADDR=127.0.0.1:0 SALON_LOG_FORMAT=console
for service in user appointment rating notification; do
  start "$service" serve --services="$service"
  export "SALON_$(tr '[:lower:]' '[:upper:]' <<<"$service")_TARGET=$(field rpc)"
done
start gateway serve --services=gateway --http-addr="127.0.0.1:$http" --grpc-addr="127.0.0.1:$grpc" \
  --access-log-file="$data/gateway.log"

echo "Salon runs as five processes; their logs are in $data. Ctrl-C stops them."
echo "  Swagger UI    http://$(field http)/docs"
echo "$ready"
wait "${pids[@]}"
