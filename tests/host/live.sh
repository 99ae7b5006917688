# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Readers that live: what comes is printed soon, signals, commands. Sourced by run; the
# helpers of reader.sh are used, and those of this file by others.

# Live sessions: a FIFO is the device, and descriptor 9 feeds it.
live() {
	mkfifo dev
	exec 9<>dev
	"$@" --device dev >out 2>err &
	pid=$!
}
ends_with() {
	local got=0
	wait "$pid" || got=$?
	[ "$got" = "$1" ] || { echo "exit status $got, not $1"; cat err; return 1; }
}
live_within_100_ms() {
	live "$O/fake-plain" -o json
	records typical 1 >r
	cat r >&9
	soon test -s out # started up
	/usr/bin/python3 - <<-'END'
		import os, time
		record = open("r", "rb").read()
		before = os.path.getsize("out")
		fd = os.open("dev", os.O_WRONLY)
		times = []
		for i in range(5):
		    start = time.monotonic()
		    os.write(fd, record)
		    while os.path.getsize("out") == before and time.monotonic() < start + 2:
		        time.sleep(0.001)
		    times.append(time.monotonic() - start)
		    before = os.path.getsize("out")
		    time.sleep(0.01)
		# The median: a busy machine may hold up one of them.
		assert sorted(times)[2] < 0.1, times
	END
	kill -TERM "$pid"
	ends_with 0
	lines out 6
}
signals_drain_and_end() {
	local signal
	for signal in INT TERM HUP; do
		rm -f dev out
		# A shell in the background ignores SIGINT; the reader does not.
		live "$O/fake-plain"
		records typical 1 >&9
		soon test -s out
		kill -STOP "$pid"
		records typical 50 >&9
		kill -"$signal" "$pid"
		kill -CONT "$pid"
		ends_with 0
		lines out 51
		empty err
	done
}
nohup_is_honoured() {
	live nohup "$O/fake-plain"
	records typical 1 >&9
	soon test -s out
	kill -HUP "$pid"
	records typical 1 >&9
	soon lines out 2
	kill -TERM "$pid"
	ends_with 0
}
usr1_prints_statistics() {
	live "$O/fake-plain" -q
	records typical 3 >&9
	soon lines out 3
	kill -USR1 "$pid"
	soon grep -q 'hits 3 = delivered 3 + queued 0' err
	kill -TERM "$pid"
	ends_with 0
	lines err 1 # no --stats: none at the end
}

command_status() {
	: >r
	status 0 "$fake" -q --device r -- true
	status 7 "$fake" -q --device r -- sh -c 'exit 7'
	status 143 "$fake" -q --device r -- sh -c 'kill -TERM $$'
	status 127 "$fake" -q --device r -- ./no-such-command
	has err "cannot run './no-such-command': No such file or directory"
	echo text >plain
	status 126 "$fake" -q --device r -- ./plain
	has err "cannot run './plain': Permission denied"
	# Trouble of ours is not the command's success.
	records typical 1 >r
	status 1 "$fake" -q --device r -o text:/dev/full -- true
}
command_and_trace_apart() {
	records typical 2 >r
	status 0 "$fake" --device r -- echo hello
	[ "$(cat out)" = hello ]
	lines err 3
	has err "socktrace-read: tracing socket connect accept4 and 3 more"
	status 0 "$fake" -q --device r -o json:trace -- echo hello
	lines trace 2
	empty err
	status 0 "$fake" -q --device r -o text:- -- true
	lines out 2
}
command_waits_for_the_start() {
	mkfifo r
	# The command notes its parent, which the filter must name.
	# shellcheck disable=SC2016
	FAKE_LOG=log status 0 "$fake" -q --device r -- sh -c 'echo "command of $PPID" >>log'
	local parent
	parent=$(sed -n 's/^command of //p' log)
	has log "rule accept event socket,connect,accept4,addr_mismatch,socketpair,connected and descendant $parent"
	[ "$(grep -n '^start' log | cut -d: -f1)" -lt "$(grep -n '^command' log | cut -d: -f1)" ]
	[ "$(grep -n '^command' log | cut -d: -f1)" -lt "$(grep -n '^stop' log | cut -d: -f1)" ]
	FAKE_START=no status 1 "$fake" -q --device r -- touch ran
	[ ! -e ran ]
}
command_gets_signals() {
	mkfifo dev
	exec 9<>dev
	# shellcheck disable=SC2016
	"$O/fake-plain" -q --device dev -o text:trace -- \
		sh -c 'trap "echo got; exit 5" TERM; echo ready; while :; do sleep 0.05; done' >out 2>err &
	pid=$!
	soon grep -q ready out
	records typical 4 >&9
	kill -TERM "$pid"
	ends_with 5
	has out got
	lines trace 4
}
orphans_are_adopted() {
	: >r
	# What outlives its parent gets the reader as its new one.
	# shellcheck disable=SC2016
	printf '%s\n' 'sleep 0.2' 'exec sh -c '"'"'echo "$PPID" >adopted'"'" >orphan
	# shellcheck disable=SC2016
	status 0 "$fake" -q --device r -- sh -c 'echo "$PPID" >reader; (sh orphan &); sleep 0.6'
	[ "$(cat adopted)" = "$(cat reader)" ]
}
# A service's, which is another after its restart: noticed at once, and where the one above
# it is gone for a while, too. What the reader judges follows; a number stays what it is.
cgroups_that_come_again_are_followed() {
	local group=socktrace-test.$$ ids=()
	cd "$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)" && mkdir "$group" 2>/dev/null ||
		{ echo "SKIP no cgroup v2 to make one in"; return 0; }
	group=$PWD/$group
	cd "$OLDPWD"
	# shellcheck disable=SC2064 # that one
	trap "rmdir '$group/x' '$group' 2>/dev/null || true" EXIT
	again() {
		mkdir -p "$group/x"
		ids+=("$(stat -c %i "$group/x")")
	}
	again
	FAKE_LOG=log live "$O/fake-plain" -q --filter "connect and cgroup $group/x or listen and cgroup ${ids[0]}0"
	soon grep -q "^rule accept event connect and cgroup ${ids[0]}$" log
	soon grep -q ^start log
	rmdir "$group/x"
	again
	soon grep -q "^rule accept event connect and cgroup ${ids[1]}$" log
	rmdir "$group/x" "$group"
	again
	soon grep -q "^rule accept event connect and cgroup ${ids[2]}$" log
	kill -TERM "$pid"
	ends_with 0
	empty err
	[ "$(grep -c "^rule accept event listen and cgroup ${ids[0]}0$" log)" = 3 ]
	rm dev log
	FAKE_LOG=log live "$O/fake-plain" -q -j --filter "exe /nowhere or cgroup $group/x" -n 1
	soon grep -q ^start log
	rmdir "$group/x"
	again
	soon bash -c '[ "$(grep -c ^rule log)" = 2 ]'
	/usr/bin/python3 - "$here" "${ids[@]: -2}" >&9 <<-'END'
		import sys; sys.path.insert(0, sys.argv[1]); import records as r
		for id in sys.argv[2:]:
		    sys.stdout.buffer.write(r.record(**dict(r.PROCESS, type=r.SOCKET, phase=r.EXIT, cgroup_id=int(id))))
	END
	ends_with 0
	has out "\"cgroup\":${ids[-1]},"
	rm dev log
	FAKE_LOG=log live "$O/fake-plain" -q --cgroup "${ids[-1]}" -n 1
	soon grep -q ^start log
	rmdir "$group/x"
	again
	records typical 1 >&9
	ends_with 0
	[ "$(grep -c '^rule' log)" = 1 ]
}
