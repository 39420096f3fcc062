#!/bin/bash
# From a fresh Debian 12 to three brokers with a replicated topic.
#   deploy/quickstart.sh           install what is missing, build, start, try, and leave it running
#   deploy/quickstart.sh --down    stop it
#   deploy/quickstart.sh --clean   stop it and remove its data
# Other ports: ZK_PORT=2181 BROKER_PORT=9092 (and the two after it). Other place for data: OTTLA_QUICKSTART_DIR.
# Binaries that are built already: OTTLA_BIN (nothing is compiled then).
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=${OTTLA_BUILD_DIR:-$ROOT/build}
BIN=${OTTLA_BIN:-$BUILD/bin}
STATE=${OTTLA_QUICKSTART_DIR:-$ROOT/build/quickstart}
[[ $STATE = /* ]] || STATE=$PWD/$STATE
# How this script is called again for the same cluster.
AGAIN="${OTTLA_QUICKSTART_DIR:+OTTLA_QUICKSTART_DIR=$(printf %q "$STATE") }$0"
ZK_PORT=${ZK_PORT:-2181}
BROKER_PORT=${BROKER_PORT:-9092}
NAMES=(broker-1 broker-2 broker-3 zookeeper)
PORTS=("$BROKER_PORT" "$((BROKER_PORT + 1))" "$((BROKER_PORT + 2))")
BOOTSTRAP="localhost:${PORTS[0]},localhost:${PORTS[1]},localhost:${PORTS[2]}"
ZK_SERVER=/usr/share/zookeeper/bin/zkServer.sh
TOPIC=quickstart

# shellcheck source=deploy/packages.sh
. "$ROOT/deploy/packages.sh"

say() { printf '== %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
die_up() { die "$*; the cluster is left running for you to look at; to stop it: $AGAIN --down"; }

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
  for _ in $(seq 600); do
    our_pid "$name" >/dev/null || { rm -f "$STATE/$name.pid"; say "stopped $name"; return 0; }
    sleep 0.1
  done
  kill -KILL "$pid" 2>/dev/null || true
  rm -f "$STATE/$name.pid"
  say "stopped $name (by force: it had not ended 60 s after being asked)"
}

running() {
  local name
  for name in "${NAMES[@]}"; do our_pid "$name" >/dev/null && return; done
  return 1
}

down() {
  local name
  running || say "nothing is running in $STATE"
  for name in "${NAMES[@]}"; do stop_one "$name"; done
}

# Removes what this script made and nothing else: the directory may be one that the user named.
clean() {
  local name
  down
  [ -d "$STATE" ] || { say "nothing to remove: there is no $STATE"; return 0; }
  for name in "${NAMES[@]}"; do rm -rf "${STATE:?}/$name" "$STATE/$name".{log,properties}; done
  rm -f "$STATE"/{zoo.cfg,build.log,received.txt,consumer.log}
  if rmdir "$STATE" 2>/dev/null; then say "removed $STATE"; else say "removed the data; $STATE holds other files too"; fi
}

not_running() {
  local name
  for name in "${NAMES[@]}"; do
    our_pid "$name" >/dev/null || continue
    die "$name is running already; to see it: kcat -b ${BOOTSTRAP%%,*} -L; to stop it: $AGAIN --down"
  done
}

port_open() { timeout 2 bash -c "exec 3<>/dev/tcp/127.0.0.1/$1" 2>/dev/null; }
# ruok is answered before requests are; srvr only when they are.
zk_ready() {
  timeout 2 bash -c "exec 3<>/dev/tcp/127.0.0.1/$ZK_PORT; printf srvr >&3; cat <&3" 2>/dev/null | grep -q '^Mode:'
}

check_ports() {
  local port
  for port in "$ZK_PORT" "${PORTS[@]}"; do
    port_open "$port" || continue
    die "port $port is in use; stop what uses it (ss -ltnp), or choose others: ZK_PORT=12181 BROKER_PORT=19092 $AGAIN"
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
      give_up "$name" "$name ended"
    fi
    sleep 0.2
  done
  give_up "$name" "$name did not become ready"
}

give_up() {
  tail -n 15 "$STATE/$1.log" >&2
  down >/dev/null
  die "$2 (its last lines are above, all of them in $STATE/$1.log); mend what they say and run $AGAIN again"
}

# What ninja says, on one line that moves, where a person looks on.
progress() {
  if [ -t 1 ]; then
    awk '{ printf "\r\033[K%.100s", $0; fflush() } END { printf "\r\033[K" }'
  else
    cat >/dev/null
  fi
}

build() {
  say "building in $BUILD (the first time takes some minutes)"
  if [ ! -f "$BUILD/build.ninja" ]; then
    cmake -S "$ROOT" -B "$BUILD" -G Ninja -DOTTLA_TESTS=OFF >"$STATE/build.log" 2>&1 ||
      { tail -n 20 "$STATE/build.log" >&2; die "cmake failed; the log is $STATE/build.log; mend what it says and run $AGAIN again"; }
  fi
  cmake --build "$BUILD" -j "$(nproc)" --target ottla-broker ottla 2>&1 | tee "$STATE/build.log" | progress ||
    { tail -n 30 "$STATE/build.log" >&2; die "the build failed; the log is $STATE/build.log; mend what it says and run $AGAIN again"; }
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
4lw.commands.whitelist=srvr
EOF
  say "starting ZooKeeper on port $ZK_PORT"
  start zookeeper "$ZK_SERVER" start-foreground "$STATE/zoo.cfg"
  wait_ready zookeeper 60 zk_ready
}

start_brokers() {
  local id
  for id in 1 2 3; do
    # The shipped file, with what differs between three brokers on one machine. At --down the last broker has nobody to
    # hand leadership to: it shall not try for long.
    {
      grep -vE '^(broker.id|listeners|log.dirs|zookeeper.connect)=' "$ROOT/deploy/broker.properties"
      printf '%s\n' "broker.id=$id" "listeners=PLAINTEXT://localhost:${PORTS[id - 1]}" \
        "log.dirs=${STATE//\\/\\\\}/broker-$id" "zookeeper.connect=127.0.0.1:$ZK_PORT" \
        "controlled.shutdown.retry.backoff.ms=200"
    } >"$STATE/broker-$id.properties"
    say "starting broker $id on port ${PORTS[id - 1]}"
    start "broker-$id" "$BIN/ottla-broker" "$STATE/broker-$id.properties"
  done
  for id in 1 2 3; do wait_ready "broker-$id" 60 port_open "${PORTS[id - 1]}"; done
  wait_ready broker-1 60 three_brokers
}

three_brokers() {
  [ "$(timeout 10 kcat -b "$BOOTSTRAP" -L -m 5 2>/dev/null | grep -c '^  broker [0-9]')" = 3 ]
}

try_topic() {
  say "creating the topic $TOPIC: 3 partitions, 3 replicas each"
  "$BIN/kafka-topics" --bootstrap-server "$BOOTSTRAP" --create --if-not-exists --topic "$TOPIC" \
    --partitions 3 --replication-factor 3 --config min.insync.replicas=2 || die_up "the topic could not be created (see above)"
  local mark
  mark="hello-$(date +%s)"
  say "sending and receiving with the console tools"
  printf '%s one\n%s two\n' "$mark" "$mark" |
    "$BIN/kafka-console-producer" --bootstrap-server "$BOOTSTRAP" --topic "$TOPIC" || die_up "sending failed (see above)"
  "$BIN/kafka-console-consumer" --bootstrap-server "$BOOTSTRAP" --topic "$TOPIC" --from-beginning \
    --timeout-ms 5000 >"$STATE/received.txt" 2>"$STATE/consumer.log" || { cat "$STATE/consumer.log" >&2; die_up "receiving failed"; }
  grep -F "$mark" "$STATE/received.txt" || die_up "what was sent did not come back; see $STATE/consumer.log"
  say "sending and receiving with kcat"
  echo "$mark three" | kcat -P -b "$BOOTSTRAP" -t "$TOPIC" -X acks=all || die_up "kcat could not send"
  kcat -C -b "$BOOTSTRAP" -t "$TOPIC" -o beginning -e -q | grep -F "$mark three" || die_up "kcat did not get back what it sent"
}

show() {
  say "the cluster"
  kcat -b "$BOOTSTRAP" -L -m 10 | sed -n 's/^  broker \([0-9]*\) at \([^ ]*\)\(.*\)$/   broker \1  \2\3/p'
  "$BIN/kafka-topics" --bootstrap-server "$BOOTSTRAP" --describe --topic "$TOPIC" |
    sed -e 's/\tElr:.*//' -e 's/^/   /' | expand -t 4
  cat <<EOF

Running: ZooKeeper 127.0.0.1:$ZK_PORT, brokers $BOOTSTRAP. Data and logs: $STATE
  export PATH=$BIN:\$PATH
  kafka-console-producer --bootstrap-server localhost:${PORTS[0]} --topic $TOPIC
  kafka-console-consumer --bootstrap-server localhost:${PORTS[0]} --topic $TOPIC --from-beginning
Stop: $AGAIN --down     Stop and remove its data: $AGAIN --clean
EOF
}

usage() { sed -n '2,7s/^# \{0,1\}//p' "$0"; }

case "${1:-}" in
  --down) down; exit 0 ;;
  --clean) clean; exit 0 ;;
  "") ;;
  -h | --help) usage; exit 0 ;;
  *) usage >&2; die "unknown option $1" ;;
esac

not_running
check_ports
{ mkdir -p "$STATE" && touch "$STATE/zoo.cfg"; } 2>/dev/null ||
  die "cannot write in $STATE (made by another user?); remove it, or name another place: OTTLA_QUICKSTART_DIR=/tmp/ottla $0"
# shellcheck disable=SC2086  # lists of names
if [ -n "${OTTLA_BIN:-}" ]; then
  [ -x "$BIN/ottla-broker" ] || die "there is no ottla-broker in OTTLA_BIN=$BIN; unset OTTLA_BIN to build it"
  install_packages $PACKAGES_RUN || exit 1
else
  install_packages $PACKAGES_BUILD $PACKAGES_RUN || exit 1
  build
fi
[ -x "$ZK_SERVER" ] || die "$ZK_SERVER is missing; run: apt-get install --reinstall zookeeper"
start_zookeeper
start_brokers
try_topic
show
