#!/bin/bash
# Settings from KAFKA_* variables, as wurstmeister/kafka maps them, then the broker. Differences from that image, all to
# the safe side: keys and values are text, never regular expressions or sed replacements; the Java-only variables are
# left out; topics of KAFKA_CREATE_TOPICS are made as soon as the broker answers, whichever port it listens on, and tried
# again for CREATE_TOPICS_TIMEOUT seconds (60) while that fails; then one line says which was not made, and why.
set -euo pipefail

CONFIG=${OTTLA_CONFIG:-/opt/ottla/server.properties}
BIN=${OTTLA_BIN:-/opt/ottla/bin}

fail() { echo "ERROR: $*" >&2; exit 1; }

# set_property KEY VALUE: every line of that key, also a commented one, is replaced; else one is added.
set_property() {
  local key=$1 value=$2 line rest found="" out
  out=$(mktemp "$CONFIG.XXXXXX")
  while IFS= read -r line || [ -n "$line" ]; do
    rest=${line#\#}
    if [ "${rest%%=*}" = "$key" ] && [ "$rest" != "$key" ]; then
      [ -n "$found" ] || printf '%s=%s\n' "$key" "$value"
      found=1
    else
      printf '%s\n' "$line"
    fi
  done <"$CONFIG" >"$out"
  [ -n "$found" ] || printf '%s=%s\n' "$key" "$value" >>"$out"
  cat "$out" >"$CONFIG"
  rm -f "$out"
  echo "[Configuring] '$key' in '$CONFIG'"
}

# Line breaks and backslashes of a value, as a properties file writes them.
escape() {
  local value=${1//\\/\\\\}
  printf '%s' "${value//$'\n'/\\n}"
}

# Names of the environment that begin with KAFKA_, one a line. `env` alone would take lines of values for names.
kafka_names() { compgen -e | grep '^KAFKA_' | sort || true; }

# said NAME: what the user's command in variable NAME prints. It runs as a shell of its own would run it.
said() {
  (set +eu +o pipefail; eval "${!1}") || fail "$1 failed with status $?: ${!1}"
}

replace_in_all() {
  local mark=$1 text=$2 name
  for name in $(kafka_names); do
    export "$name=${!name//"$mark"/"$text"}"
  done
}

[ -n "${KAFKA_ZOOKEEPER_CONNECT:-}" ] || fail "missing mandatory config: KAFKA_ZOOKEEPER_CONNECT"
export KAFKA_PORT=${KAFKA_PORT:-9092}

CREATE_TOPICS=${KAFKA_CREATE_TOPICS:-}
CREATE_SEPARATOR=${KAFKA_CREATE_TOPICS_SEPARATOR:-,}
unset KAFKA_CREATE_TOPICS KAFKA_CREATE_TOPICS_SEPARATOR

if [ -z "${KAFKA_BROKER_ID:-}" ]; then
  if [ -n "${BROKER_ID_COMMAND:-}" ]; then KAFKA_BROKER_ID=$(said BROKER_ID_COMMAND); else KAFKA_BROKER_ID=-1; fi
  export KAFKA_BROKER_ID
fi
export KAFKA_LOG_DIRS=${KAFKA_LOG_DIRS:-/kafka/kafka-logs-$HOSTNAME}

HOSTNAME_VALUE=""
if [ -n "${HOSTNAME_COMMAND:-}" ]; then
  HOSTNAME_VALUE=$(said HOSTNAME_COMMAND)
  replace_in_all "_{HOSTNAME_COMMAND}" "$HOSTNAME_VALUE"
fi
if [ -n "${PORT_COMMAND:-}" ]; then
  PORT_VALUE=$(said PORT_COMMAND)
  replace_in_all "_{PORT_COMMAND}" "$PORT_VALUE"
fi
if [ -n "${RACK_COMMAND:-}" ] && [ -z "${KAFKA_BROKER_RACK:-}" ]; then
  KAFKA_BROKER_RACK=$(said RACK_COMMAND)
  export KAFKA_BROKER_RACK
fi

if [ -z "${KAFKA_ADVERTISED_HOST_NAME:-}${KAFKA_LISTENERS:-}" ]; then
  if [ -n "${KAFKA_ADVERTISED_LISTENERS:-}" ]; then
    fail "missing environment variable KAFKA_LISTENERS. Must be specified when using KAFKA_ADVERTISED_LISTENERS"
  elif [ -z "$HOSTNAME_VALUE" ]; then
    fail "no listener or advertised hostname configuration provided. Please define KAFKA_LISTENERS or (deprecated) KAFKA_ADVERTISED_HOST_NAME"
  fi
  export KAFKA_ADVERTISED_HOST_NAME=$HOSTNAME_VALUE
fi

for name in $(kafka_names); do
  case $name in
    KAFKA_VERSION | KAFKA_HOME | KAFKA_DEBUG | KAFKA_GC_LOG_OPTS | KAFKA_HEAP_OPTS | KAFKA_JMX_OPTS | \
      KAFKA_JVM_PERFORMANCE_OPTS | KAFKA_LOG | KAFKA_OPTS | KAFKA_LOG4J_OPTS)
      echo "Excluding $name from broker config"
      continue
      ;;
  esac
  key=${name#KAFKA_}
  key=${key,,}
  set_property "${key//_/.}" "$(escape "${!name}")"
done

if [ -n "${CUSTOM_INIT_SCRIPT:-}" ]; then
  trap 'fail "CUSTOM_INIT_SCRIPT failed"' ERR
  set +u +o pipefail
  eval "$CUSTOM_INIT_SCRIPT"
  set -u -o pipefail
  trap - ERR
fi

# Where this broker's own tools reach it: the first plain listener, else the port.
own_address() {
  local first=${KAFKA_LISTENERS:-} entry host
  for entry in ${first//,/ }; do
    host=${entry#*://}
    host=${host%:*}
    case $host in "" | 0.0.0.0 | "[::]") host=localhost ;; esac
    echo "$host:${entry##*:}"
    return
  done
  echo "localhost:$KAFKA_PORT"
}

# create_topic SPEC END: name:partitions:replicas[:cleanup policy]. Tried until END (of SECONDS): the brokers of a cluster
# seldom start at once, and before that there are too few of them for the replicas.
create_topic() {
  local name partitions replicas policy said
  IFS=: read -r name partitions replicas policy <<<"$1"
  echo "creating topics: $1"
  until said=$("$BIN/kafka-topics" --bootstrap-server "$ADDRESS" --create --if-not-exists --topic "$name" \
    --partitions "$partitions" --replication-factor "$replicas" ${policy:+--config=cleanup.policy=$policy} 2>&1); do
    [ $SECONDS -lt "$2" ] || { echo "WARN: KAFKA_CREATE_TOPICS: '$1' was not created: ${said//$'\n'/ }" >&2; return; }
    sleep 1
  done
  [ -z "$said" ] || echo "$said"
}

create_topics() {
  local ADDRESS spec end=$((SECONDS + ${START_TIMEOUT:-600}))
  ADDRESS=$(own_address)
  until "$BIN/kafka-topics" --bootstrap-server "$ADDRESS" --list >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || { echo "WARN: KAFKA_CREATE_TOPICS: nothing was created: $ADDRESS did not answer" >&2; return; }
    sleep 1
  done
  while IFS= read -r spec; do
    spec=${spec//[[:space:]]/}
    [ -z "$spec" ] || create_topic "$spec" $((SECONDS + ${CREATE_TOPICS_TIMEOUT:-60}))
  done <<<"${CREATE_TOPICS//"$CREATE_SEPARATOR"/$'\n'}"
}

[ -z "$CREATE_TOPICS" ] || create_topics &

exec "$BIN/ottla-broker" "$CONFIG" "$@"
