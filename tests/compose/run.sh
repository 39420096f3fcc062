#!/bin/bash
# The compose file end to end, opt-in: needs root and a machine that may run containers. Installs Debian's docker.io and
# docker-compose if they are missing, starts dockerd if none runs (and ends it again), makes the base image with
# debootstrap where debian:bookworm-slim cannot be pulled. Behind a proxy: http_proxy and https_proxy, as for apt.
# The last line is `ok   compose`; exit status 77 and a reason where dockerd cannot run.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
OUT=${OTTLA_CI_DIR:-$ROOT/build}
BOOTSTRAP=localhost:19092,localhost:19093,localhost:19094
COMPOSE=(docker-compose -p ottla-test -f "$ROOT/deploy/compose.yml")
DOCKERD=""
# shellcheck source=deploy/packages.sh
. "$ROOT/deploy/packages.sh"

step() { printf '== %4d s  %s\n' "$SECONDS" "$*"; }
skip() { echo "skipped: $*"; exit 77; }
die() { echo "FAIL: $*" >&2; exit 1; }

finish() {
  local status=$?
  if [ $status != 0 ] && [ $status != 77 ]; then "${COMPOSE[@]}" logs --tail 30 2>/dev/null || true; fi
  "${COMPOSE[@]}" down -v >/dev/null 2>&1 || true
  if [ -n "$DOCKERD" ]; then
    kill "$DOCKERD"
    wait "$DOCKERD" || true
  fi
}

# wait_for SECONDS WHAT COMMAND...
wait_for() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    [ $SECONDS -lt $end ] || die "not in time: $what"
    sleep 1
  done
}

engine() {
  docker info >/dev/null 2>&1 && return
  step "starting dockerd"
  dockerd >"$OUT/dockerd.log" 2>&1 &
  DOCKERD=$!
  for _ in $(seq 60); do
    docker info >/dev/null 2>&1 && return
    kill -0 "$DOCKERD" 2>/dev/null || { DOCKERD=""; break; }
    sleep 0.5
  done
  tail -n 3 "$OUT/dockerd.log" >&2
  skip "dockerd cannot run on this machine; its last words are above"
}

base_image() {
  local image=debian:bookworm-slim tree
  if docker image inspect $image >/dev/null 2>&1 || timeout 60 docker pull -q $image 2>/dev/null; then return; fi
  export OTTLA_BASE_IMAGE=ottla-base:bookworm
  if docker image inspect $OTTLA_BASE_IMAGE >/dev/null 2>&1; then return; fi
  step "no registry: making $OTTLA_BASE_IMAGE with debootstrap"
  tree=$(mktemp -d)
  debootstrap --variant=minbase bookworm "$tree" >"$OUT/debootstrap.log" 2>&1 || die "no Debian mirror either; see $OUT/debootstrap.log"
  rm -rf "$tree"/var/cache/apt/archives/*.deb "$tree"/var/lib/apt/lists/*
  tar -C "$tree" -c . | docker import - $OTTLA_BASE_IMAGE >/dev/null
  rm -rf "$tree"
}

healthy() {
  local id
  for id in $("${COMPOSE[@]}" ps -q); do
    [ "$(docker inspect -f '{{.State.Health.Status}}' "$id")" = healthy ] || return 1
  done
  [ "$("${COMPOSE[@]}" ps -q | wc -l)" = 4 ]
}

in_sync() {
  local said
  said=$("${COMPOSE[@]}" exec -T broker1 kafka-topics --bootstrap-server broker1:9092 --describe --under-replicated-partitions) &&
    [ -z "$said" ]
}

# From the published ports, as any program on this machine would.
send() { kcat -P -b "$BOOTSTRAP" -t orders -X acks=all; }
expect_numbers() {
  local got
  got=$(kcat -C -b "$BOOTSTRAP" -t orders -o beginning -e -q | sort -n) || die "receiving failed: $2"
  [ "$got" = "$(seq "$1")" ] || die "$2: expected the numbers 1 to $1, got $(wc -l <<<"$got") lines"
}

[ "$(id -u)" = 0 ] || die "containers need root; run: sudo $0"
install_packages docker.io docker-compose debootstrap kcat || exit 1
trap finish EXIT
mkdir -p "$OUT"
engine
base_image
step "building the image"
"${COMPOSE[@]}" build >"$OUT/compose-build.log" 2>&1 || { tail -n 20 "$OUT/compose-build.log" >&2; die "the image was not built"; }

step "up, with a topic of KAFKA_CREATE_TOPICS"
"${COMPOSE[@]}" down -v >/dev/null 2>&1
export KAFKA_CREATE_TOPICS=orders:3:3
"${COMPOSE[@]}" up -d 2>&1
wait_for 180 "health checks of all four say healthy" healthy
has_topic() { kcat -b "$BOOTSTRAP" -L -t orders -m 5 2>/dev/null | grep -q 'topic "orders" with 3 partitions'; }
wait_for 60 "the topic orders is there" has_topic
wait_for 60 "its replicas are in sync" in_sync

step "1000 messages, acks=all"
seq 1000 | send || die "sending failed"
expect_numbers 1000 "after sending"

step "a broker restarts"
"${COMPOSE[@]}" restart -t 60 broker2 2>&1
expect_numbers 1000 "while broker 2 starts"
wait_for 60 "all healthy" healthy
wait_for 60 "in sync after the restart" in_sync

step "a container is killed"
docker kill -s KILL "$("${COMPOSE[@]}" ps -q broker3)" >/dev/null
seq 1001 1500 | send || die "sending with a broker dead failed"
expect_numbers 1500 "with a broker dead"
"${COMPOSE[@]}" up -d 2>&1
wait_for 90 "all healthy" healthy
wait_for 60 "in sync after the kill" in_sync

step "down and up: the volumes keep the data"
"${COMPOSE[@]}" down -t 60 2>&1
"${COMPOSE[@]}" up -d 2>&1
wait_for 180 "all healthy" healthy
expect_numbers 1500 "after down and up"

step "down -v removes the data"
"${COMPOSE[@]}" down -v 2>&1
[ -z "$(docker volume ls -q -f name=ottla-test)" ] || die "volumes are left"
[ -z "$(docker ps -aq -f name=ottla-test)" ] || die "containers are left"
step "done"
echo "ok   compose"
