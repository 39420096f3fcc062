#!/bin/bash
# ZooKeeper in a container: data in /zookeeper, port 2181, srvr for the health check.
set -euo pipefail
mkdir -p /zookeeper
cat >/tmp/zoo.cfg <<EOF
tickTime=2000
dataDir=/zookeeper
clientPort=2181
maxClientCnxns=0
admin.enableServer=false
4lw.commands.whitelist=srvr
EOF
exec /usr/share/zookeeper/bin/zkServer.sh start-foreground /tmp/zoo.cfg
