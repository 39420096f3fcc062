#!/bin/bash
# From a fresh Debian 12 to three brokers with a replicated topic.
#   deploy/quickstart.sh           install what is missing, build, start, try, and leave it running
#   deploy/quickstart.sh --down    stop it
#   deploy/quickstart.sh --clean   stop it and remove its data
# Other ports: ZK_PORT=2181 BROKER_PORT=9092 (and the two after it). Other place for data: OTTLA_QUICKSTART_DIR.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=${OTTLA_BUILD_DIR:-$ROOT/build}
STATE=${OTTLA_QUICKSTART_DIR:-$ROOT/build/quickstart}
ZK_PORT=${ZK_PORT:-2181}
BROKER_PORT=${BROKER_PORT:-9092}
PORTS=("$BROKER_PORT" "$((BROKER_PORT + 1))" "$((BROKER_PORT + 2))")
BOOTSTRAP="localhost:${PORTS[0]},localhost:${PORTS[1]},localhost:${PORTS[2]}"
ZK_SERVER=/usr/share/zookeeper/bin/zkServer.sh
TOPIC=quickstart

# shellcheck source=deploy/packages.sh
. "$ROOT/deploy/packages.sh"

say() { printf '== %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# The process of a pid file, if it is still ours: its command line names the state directory.
our_pid() {
  local pid
  pid=$(cat "$STATE/$1.pid" 2>/dev/null) || return 1
  { tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qF "$STATE"; } 2>/dev/null || return 1
  echo "$pid"
}

stop_one() {
  local name=$1 pid
  pid=$(our_pid "$name") || { rm -f "$STATE/$name.pid"; return 0; }
  kill -TERM "$pid" 2>/dev/null || true
  for _ in $(seq 300); do
    our_pid "$name" >/dev/null || { rm -f "$STATE/$name.pid"; say "stopped $name"; return 0; }
    sleep 0.1
  done
  kill -KILL "$pid" 2>/dev/null || true
  rm -f "$STATE/$name.pid"
  say "stopped $name (by force: it had not ended 30 s after being asked)"
}

down() {
  for name in broker-1 broker-2 broker-3 zookeeper; do stop_one "$name"; done
}

port_open() { timeout 2 bash -c "exec 3<>/dev/tcp/127.0.0.1/$1" 2>/dev/null; }
zk_ready() {
  [ "$(timeout 2 bash -c "exec 3<>/dev/tcp/127.0.0.1/$ZK_PORT; printf ruok >&3; head -c 4 <&3" 2>/dev/null)" = imok ]
}

check_ports() {
  local port
  for port in "$ZK_PORT" "${PORTS[@]}"; do
    port_open "$port" || continue
    die "port $port is in use; stop what uses it, or choose others: ZK_PORT=12181 BROKER_PORT=19092 $0"
  done
}

# start NAME COMMAND...: in the background, in a session of its own, output to NAME.log.
start() {
  local name=$1
  shift
  setsid nohup "$@" </dev/null >>"$STATE/$name.log" 2>&1 &
  echo $! >"$STATE/$name.pid"
}

# wait_ready NAME SECONDS COMMAND...: until COMMAND succeeds; dies with the log's end if NAME ends before.
wait_ready() {
  local name=$1 tries=$(($2 * 5))
  shift 2
  for _ in $(seq "$tries"); do
    "$@" && return 0
    if ! our_pid "$name" >/dev/null; then
      tail -n 15 "$STATE/$name.log" >&2
      down >/dev/null
      die "$name ended; its log above is $STATE/$name.log"
    fi
    sleep 0.2
  done
  tail -n 15 "$STATE/$name.log" >&2
  down >/dev/null
  die "$name did not become ready; its log above is $STATE/$name.log"
}

build() {
  say "building in $BUILD (the first time takes some minutes)"
  if [ ! -f "$BUILD/CMakeCache.txt" ]; then
    cmake -S "$ROOT" -B "$BUILD" -G Ninja -DOTTLA_TESTS=OFF >"$STATE/build.log" 2>&1 ||
      { tail -n 20 "$STATE/build.log" >&2; die "cmake failed; the log is $STATE/build.log"; }
  fi
  cmake --build "$BUILD" --target ottla-broker ottla >"$STATE/build.log" 2>&1 ||
    { tail -n 30 "$STATE/build.log" >&2; die "the build failed; the log is $STATE/build.log"; }
}

start_zookeeper() {
  mkdir -p "$STATE/zookeeper"
  cat >"$STATE/zoo.cfg" <<EOF
tickTime=2000
dataDir=$STATE/zookeeper
clientPort=$ZK_PORT
clientPortAddress=127.0.0.1
maxClientCnxns=0
admin.enableServer=false
4lw.commands.whitelist=ruok
EOF
  say "starting ZooKeeper on port $ZK_PORT"
  start zookeeper "$ZK_SERVER" start-foreground "$STATE/zoo.cfg"
  wait_ready zookeeper 60 zk_ready
}

start_brokers() {
  local id
  for id in 1 2 3; do
    # The shipped file, with what differs between three brokers on one machine.
    sed -e "s|^broker.id=.*|broker.id=$id|" \
      -e "s|^listeners=.*|listeners=PLAINTEXT://localhost:${PORTS[id - 1]}|" \
      -e "s|^log.dirs=.*|log.dirs=$STATE/broker-$id|" \
      -e "s|^zookeeper.connect=.*|zookeeper.connect=localhost:$ZK_PORT|" \
      "$ROOT/deploy/broker.properties" >"$STATE/broker-$id.properties"
    say "starting broker $id on port ${PORTS[id - 1]}"
    start "broker-$id" "$BUILD/bin/ottla-broker" "$STATE/broker-$id.properties"
  done
  for id in 1 2 3; do wait_ready "broker-$id" 60 port_open "${PORTS[id - 1]}"; done
  wait_ready broker-1 60 three_brokers
}

three_brokers() {
  [ "$(timeout 10 kcat -b "$BOOTSTRAP" -L -m 5 2>/dev/null | grep -c '^  broker [0-9]')" = 3 ]
}

try_topic() {
  say "creating the topic $TOPIC: 3 partitions, 3 replicas each"
  "$BUILD/bin/kafka-topics" --bootstrap-server "$BOOTSTRAP" --create --if-not-exists --topic "$TOPIC" \
    --partitions 3 --replication-factor 3 --config min.insync.replicas=2 || die "the topic could not be created (see above)"
  local mark
  mark="hello-$(date +%s)"
  say "sending and receiving with the console tools"
  printf '%s one\n%s two\n' "$mark" "$mark" |
    "$BUILD/bin/kafka-console-producer" --bootstrap-server "$BOOTSTRAP" --topic "$TOPIC" || die "sending failed (see above)"
  "$BUILD/bin/kafka-console-consumer" --bootstrap-server "$BOOTSTRAP" --topic "$TOPIC" --from-beginning \
    --timeout-ms 5000 >"$STATE/received.txt" 2>"$STATE/consumer.log" || { cat "$STATE/consumer.log" >&2; die "receiving failed"; }
  grep -F "$mark" "$STATE/received.txt" || die "what was sent did not come back; see $STATE/consumer.log"
  say "sending and receiving with kcat"
  echo "$mark three" | kcat -P -b "$BOOTSTRAP" -t "$TOPIC" -X acks=all || die "kcat could not send"
  kcat -C -b "$BOOTSTRAP" -t "$TOPIC" -o beginning -e -q | grep -F "$mark three" || die "kcat did not get back what it sent"
}

show() {
  say "the cluster"
  kcat -b "$BOOTSTRAP" -L -m 10 | sed -n 's/^  broker \([0-9]*\) at \([^ ]*\)\(.*\)$/   broker \1  \2\3/p'
  "$BUILD/bin/kafka-topics" --bootstrap-server "$BOOTSTRAP" --describe --topic "$TOPIC" |
    sed -e 's/\tElr:.*//' -e 's/^/   /' | expand -t 4
  cat <<EOF

Running: ZooKeeper localhost:$ZK_PORT, brokers $BOOTSTRAP. Data and logs: $STATE
  export PATH=$BUILD/bin:\$PATH
  kafka-console-producer --bootstrap-server localhost:${PORTS[0]} --topic $TOPIC
  kafka-console-consumer --bootstrap-server localhost:${PORTS[0]} --topic $TOPIC --from-beginning
Stop: deploy/quickstart.sh --down     Stop and remove its data: deploy/quickstart.sh --clean
EOF
}

case "${1:-}" in
  --down) down; exit 0 ;;
  --clean) down; rm -rf "$STATE"; say "removed $STATE"; exit 0 ;;
  "") ;;
  *) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 1 ;;
esac

mkdir -p "$STATE"
if our_pid broker-1 >/dev/null || our_pid zookeeper >/dev/null; then
  die "it is running already; stop it with $0 --down"
fi
# shellcheck disable=SC2086  # lists of names
install_packages $PACKAGES_BUILD $PACKAGES_RUN || exit 1
[ -x "$ZK_SERVER" ] || die "$ZK_SERVER is missing: apt-get install --reinstall zookeeper"
check_ports
build
start_zookeeper
start_brokers
try_topic
show
