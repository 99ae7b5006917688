# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What fingers type, and what a terminal shows: as reader.sh, whose helpers these use.

# The first word that is no option; its own options are its own.
command_needs_no_dashes() {
	records typical 2 >r
	status 0 "$fake" -q --device r echo -e hello
	[ "$(cat out)" = hello ]
	lines err 2
	status 7 "$fake" -q --device r sh -c 'exit 7'
	# What names a condition was meant as one.
	status 2 "$fake" --device r port 443
	has err "'port' is a condition: --filter 'port ...'"
	status 127 "$fake" -q --device r -- port 443
}
# What is piped as JSON is the trace: the command's words are beside it.
json_of_a_command_takes_the_pipe() {
	records typical 3 >r
	"$fake" -q --device r -j echo hello 2>err | cat >out
	lines out 3
	[ "$(cat err)" = hello ]
	# A file is no pipe, and text is none's.
	status 0 "$fake" -q --device r -j echo hello
	[ "$(cat out)" = hello ]
	lines err 3
	"$fake" -q --device r echo hello 2>err | cat >out
	[ "$(cat out)" = hello ]
	"$fake" -q --device r -o json:t echo hello 2>err | cat >out
	[ "$(cat out)" = hello ]
	lines t 3
}
command_of_a_user() {
	records typical 1 >r
	status 2 "$real" --user nobody
	has err "-u NAME, or --uid NAME"
	status 2 "$real" --user no_such_user true
	has err "--user: unknown user 'no_such_user'"
	if [ "$(id -u)" != 0 ]; then
		status 126 "$fake" -q --device r --user daemon id
		has err "cannot become user 1: Operation not permitted"
		return 0
	fi
	# Whoever it is: as the tools of the system have it. No group is left of ours.
	local user
	for user in daemon games; do
		status 0 "$fake" -q --device r -o text:t --user "$user" id
		id "$user" >want
		cmp want out
	done
}
times_as_wanted() {
	local form
	records typical 3 >r
	for form in 'time ^[0-9:]{8}\.[0-9]{6} python3' 'date ^[0-9]{4}(-[0-9]{2}){2} [0-9:]{8}\.[0-9]{6} python3' \
		'utc ^[0-9-]{10}T[0-9:]{8}\.[0-9]{9}Z python3' 'unix ^[0-9]{10}\.[0-9]{6} python3' \
		'delta ^    [0-9]\.[0-9]{6} python3' 'none ^python3'; do
		status 0 "$fake" --device r --time "${form%% *}"
		[ "$(grep -cE "${form#* }" out)" = 3 ]
	done
	status 0 "$fake" --device r --relative-timestamps
	grep -q '^    0.000000 ' out
	status 0 "$fake" --device r -ttt --columns pid,time
	grep -qE '^12345   [0-9]{10}\.[0-9]{6} socket' out
	status 0 "$fake" --device r -tt
	mv out tt
	status 0 "$fake" --device r
	cmp tt out
	status 2 "$real" -t -j
	has err "JSON has one form"
	status 2 "$real" --time iso
	has err "unknown format 'iso' (none, time, date, utc, unix or delta)"
	# Of loss and programs, too.
	records programs 20 3 >r
	/usr/bin/python3 - "$here" >>r <<-'END'
		import sys; sys.path.insert(0, sys.argv[1]); import records
		sys.stdout.buffer.write(records.record(type=31, phase=3, lost=(2, 1)))
	END
	status 0 "$fake" --device r --time none --processes
	grep -q '^!!! LOST' out
	! grep -qE '^[0-9:]{8}' out
}
file_alone_as_output() {
	records typical 3 >r
	status 0 "$fake" --device r -o ./trace
	grep -q ' accept4(4, {AF_INET ' trace
	status 0 "$fake" --device r -j -o t.json
	grep -q '"event":"accept4"' t.json
	empty out
	status 0 "$fake" -q --device r -o - true
	lines out 3
	status 2 "$real" -o trace
	has err "unknown format 'trace' (text or json; a file has a / or a dot in its name: ./trace)"
}
filter_of_a_file() {
	printf '# whom\nuid 0 and\n  # where\n net 10/8\n' >f
	status 0 "$real" --explain --filter @f --filter connect
	has out "event connect and user 0 and net 10.0.0.0/8"
	status 2 "$real" --filter @none
	has err "--filter: cannot open none: No such file or directory"
	printf 'uid 0\nand or' >f
	status 2 "$real" --filter @f
	[ "$(sed -n 3p err)" = "            ^" ]
	printf 'uid 0\0' >f
	status 2 "$real" --filter @f
	has err "--filter: f is no text"
	status 2 "$real" --filter @.
	has err "--filter: cannot read .: Is a directory"
	seq 20000 >f
	status 2 "$real" --filter @f
	has err "no text of up to 65536 bytes"
}
# -p alone: when the last of them has ended, so does the reader.
processes_end_it() {
	local first last
	sleep 60 9>&- & first=$!
	sleep 60 9>&- & last=$!
	live "$fake" -q -p "$first $last"
	records typical 2 >&9
	soon lines out 2
	kill "$first"
	records typical 1 >&9
	soon lines out 3
	kill -0 "$pid"
	records typical 4 >&9
	kill "$last"
	ends_with 0
	lines out 7
	empty err
}
# What a command leaves behind is waited for, if asked for; its status stays.
wait_all_waits_for_daemons() {
	mkfifo end
	mkfifo dev
	exec 9<>dev
	# shellcheck disable=SC2016
	"$fake" -q --device dev -o text:trace --wait-all \
		sh -c '(read x <end; sleep 0 & read y <end) & exit 4' >out 2>err 9>&- &
	pid=$!
	exec 8<>end
	records typical 2 >&9
	soon lines trace 2
	echo >&8
	records typical 1 >&9
	soon lines trace 3
	kill -0 "$pid"
	echo >&8
	ends_with 4
	# A signal ends it, too: the command has gone.
	rm trace
	echo 'read x <end' >daemon
	"$fake" -q --device dev -o text:trace --wait-all sh -c 'sh daemon & exit 4' >out 2>err 9>&- &
	pid=$!
	records typical 1 >&9
	soon lines trace 1
	soon sh -c "! pgrep -P $pid -a | grep -q 'exit 4' && pgrep -P $pid -a | grep -q daemon"
	kill -INT "$pid"
	ends_with 4
	echo >&8
	exec 8>&-
}
ready_is_told() {
	: >r
	# Before the command begins, which has no part in it.
	status 0 "$fake" -q --device r --ready-fd 7 sh -c 'ls /proc/self/fd >fds; cat ready >seen' 7>ready
	[ "$(od -An -tx1 <ready)" = " 0a" ]
	cmp ready seen
	! grep -qx 7 fds
	FAKE_START=no status 1 "$fake" -q --device r --ready-fd 7 7>not-ready
	empty not-ready
	status 1 "$fake" -q --device r --ready-fd 77
	has err "--ready-fd 77: Bad file descriptor"
	/usr/bin/python3 - "$fake" <<-'END'
		import os, socket, subprocess, sys
		for name in ("./notify", "@socktrace-%d" % os.getpid(), "/nonexistent/socket"):
		    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
		        manager.settimeout(10)
		        path = os.path.abspath(name) if name[0] == "." else name
		        if path[0] == "@" or name[0] == ".":
		            manager.bind(path.replace("@", "\0"))
		        env = dict(os.environ, NOTIFY_SOCKET=path)
		        out = subprocess.check_output([sys.argv[1], "-q", "--device", "r", "env"], env=env)
		        assert b"NOTIFY_SOCKET" not in out
		        if "nonexistent" not in name:
		            assert manager.recv(100) == b"READY=1"
	END
}
banner_is_one_line() {
	local events
	records typical 1 >r
	for events in all socket,connect,accept4 security_socket_connect bind,listen; do
		status 0 "$fake" --device r -e "$events" true
		[ "$(head -n 1 err | wc -m)" -le 81 ]
		has err "socktrace-read: tracing "
	done
	status 0 "$fake" --device r -e connect,accept true
	has err "tracing connect accept4"
	hasnt err more
}
# Whatever the record holds, a line is one line of the terminal, from a resize on, too.
lines_fit_the_terminal() {
	records hostile 400 6 >r
	/usr/bin/python3 - "$here" >>r <<-'END'
		import sys; sys.path.insert(0, sys.argv[1]); import records as r
		for length in range(1, 106): # wide characters, two columns each
		    sys.stdout.buffer.write(r.record(**dict(r.PROCESS, type=r.CONNECT, phase=r.EXIT, comm="漢字ーｆ한".encode(),
		        addr_source=1, addr=(b"\1\0/" + "例え".encode() * 17)[:length + 2])))
	END
	records typical 30 >>r
	PYTHONPATH=$here /usr/bin/python3 - "$fake" <<-'END'
		import os, re, signal, sys
		from terminal import resize, rest, start, width
		def shown(out):
		    text = re.sub("\033\\[[0-9;]*m", "", out.decode())
		    return [line for line in text.split("\r\n") if "LOST" not in line]
		for columns in (80, 110, 200, 40):
		    for more in ([], ["--color", "always"], ["--columns", "+exe,cgroup_path"], ["-t"]):
		        lines = shown(rest(*start(columns, sys.argv[1], "-q", "--device", "r", *more)))
		        assert len(lines) > 350, len(lines)
		        for line in lines:
		            assert width(line) <= columns, (columns, line)
		# A resize: a live session, told by its signal.
		os.mkfifo("dev")
		feed = os.open("dev", os.O_RDWR)
		record = open("r", "rb").read()[-320 * 29:][:320]
		pid, fd = start(200, sys.argv[1], "--device", "dev", "--color", "never")
		os.write(feed, record)
		out = b""
		while b"connect(" not in out:
		    out += os.read(fd, 65536)
		assert b"local=" in out and b"CONTAINER" in out, out
		resize(fd, 80)
		out = b""
		while b"CALL" not in out: # fewer columns, told at once
		    out += os.read(fd, 65536)
		os.write(feed, record)
		while b"connect(" not in out:
		    out += os.read(fd, 65536)
		os.kill(pid, signal.SIGTERM)
		out += rest(pid, fd)
		assert b"local=" not in out and max(map(len, shown(out))) <= 80, out
	END
	# To a pipe or a file nothing is cut.
	records typical 9 >r
	status 0 "$fake" --device r
	[ "$(wc -L <out)" -gt 110 ]
}
contradictions_are_named() {
	status 2 "$real" --ok --failed
	one_line_error
	has err "no call can meet '-z: ok' and '-Z: failed'"
	status 2 "$real" --filter 'uid 1 and (uid > 5 or uid = 0)'
	has err "no call can meet 'user 1' and 'user 6-4294967295 or user 0'"
	status 2 "$real" -e '!connect' --filter connect
	has err "no call can meet '-e: event socket,accept4,addr_mismatch,socketpair,connected' and 'event connect'"
	status 2 "$real" -e '!all'
	has err "no call can meet '-e !...', which leaves no event"
	# Three, of which any two may hold.
	status 2 "$real" --filter '(pid 1 or pid 2) and (pid 2 or pid 3) and (pid 1 or pid 3)'
	has err "no call can meet all these conditions"
	# However long: one line, and not too long a one.
	status 2 "$real" -p "$(seq -s, 60)" --filter "pid $(seq -s, 61 120)"
	one_line_error
	[ "$(wc -c <err)" -lt 350 ]
}
# Judged in the reader, and exactly; -n counts what is shown.
exe_and_container_are_judged() {
	/usr/bin/python3 - "$here" >r <<-'END'
		import sys; sys.path.insert(0, sys.argv[1]); import records
		out = sys.stdout.buffer.write
		for image, exe in enumerate((b"/usr/bin/curl", b"/usr/bin/cat", b"/opt/x", b"/usr/local/y"), 1):
		    for part in records.program(image, exe, b"x\0", cpu=0):
		        out(part)
		for i in range(600):
		    out(records.record(type=1 + i % 3, phase=2, cpu=0, seq=i, tgid=2**22 - i, uid=i % 7, image=i % 5))
	END
	status 0 "$fake" -q --device r -j
	mv out all
	/usr/bin/python3 - "$fake" <<-'END'
		import json, subprocess, sys
		lines = open("all").read().splitlines()
		calls = [(line, json.loads(line)) for line in lines]
		assert len(calls) == 600 and sum("exe" in c for _, c in calls) == 480
		prefix, uid = "/usr/bin/", 5
		def exe(c): return c.get("exe", "").startswith(prefix)
		def read(*argv):
		    return subprocess.run([sys.argv[1], "-q", "--device", "r", "-j", *argv], check=True,
		                          capture_output=True, text=True)
		def is_uid(c): return c.get("uid") == uid
		quoted = f"'{prefix}'"
		for expression, holds in ((f"exe {quoted}", exe), (f"not exe {quoted}", lambda c: not exe(c)),
		        (f"exe {quoted} or uid {uid}", lambda c: exe(c) or is_uid(c)),
		        (f"not (exe {quoted} and uid {uid})", lambda c: not (exe(c) and is_uid(c))),
		        (f"not exe {quoted} and (exe /nowhere or not uid {uid} or exe {quoted})",
		         lambda c: not exe(c) and not is_uid(c))):
		    want = [c["seq"] for _, c in calls if holds(c)]
		    assert 0 < len(want) < len(lines), (expression, len(want))
		    got = [json.loads(line)["seq"] for line in read("--filter", expression).stdout.splitlines()]
		    assert got == want, (expression, len(got), len(want))
		want = [c["seq"] for _, c in calls if exe(c)]
		done = read("--exe", prefix, "-n", "5", "--stats")
		assert [json.loads(line)["seq"] for line in done.stdout.splitlines()] == want[:5], done
		assert "were read and not shown" in done.stderr, done.stderr
		# Lines of programs: of those whose calls may be shown.
		shown = [json.loads(line) for line in read("--exe", prefix, "--processes").stdout.splitlines()]
		programs = [c for c in shown if c["event"] == "process"]
		assert programs and all(exe(c) for c in programs)
	END
	FAKE_LOG=log status 0 "$fake" -q --device r --exe /usr -e connect
	has log "rule accept event connect"
	status 0 "$real" --explain --exe /usr/bin/curl --container 0123,web -e connect
	has out 'of what they accept, the reader shows only: exe "/usr/bin/curl"' \
		'of what they accept, the reader shows only: container "0123" or container "web"'
	status 2 "$real" --filter 'descendant 1 or exe /x'
	has err "only the kernel knows descendants"
	status 2 "$real" -w f --exe /x
	has err "ask for these when it is read, by -r"
}
# Once each, on a terminal alone, and only what the session is about.
hanging_calls_are_told() {
	mkfifo dev
	PYTHONPATH=$here /usr/bin/python3 - "$fake" <<-'END'
		import os, re, signal, sys
		from terminal import rest, start
		feed = os.open("dev", os.O_RDWR)
		def trace(*argv, asks=3):
		    pid, fd = start(80, sys.argv[1], "--device", "dev", "--color", "never", *argv,
		                    FAKE_INFLIGHT="2", FAKE_CALLER=str(os.getpid()), FAKE_LOG="log")
		    out = b""
		    while not os.path.exists("log") or open("log").read().count("inflight") < asks:
		        os.set_blocking(fd, False)
		        try:
		            out += os.read(fd, 65536)
		        except BlockingIOError:
		            os.sched_yield()
		    os.set_blocking(fd, True)
		    os.kill(pid, signal.SIGINT)
		    out += rest(pid, fd)
		    asked = [line for line in open("log") if line.startswith("inflight")]
		    assert all(line.endswith(" wanted\n") for line in asked), asked
		    os.unlink("log")
		    lines = out.decode().split("\r\n")
		    assert max(map(len, lines)) <= 80, lines
		    return [line for line in lines if " hangs for 3600 s" in line], lines
		told, lines = trace()
		assert sorted(re.sub(".*  *([a-z0-9]+\\(.*)", r"\1", line) for line in told) == [
		    "accept4(3, -, SOCK_CLOEXEC) ... hangs for 3600 s",
		    "connect(3, -, 16) ... hangs for 3600 s"], lines
		assert "socktrace-read: 2 calls are still in flight: connect 1, accept4 1" in lines, lines
		# The module judges, but for what it does not know.
		assert len(trace("--exe", os.readlink("/proc/self/exe"), asks=1)[0]) == 2
		told, lines = trace("--exe", "/nowhere", asks=1)
		assert not told and not any("in flight" in line for line in lines), lines
	END
	# Not into a pipe; nor does a quiet one ask.
	rm dev
	FAKE_INFLIGHT=2 FAKE_CALLER=$$ FAKE_LOG=log live "$fake" -q
	records typical 1 >&9
	soon lines out 1
	kill -INT "$pid"
	ends_with 0
	empty err
	hasnt log inflight
}
