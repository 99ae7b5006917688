#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Programs as people have them: a web server, its client, resolvers, sockets' lists.
set -eu
cd /usr/share/common-licenses

/usr/bin/python3 -u -m http.server --bind 127.0.0.1 8123 > /tmp/server.log 2>&1 &
server=$!
until ss -Hltn 'sport = :8123' | grep -q LISTEN; do
	kill -0 $server
	sleep 0.1
done
for _ in 1 2 3; do
	curl -s --noproxy '*' http://127.0.0.1:8123/GPL-2 | tail -n 1 > /dev/null
done
if curl -s --noproxy "*" http://127.0.0.1:1/; then exit 1; fi
ss -lx > /dev/null
getent hosts localhost > /dev/null
logger -s socktrace 2> /dev/null || true
kill $server
wait $server || true
