# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The whole reader, with the fake device (fake_device.c) where it needs one.
# Sourced by run, which gives $O, $top, $here, $tmp and it(). Each function is a
# test: it fails by a command that fails, as the shell's -e has it, in a
# directory of its own.

records() { "$here/records.py" "$@"; }
real=$O/san/socktrace-read
fake=$O/fake-san

# Does this machine's kernel take the 32-bit build?
runs_32() { "$O/m32/socktrace-read" --version >/dev/null 2>&1; }

# status WANTED COMMAND...: runs it, output to ./out and ./err.
status() {
	local wanted=$1 got=0
	shift
	"$@" >out 2>err || got=$?
	[ "$got" = "$wanted" ] || { echo "exit status $got, not $wanted, of: $*"; cat err; return 1; }
}
# has FILE TEXT..., hasnt FILE TEXT: fixed strings.
has() {
	local file=$1 text
	shift
	for text; do
		grep -qF -- "$text" "$file" || { echo "$file lacks: $text"; cat "$file"; return 1; }
	done
}
hasnt() { ! grep -F -- "$2" "$1"; }
empty() { [ ! -s "$1" ] || { echo "$1 is not empty:"; cat "$1"; return 1; }; }
lines() { [ "$(wc -l <"$1")" = "$2" ] || { echo "$1 has $(wc -l <"$1") lines, not $2"; return 1; }; }
# soon COMMAND...: true within two seconds.
soon() {
	local i
	for ((i = 0; i < 1000; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.02
	done
	echo "not within twenty seconds: $*"
	return 1
}
one_line_error() { lines err 1 && grep -q '^socktrace-read: ' err; }

missing_device() {
	status 1 "$real" --device ./none
	one_line_error
	grep -E '^socktrace-read: \./none: not there(: is the module loaded\? \(sudo modprobe socktrace\)|, and this kernel loads no modules.*)$' err
}
no_socktrace_device() {
	for device in /dev/null ./fifo; do
		[ "$device" = /dev/null ] || mkfifo fifo
		status 1 "$real" --device "$device"
		one_line_error
		has err "$device: is not a socktrace device"
	done
}
directory_as_device() {
	status 1 "$real" --device .
	one_line_error
	has err ".: cannot open: Is a directory"
}
usage_errors_exit_2() {
	local args
	for args in "--bogus" "-e sendto" "-p 0" "-p x" "--family klingon" "-o xml" "-o json:" \
		"-n 0" "-n -1" "-u no_such_user" "--net 10.0" "--rport 65536" \
		"--min-duration 3" "--cgroup ./nowhere" "--comm 0123456789abcdef" "--inflight --ok" "--selftest --ok" "--color red" "--records 0" "--latency 99999" "-f" "port 80" "--" "-e" \
		"--port 80" "-p 1 -- ls" "-p 1 ls" "-j -o text" "--filter @./none"; do
		# shellcheck disable=SC2086
		status 2 "$real" $args
		one_line_error
		empty out
	done
	status 2 "$real" -e connect,sendto
	has err "'sendto'" "(socket, connect, accept4, "
}
help_names_all_options() {
	status 0 "$real" --help
	empty err
	local option
	for option in --event --pid --follow --family --output --summary --every --write --read --rotate-size --rotate-seconds --rotate-count --count --enter --stats --quiet \
		--columns --fields --color --device --records --latency --help --version --user --uid --time --json --ipv4 --ipv6 \
		--wait-all --ready-fd --exe --container --absolute-timestamps --relative-timestamps --euid --loginuid --proto --comm --type --net \
		--local-net --rport --lport --path --ok --failed --errno --min-duration --netns \
		--mntns --pidns --cgroup --filter --explain --inflight --selftest; do
		has out "$option"
		grep -q -- "Fl -${option#--}\b" "$top/docs/socktrace-read.1" ||
			{ echo "the man page lacks $option"; return 1; }
	done
	[ "$(wc -L <out)" -le 80 ]
	status 0 "$real" --version
	grep -qx 'socktrace-read [0-9.]* (interface 1)' out
	status 1 sh -c "'$O/plain/socktrace-read' --help >/dev/full"
}
man_page_is_clean() {
	mandoc -T lint -W warning "$top/docs/socktrace-read.1" "$top/docs/socktrace.4"
}

text_of_typical_records() {
	records typical 9 >r
	status 0 "$fake" --device r
	lines out 9
	empty err # no banner on a pipe
	grep -qE '^[0-9:]{8}\.[0-9]{6} python3\[12345\]       socket\(AF_INET, SOCK_STREAM\|SOCK_CLOEXEC, IPPROTO_TCP\)     = 7 <0\.[0-9]{6}>$' out
	grep -qF ' accept4(4, {AF_INET 10.0.2.15:32770}, SOCK_CLOEXEC)        = 9 <' out
	# Results stand below each other.
	[ "$(grep -bo ' = ' out | wc -l)" = 9 ]
	[ "$(awk '{ print index($0, " = ") }' out | sort -u | wc -l)" = 1 ]
}
json_of_programs() {
	records programs 2000 11 >r
	status 0 "$O/fake-san" -q --device r -o json
	/usr/bin/python3 "$here/check_json.py" r out "$top/docs/socktrace-event.schema.json"
	status 0 "$O/fake-san" -q --device r -o json --processes
	/usr/bin/python3 "$here/check_json.py" r out "$top/docs/socktrace-event.schema.json" processes
	grep -q '"event":"process"' out
	grep -q '"exe_source":"exec"' out
	grep -q '"peer":{.*"path":' out
	grep -q '"peer_path_missed":true' out
}
text_of_programs() {
	records programs 500 12 >r
	status 0 "$O/fake-san" -q --device r
	! grep -q ' process(' out
	status 0 "$O/fake-san" -q --device r --processes
	grep -q ' process("' out
	! LC_ALL=C grep -q '[^[:print:][:space:]]' <(iconv -f utf-8 -t ascii//IGNORE out)
}
text_of_hostile_records() {
	records hostile 3000 5 >r
	status 0 "$fake" -q --device r
	/usr/bin/python3 "$here/check_text.py" r out
	status 0 "$fake" -q --color always --device r
	/usr/bin/python3 "$here/check_text.py" --color r out
}
columns_are_chosen() {
	records typical 9 >r
	status 0 "$fake" --device r --columns pid,comm,cgroup,container
	grep -qE '^12345   python3         7312   -            socket\(AF_INET, ' out
	lines out 9
	status 0 "$fake" --device r --columns +uid,netns
	grep -qE '^[0-9:.]{15} python3\[12345\]       1000  4026531840 socket\(AF_INET, ' out
	# The default, named.
	status 0 "$fake" --device r
	mv out default
	status 0 "$fake" --device r --columns time,process
	cmp default out
	status 0 "$real" --columns help
	grep -q '^loginuid     who logged in$' out
	status 2 "$real" --columns pid,,tid
	has err "--columns: unknown column '' (time, process, cpu, "
	status 2 "$real" --columns "$(printf 'pid,%.0s' {1..32})tid"
	has err "more than 32 columns"
	status 2 "$real" --columns pid -o json
	has err "JSON has all of them"
	# Whatever a record holds, it is a line.
	records hostile 2000 5 >r
	status 0 "$fake" -q --device r --columns "$("$real" --columns help | sed -n '/^[a-z]/s/ .*//p' | paste -sd,)"
	lines out 2000
	! LC_ALL=C grep -q '[[:cntrl:]]' out
}
a_wide_terminal_shows_more() {
	records typical 9 >r
	PYTHONPATH=$here /usr/bin/python3 - "$fake" <<-'END'
		import sys
		from terminal import rest, start
		for columns, title in ((80, "TIME PROCESS CALL"), (160, "TIME PROCESS EXE CALL"),
		                       (200, "TIME PROCESS EXE CONTAINER CALL")):
		    out = rest(*start(columns, sys.argv[1], "--device", "r", "--color", "never"))
		    head = [line.split() for line in out.decode().splitlines() if line.startswith("TIME ")]
		    assert head == [title.split()], (columns, out)
	END
}
json_of_typical_records() {
	records typical 1200 >r
	status 0 "$fake" --device r -o json
	empty err
	/usr/bin/python3 "$here/check_json.py" r out "$top/docs/socktrace-event.schema.json"
}
json_of_hostile_records() {
	records hostile 2000 7 >r
	status 0 "$fake" --device r -o json
	/usr/bin/python3 "$here/check_json.py" r out "$top/docs/socktrace-event.schema.json"
	# Without the schema, which takes long: many more.
	records hostile 20000 8 >r
	status 0 "$O/fake-plain" --device r -o json
	/usr/bin/python3 "$here/check_json.py" r out
}
the_schema_refuses() {
	records typical 1 >r
	"$fake" --device r -o json >out
	# Each of these changes makes the line wrong.
	/usr/bin/python3 - "$top/docs/socktrace-event.schema.json" <<-'END'
		import copy, json, sys, jsonschema
		validator = jsonschema.Draft7Validator(json.load(open(sys.argv[1])))
		good = json.load(open("out"))
		assert validator.is_valid(good)
		changes = [("more", 1), ("event", "sendto"), ("phase", "leave"), ("time", "today"),
		           ("pid", -1), ("pid", "1"), ("call", 0), ("flags", []), ("netns", 0),
		           ("family", "INET"), ("args", {"domain": 2}), ("phase", "enter"),
		           ("args", {"sockfd": 1, "addrlen": 2}), ("ret", -1), ("error", "EPERM"),
		           ("addr", {"family": "AF_INET", "family_id": 2, "ip": "1.2.3.4"}),
		           ("addr", {"family": "AF_UNIX", "family_id": 1, "path": ""}),
		           ("socket_source", "user")]
		for key, value in changes:
		    bad = copy.deepcopy(good)
		    bad[key] = value
		    assert not validator.is_valid(bad), f"accepted: {key} = {value}"
		for key in ("time", "event", "cpu", "seq", "pid", "comm", "args", "ret", "duration_ns",
		            "inode", "socket_source"):
		    bad = copy.deepcopy(good)
		    del bad[key]
		    assert not validator.is_valid(bad), f"accepted: no {key}"
	END
}
every_build_says_the_same() {
	# Not what is of the moment: whose process has a record's number now, too.
	local build builds=(san) lasting='s/^{"time":"[^"]*"//; s/,"exe":"[^"]*"//'
	! runs_32 || builds+=(m32)
	records hostile 500 9 >r
	"$O/fake-plain" -q --device r -o json 2>/dev/null | sed "$lasting" >want
	lines want 500
	for build in "${builds[@]}"; do
		"$O/fake-$build" -q --device r -o json 2>/dev/null | sed "$lasting" >got
		cmp want got
	done
}
# 32 bits of seconds end in January 2038; the 32-bit build has 64, too.
a_time_after_2038_is_told() {
	local build builds=(san) day
	! runs_32 || builds+=(m32)
	day=$(/usr/bin/python3 - "$here" 3>r <<-'END'
		import sys, time; sys.path.insert(0, sys.argv[1]); import records
		real, boot = time.time(), time.clock_gettime(time.CLOCK_BOOTTIME)
		then = 2900000000  # in November 2061
		open(3, "wb").write(records.record(type=1, phase=2,
		                                   time_ns=int((then - real + boot) * 10**9)))
		print(time.strftime("%Y-%m-%dT%H:", time.gmtime(then)))
	END
	)
	for build in "${builds[@]}"; do
		status 0 "$O/fake-$build" -q --device r -o json
		has out "{\"time\":\"$day"
	done
}
# Where it doesn't, the tests that compare builds do without this one.
the_32_bit_build_runs() {
	runs_32 || echo "SKIP this machine runs no 32-bit programs"
}
static_builds_run() {
	local build
	for build in static musl; do
		file "$O/$build/socktrace-read" | grep -q 'statically linked'
		status 0 "$O/$build/socktrace-read" --version
		status 2 "$O/$build/socktrace-read" -qJ
		has err "'-J'"
		status 2 "$O/$build/socktrace-read" --bogus
		has err "'--bogus'"
		status 2 "$O/$build/socktrace-read" --device
		has err "'--device' needs a value"
		status 1 "$O/$build/socktrace-read" --device /dev/null
		has err "is not a socktrace device"
	done
}
# This machine's would have its numbers of system calls, not that one's.
only_the_machines_own_musl_gets_its_kernel_headers() {
	local machine
	for machine in "$(gcc -dumpmachine)" mipsel-linux-musl; do
		printf '#!/bin/sh\n[ "$1" != -dumpmachine ] || echo %s\n' "$machine" >a-musl-gcc
		chmod +x a-musl-gcc
		make -n -C "$top/userspace" O="$PWD/o" CC="$PWD/a-musl-gcc" >"$machine"
	done
	grep -q 'isystem [^ ]*kernel-headers' "$(gcc -dumpmachine)"
	test "$(grep -c 'isystem [^ ]*kernel-headers' mipsel-linux-musl)" = 0
	# Nor does another compiler find what the last one had, which are another machine's perhaps.
	make -s -C "$top/userspace" O="$PWD/o" CC=musl-gcc "$PWD"/o/{flags,kernel-headers}
	test -e o/kernel-headers/asm
	make -s -C "$top/userspace" O="$PWD/o" CC=gcc "$PWD/o/flags"
	! test -e o/kernel-headers
}

file_as_output() {
	records typical 3 >r
	echo old >trace
	status 0 "$fake" --device r -o json:trace
	empty out
	empty err
	lines trace 4
	[ "$(head -n 1 trace)" = old ]
}
unwritable_file() {
	records typical 3 >r
	status 1 "$fake" --device r -o json:/nonexistent/trace
	one_line_error
	has err "cannot open /nonexistent/trace: No such file or directory"
	status 1 "$fake" --device r -o text:.
	has err "cannot open .: Is a directory"
}
full_disk() {
	records typical 1000 >r
	status 1 "$fake" --device r -o json:/dev/full
	has err "cannot write /dev/full: No space left on device" \
		"256 records were read but not written, 744 were still queued"
	records typical 1000 >r
	status 1 sh -c "'$fake' --device r >/dev/full"
	has err "cannot write standard output: No space left on device"
}
closed_pipe_is_no_trouble() {
	records typical 20000 >r
	{ "$fake" --device r 2>err || echo "$?" >failed; } | head -n 1 >out
	lines out 1
	empty err
	[ ! -e failed ]
}
count_stops_exactly() {
	records typical 600 >r
	status 0 "$fake" --device r -n 1
	lines out 1
	status 0 "$fake" --device r -n 300 --stats
	lines out 300
	has err "delivered 300 + queued 300"
	# A LOST record does not count.
	/usr/bin/python3 - "$here" >r <<-'END'
		import sys; sys.path.insert(0, sys.argv[1]); import records
		out = sys.stdout.buffer.write
		for i in range(4):
		    out(records.record(type=31, phase=3, lost=(2, 1)))
		    out(records.record(type=3, phase=2))
	END
	status 0 "$fake" --device r -n 3
	[ "$(grep -c accept4 out)" = 3 ]
	[ "$(grep -c LOST out)" -ge 3 ]
}
loss_is_told_even_quietly() {
	/usr/bin/python3 - "$here" >r <<-'END'
		import sys; sys.path.insert(0, sys.argv[1]); import records
		sys.stdout.buffer.write(records.record(type=31, phase=3, cpu=1, seq=17, lost=(123, 1)))
	END
	FAKE_MISSED=4 status 0 "$fake" -q --stats --device r
	has out "!!! LOST 123 records on CPU 1 (ring full), seq 17..139"
	has err "LOST 123 records: the ring was full (4096 records per CPU" "4 returns were missed" \
		"hits 127 = delivered 0 + queued 0 + filtered 0 + dropped 123 + missed 4 + flushed 0"
	hasnt err "NOT add up"
}
broken_records_end_it() {
	records typical 2 >r
	printf '\2' | dd of=r bs=1 seek=321 conv=notrunc status=none # size 576, beyond the end
	status 1 "$fake" --device r
	lines out 1
	has err "gave a broken record"
	printf '\0\0' | dd of=r bs=1 seek=0 conv=notrunc status=none # size 0
	status 1 "$fake" --device r
	has err "gave a broken record"
	# A newer module's longer records are stepped over whole.
	/usr/bin/python3 - "$here" >r <<-'END'
		import sys; sys.path.insert(0, sys.argv[1]); import records
		for i in range(3):
		    sys.stdout.buffer.write(records.record(type=3, phase=2, tgid=i, size=384) + bytes(64))
	END
	status 0 "$fake" --device r
	lines out 3
	grep -q '\[2/0\]' out
}
device_errors_are_told() {
	records typical 2 >r
	FAKE_START="no probe" status 1 "$fake" --device r
	one_line_error
	has err "r: no probe"
	FAKE_READ="went away" status 1 "$fake" --device r
	lines out 2
	has err "r: went away"
}
configuration_and_rules() {
	records typical 1 >r
	FAKE_LOG=log status 0 "$fake" --device r --enter --latency 50 -p 7,9 -e connect --family inet
	has log "config records=0 phases=6 watermark=64 latency=50" \
		"rule accept event connect and pid 7 and family inet" \
		"rule accept event connect and pid 9 and family inet"
	rm log
	# No latency: every record wakes. A small ring: half of it does.
	FAKE_LOG=log status 0 "$fake" --device r --latency 0
	has log "phases=4 watermark=1 latency=0" "rule accept event socket,connect,accept4,addr_mismatch,socketpair,connected"
	rm log
	FAKE_LOG=log status 0 "$fake" --device r --records 16
	has log "config records=16 phases=4 watermark=8 latency=20"
}
muted_machine_is_told() {
	records typical 1 >r
	FAKE_MUTED=1 status 0 "$fake" -q --device r
	one_line_error
	has err "NO CALL WILL BE SEEN" "sysctl kernel.ftrace_enabled=1"
}
explain_needs_no_device() {
	status 0 "$real" --device ./none --explain --filter \
		'connect and (net 10/8 or path /run/) and not uid 0 or accept4 and duration > 1s'
	has out "3 of the kernel's 64 rules" \
		"  1  accept  event connect and user 1-4294967295 and net 10.0.0.0/8" \
		'  2  accept  event connect and user 1-4294967295 and path "/run/"' \
		"  3  accept  event accept4 and duration >= 1000000001ns" "     reject  all else"
	empty err
	status 0 "$real" --explain -- ls
	has out " and descendant "
	status 1 sh -c "'$O/plain/socktrace-read' --explain >/dev/full"
	has err "cannot write standard output"
}
impossible_filters_exit_2() {
	status 2 "$real" --device ./none -p 1 --filter 'pid 2'
	one_line_error
	has err "no call can meet '-p: pid 1' and 'pid 2'"
	status 2 "$real" --device ./none -p "$(seq -s, 100)"
	has err "needs 100 rules, the kernel takes 64"
	status 2 "$real" --device ./none --filter 'descendant 1' -- true
	has err "'descendant'" "one each"
	status 2 "$real" --device ./none --filter 'uid 0 and or'
	[ "$(sed -n 3p err)" = "            ^" ]
}
inflight_lists_calls() {
	: >r
	status 1 "$fake" --device r --inflight
	one_line_error
	has err "no session is tracing"
	FAKE_STARTED=1 status 0 "$fake" --device r --inflight
	lines out 1 # the header
	FAKE_STARTED=1 FAKE_INFLIGHT=3000 FAKE_LOG=log status 0 "$fake" --device r --inflight
	empty err
	lines out 3001
	lines log 2 # all, asked again with more room
	# The oldest first; no name breaks a line.
	sed -n 2p out | grep -qF '      0.003000 a"b\x0a[4002999]'
	grep -qF ' connect(3, -, 16) ...' out
	grep -qF ' accept4(3, -, SOCK_CLOEXEC) ...' out
	FAKE_STARTED=1 FAKE_INFLIGHT=3 status 0 "$fake" --device r --inflight -o json:j
	/usr/bin/python3 - "$top/docs/socktrace-event.schema.json" <<-'END'
		import json, sys, jsonschema
		validator = jsonschema.Draft7Validator(json.load(open(sys.argv[1])))
		lines = [json.loads(line) for line in open("j")]
		assert [line["age_ns"] for line in lines] == [3000, 2000, 1000]
		for line in lines:
		    validator.validate(line)
		assert lines[1] == dict(lines[1], event="inflight", name="connect", call=2,
		                        pid=4000001, tid=4000001, comm='a"b\n', abi="x86_64",
		                        via="syscall", args={"sockfd": 3, "addrlen": 16},
		                        nspid=7, netns=4026531840, uid=0)
	END
	FAKE_STARTED=1 FAKE_INFLIGHT=3 status 1 "$fake" --device r --inflight -o json:/dev/full
	has err "cannot write /dev/full"
}
unarmed_probes_are_reported() {
	records typical 1 >r
	FAKE_UNARMED=__sys_accept4 status 0 "$fake" --device r
	lines err 1
	has err "socktrace-read: __sys_accept4 can't be probed now, its calls won't be seen"
	FAKE_UNARMED=__sys_accept4 status 0 "$fake" --device r -e connect
	empty err
	# A mismatch is seen by connect's probe and the LSM hook together.
	FAKE_UNARMED=security_socket_connect status 0 "$fake" --device r -e connect
	empty err
	FAKE_UNARMED=security_socket_connect status 0 "$fake" --device r -e addr_mismatch
	has err "security_socket_connect can't be probed now"
	# Or another point shows the kernel's address, and the hook is there for who asks for it.
	FAKE_SPARED=1 FAKE_UNARMED=security_socket_connect status 0 "$fake" --device r -e addr_mismatch
	empty err
	FAKE_SPARED=1 FAKE_UNBOUND=4 status 0 "$fake" --device r -e addr_mismatch
	empty err
	FAKE_SPARED=1 FAKE_UNARMED=security_socket_connect status 0 "$fake" --device r -e security_socket_connect
	has err "security_socket_connect can't be probed now"
	FAKE_SPARED=1 FAKE_UNARMED=__sys_connect_file status 0 "$fake" --device r -e addr_mismatch
	has err "__sys_connect_file can't be probed now"
	# What a connect came to is told of one that was seen to enter.
	FAKE_UNARMED=__sys_connect status 0 "$fake" --device r -e connected
	has err "__sys_connect can't be probed now"
	# It is no matter of this kernel, but of now: -q is no reason to keep it.
	FAKE_UNARMED=__sys_connect status 0 "$fake" -q --device r
	has err "__sys_connect can't be probed now"
	# What is not bound can't be armed: that is said once.
	FAKE_UNBOUND=3 FAKE_UNARMED=__sys_accept4 status 0 "$fake" --device r
	lines err 1
	has err "no function to probe for accept4"
	FAKE_UNARMED=__sys_accept4 status 0 "$fake" --device r -- true
	lines err 3
	# Of one that gives no records, none are missing.
	FAKE_UNARMED=security_sock_graft status 0 "$fake" --device r
	lines err 1
	has err "security_sock_graft can't be probed now, peers are told by descriptor:"
	: >r
	FAKE_UNARMED=__sys_accept4 status 1 "$fake" --device r --selftest
	has err "__sys_accept4 can't be probed now"
	grep -q '^connect INET .* __sys_connect ' out
	grep -q '^accept4 .* - ' out
}
missing_probes_are_told() {
	records typical 1 >r
	FAKE_UNBOUND=3 status 0 "$fake" --device r
	has err "no function to probe for accept4"
	FAKE_UNBOUND=4 status 0 "$fake" --device r
	has err "no function to probe for addr_mismatch"
	FAKE_UNBOUND=6 status 0 "$fake" --device r
	has err "no function to probe for socketpair"
	FAKE_UNBOUND=3 status 0 "$fake" --device r -e connect
	empty err
	FAKE_UNBOUND=3 status 0 "$fake" -q --device r
	empty err
}

colour_only_when_wanted() {
	records hostile 200 3 >r
	"$O/fake-plain" -q --device r >out 2>/dev/null
	hasnt out $'\033'
	"$O/fake-plain" -q --color always --device r >out 2>/dev/null
	has out $'\033[7m!!! LOST' $'\033[31m'
	# On a terminal: colour and header, unless NO_COLOR or a dumb one says no.
	TERM=xterm script -qec "$O/fake-plain --device r" /dev/null >out
	has out $'\033[7m!!! LOST' "TIME            PROCESS              CALL" "Ctrl-C ends"
	NO_COLOR=1 TERM=xterm script -qec "$O/fake-plain --device r" /dev/null >out
	hasnt out $'\033'
	TERM=dumb script -qec "$O/fake-plain -q --device r" /dev/null >out
	hasnt out $'\033'
	hasnt out TIME
}

no_leak_and_no_wild_access() {
	local check="valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=all
		--errors-for-leak-kinds=all --trace-children=no"
	records hostile 300 4 >r
	# shellcheck disable=SC2086
	{
		status 0 $check "$O/fake-plain" -q --device r -o json:j
		status 0 $check "$O/fake-plain" --device r --color always --stats
		status 3 $check "$O/fake-plain" --device r -o text:t -- sh -c 'exit 3'
		status 1 $check "$O/fake-plain" -q --device r -o json:/dev/full
		status 1 $check "$O/plain/socktrace-read" --device /dev/null
		status 2 $check "$O/plain/socktrace-read" -e sendto
		status 2 $check "$O/plain/socktrace-read" --filter 'not (net 10/8 or x)'
		status 2 $check "$O/plain/socktrace-read" --filter 'path /a and path /b or uid 1,2'
		status 0 $check "$O/plain/socktrace-read" --explain --filter 'path /a or not uid 1,2'
	}
}
# instructions FORMAT: of the reader, per record; the start-up cancels out.
instructions() {
	local count refs=()
	for count in 10000 20000; do
		records typical "$count" >r
		valgrind --tool=callgrind --callgrind-out-file=/dev/null "$O/fake-plain" -q \
			--device r -o "$1" 2>&1 >/dev/null | sed -n 's/.*I *refs: *//p' | tr -d , >refs
		refs+=("$(cat refs)")
	done
	echo $(((refs[1] - refs[0]) / 10000))
}
# What bench/README.md has, and 5 % more: another machine's C library copies in another way.
json_within_885_instructions() {
	local n
	n=$(instructions json)
	echo "$n instructions per record"
	[ "$n" -gt 0 ] && [ "$n" -le 885 ]
}
text_within_735_instructions() {
	local n
	n=$(instructions text)
	echo "$n instructions per record"
	[ "$n" -gt 0 ] && [ "$n" -le 735 ]
}

uapi_header_compiles() {
	local width dialect
	echo '#include <socktrace.h>' >u.c
	echo 'int f(const struct socktrace_event *e) { return *socktrace_local(e); }' >>u.c
	cp u.c u.cc
	for width in -m64 "-m32 -idirafter /usr/include/$(gcc -print-multiarch)"; do
		for dialect in gnu99 c99 c11 c17; do
			# shellcheck disable=SC2086 # one flag or more
			gcc -std=$dialect $width -Wall -Wextra -Werror -fsyntax-only -I"$top/uapi" u.c
		done
		for dialect in c++11 c++17; do
			# shellcheck disable=SC2086
			g++ -std=$dialect $width -Wall -Wextra -Werror -fsyntax-only -I"$top/uapi" u.cc
		done
	done
	# The asserts bite: a layout that is wrong does not compile.
	sed 's/SOCKTRACE_COMM_LEN 16/SOCKTRACE_COMM_LEN 17/' "$top/uapi/socktrace.h" >socktrace.h
	! gcc -fsyntax-only -I. u.c 2>/dev/null
}
tables_are_what_generate_makes() {
	local version
	version=$(dpkg-query -W -f='${Version}' linux-libc-dev)
	if ! grep -qF "linux-libc-dev $version," "$top/userspace/record/tables/netlink.h"; then
		echo "SKIP the headers are not those of the tables"
		return 0
	fi
	mkdir tables
	cp "$top/userspace/record/tables/generate" tables
	tables/generate >/dev/null
	for table in tables/*.h; do
		# libc's version may differ; what it gives, may not.
		cmp <(grep ^ROW "$table") <(grep ^ROW "$top/userspace/record/$table")
	done
}
# The folders of userspace/, and what each may include but itself.
folders_include_downwards() {
	local -A below=(
		[base]=""
		[record]="base"
		[capture]="record base"
		[output]="base"
		[summary]="format record base"
		[filter]="record base"
		[format]="record base"
		[session]="filter format record base"
		[selftest]="session filter format record base"
	)
	local folder line seen=0
	for folder in "$top"/userspace/*/; do
		folder=$(basename "$folder")
		[ -v "below[$folder]" ] || { echo "whom may $folder/ include?"; return 1; }
		while IFS= read -r line; do
			seen=$((seen + 1))
			# From userspace/ on, as -iquote has it: folder and file.
			[[ $line =~ include[[:space:]]*\"([a-z]+)/[^\"]*\" && $line != *..* &&
				" $folder ${below[$folder]} " == *" ${BASH_REMATCH[1]} "* ]] ||
				{ echo "not downwards: $line"; return 1; }
		done < <(cd "$top/userspace" &&
			grep -rnE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$folder")
	done
	[ "$seen" -ge 50 ]
}
