#!/bin/bash
# The compose file end to end, opt-in: needs root and a machine that may run containers. Installs Debian's docker.io and
# docker-compose if they are missing. Where debian:bookworm-slim cannot be pulled, debootstrap makes the base image.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=deploy/packages.sh
. "$ROOT/deploy/packages.sh"
skip() { echo "skipped: $*"; exit 77; }
die() { echo "FAIL: $*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || die "run as root"
install_packages docker.io docker-compose debootstrap kcat || exit 1
STARTED=""
if ! docker info >/dev/null 2>&1; then
  command -v dockerd >/dev/null || die "dockerd is missing"
  dockerd >/tmp/dockerd.log 2>&1 &
  STARTED=$!
  for _ in $(seq 30); do docker info >/dev/null 2>&1 && break; sleep 1; done
  docker info >/dev/null 2>&1 || { tail -n 5 /tmp/dockerd.log >&2; skip "dockerd cannot run on this machine"; }
fi
COMPOSE=(docker-compose -p ottla-test -f "$ROOT/deploy/compose.yml")
finish() {
  "${COMPOSE[@]}" down -v >/dev/null 2>&1 || true
  [ -z "$STARTED" ] || kill "$STARTED"
}
trap finish EXIT

if ! docker image inspect debian:bookworm-slim >/dev/null 2>&1 && ! docker pull -q debian:bookworm-slim; then
  tree=$(mktemp -d)
  debootstrap --variant=minbase bookworm "$tree" || die "neither a registry nor a Debian mirror is reachable"
  tar -C "$tree" -c . | docker import - ottla-base:bookworm
  rm -rf "$tree"
  export OTTLA_BASE_IMAGE=ottla-base:bookworm
fi
"${COMPOSE[@]}" build zookeeper
"${COMPOSE[@]}" up -d
BOOTSTRAP=localhost:19092,localhost:19093,localhost:19094
for _ in $(seq 60); do
  [ "$(timeout 10 kcat -b "$BOOTSTRAP" -L -m 5 2>/dev/null | grep -c '^  broker [0-9]')" = 3 ] && break
  sleep 2
done
"${COMPOSE[@]}" exec -T broker1 kafka-topics --bootstrap-server broker1:9092 --create --topic t --partitions 3 \
  --replication-factor 3 || die "create"
seq 1000 | kcat -P -b "$BOOTSTRAP" -t t -X acks=all || die "produce"
[ "$(kcat -C -b "$BOOTSTRAP" -t t -o beginning -e -q | sort -n | md5sum)" = "$(seq 1000 | md5sum)" ] || die "consume"
"${COMPOSE[@]}" restart -t 60 broker2
[ "$(kcat -C -b "$BOOTSTRAP" -t t -o beginning -e -q | sort -n | md5sum)" = "$(seq 1000 | md5sum)" ] || die "consume after a restart"
echo "ok   compose"
