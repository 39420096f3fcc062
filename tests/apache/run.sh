#!/bin/bash
# Apache's own clients, tools and brokers against ours: tests/apache/run.sh [JARS [name part ...]]
# Not part of tests/run.sh: needs a JDK, and jars that Debian does not have. JARS (else $OTTLA_APACHE_JARS, else
# build/apache) holds one folder per version; `tests/apache/run.sh --fetch JARS` fills it from Maven Central.
set -uo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
CLIENTS="0.11.0.3 1.1.1 2.8.2 4.1.0"
SERVER=3.9.1

fetch() {
  local jars=$1 version
  for version in $CLIENTS; do
    mvn -q -f "$HERE/pom.xml" -P clients -Dkafka.version="$version" dependency:copy-dependencies \
      -DoutputDirectory="$jars/$version" || return 1
  done
  mvn -q -f "$HERE/pom.xml" -P server -Dkafka.version=$SERVER dependency:copy-dependencies -DoutputDirectory="$jars/$SERVER"
}

if [ "${1:-}" = --fetch ]; then
  mkdir -p "${2:?--fetch needs a folder}" && fetch "$(cd "$2" && pwd)"
  exit
fi
JARS=${1:-${OTTLA_APACHE_JARS:-$ROOT/build/apache}}
[ $# -gt 0 ] && shift
command -v javac >/dev/null || { echo "SKIPPED: no javac here (Debian: openjdk-17-jdk-headless)"; exit 77; }
for version in $CLIENTS $SERVER; do
  ls "$JARS/$version"/kafka-clients-*.jar >/dev/null 2>&1 ||
    { echo "SKIPPED: no jars of Kafka $version in $JARS (tests/apache/run.sh --fetch $JARS)"; exit 77; }
done
export OTTLA_APACHE_JARS=$JARS OTTLA_BIN=${OTTLA_BIN:-$ROOT/build/bin}
exec /usr/bin/python3 "$ROOT/tests/integration/run.py" --from "$HERE" "$@"
