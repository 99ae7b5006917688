# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Files of output that last: moved away, rotated, without room. Sourced by run behind
# reader.sh, whose helpers these tests use.

# feed COUNT SEED: that many records to the live reader.
feed() { records typical "$1" "$2" >&9; }

hup_reopens_files() {
	live "$O/fake-plain" -q -o text:trace -w c
	feed 5 1
	soon lines trace 5
	mv trace trace.1
	mv c c.1
	kill -HUP "$pid"
	soon test -e trace -a -e c
	feed 3 2
	soon lines trace 3
	kill -HUP "$pid" # nobody moved them: nothing is lost
	feed 2 3
	soon lines trace 5
	kill -TERM "$pid"
	ends_with 0
	empty err
	lines trace.1 5
	status 0 "$fake" -q -r c.1
	cmp trace.1 out
	status 0 "$fake" -q -r c
	cmp trace out
	empty err
}
# The second file of a capture has what was told in the first one.
hup_tells_programs_anew() {
	# The alternative to what the module does: it tells each program once.
	/usr/bin/python3 - "$here" <<-'END'
		import sys; sys.path.insert(0, sys.argv[1]); import records as r
		call = dict(r.PROCESS, type=r.CONNECT, phase=r.EXIT, image=7, cpu=0, flags=r.F_PEER_PATH, call_id=5)
		told = r.program(7, b"/usr/bin/" + b"x" * 200, b"x\0-y\0") + r.path(5, b"/run/" + b"y" * 200)
		open("one", "wb").write(b"".join(told))
		open("two", "wb").write(r.record(**call))
	END
	live "$O/fake-plain" -q -o json:trace -w c
	cat one two >&9
	soon lines trace 1
	mv c c.1
	kill -HUP "$pid"
	soon test -e c
	cat two >&9
	soon lines trace 2
	kill -TERM "$pid"
	ends_with 0
	status 0 "$fake" -r c -o json
	lines out 1
	cmp out <(tail -n 1 trace)
	has out '"cmdline":["x","-y"]' '"peer":{"path":"/run/yyy'
}
hup_in_vain_goes_on() {
	mkdir d
	live "$O/fake-plain" -q -o text:d/trace
	feed 5 1
	soon lines d/trace 5
	mv d e
	kill -HUP "$pid"
	soon grep -q 'cannot open the next file of d/trace: No such file or directory: it goes on' err
	feed 2 2
	soon lines e/trace 7
	kill -TERM "$pid"
	ends_with 0
}
rotation_by_size() {
	local file
	records typical 3000 >r
	"$fake" -q --device r -w all -o text:want
	status 0 "$fake" -r all -C 64k -o text:t
	cat t t1 t2 t3 t4 t5 | cmp - want
	[ ! -e t6 ]
	for file in t t1 t2 t3 t4; do
		[ "$(stat -c %s $file)" -gt 65536 ] && [ "$(stat -c %s $file)" -lt 120000 ]
	done
	# A ring: of the last files, with as many digits as the last one has.
	status 0 "$fake" -r all -C 64k -W 11 -o text:ring
	cat ring0? | cmp - want
	[ ! -e ring ]
	status 0 "$fake" -r all -C 64k -W 2 -o text:short
	cat short0 short1 | cmp - <(tail -c "$(cat short0 short1 | wc -c)" want)
	[ ! -e short2 ]
	# Captures: each can be read alone, and one behind the other.
	"$fake" -q --device r -C 300k -w c -o text:lines
	[ ! -e c3 ]
	for file in c c1 c2; do
		status 0 "$fake" -r $file
		empty err
		cat out >>got
	done
	cat lines lines1 | cmp - got
	status 0 "$fake" -r <(cat c c1 c2)
	cmp got out
	# Appended to by the next one; what a restart finds full it leaves.
	status 0 "$fake" -r all -C 64k -o text:t
	[ "$(cat t t? t?? | wc -l)" = 6000 ]
	for args in "-C 0" "-C x" "-C 1t -o text:x" "-G 0" "-C 1" "-C 1 -o text" "-W 2 -o text:x" "-G 1 -w -"; do
		# shellcheck disable=SC2086
		status 2 "$fake" --device r $args
		one_line_error
	done
}
rotation_by_age() {
	live "$O/fake-plain" -q -G 1 -W 2 -w c -o text:t.%Y
	feed 5 1
	soon test -s "t.$(date +%Y)"
	sleep 1.1
	feed 3 2
	soon test -s "t.$(date +%Y)1"
	sleep 1.1
	feed 3 3 # there is no third file: it ends, and what it has read is in the second
	ends_with 0
	lines "t.$(date +%Y)" 5
	status 0 "$fake" -r c1
	cmp out "t.$(date +%Y)1"
	[ ! -e c2 ]
}
# By a limit of the process's own, which can be raised: as a disk that is full for a while.
no_room_is_no_end() {
	live "$O/fake-plain" -q -o text:trace -w c
	feed 3 1
	soon lines trace 3
	prlimit --pid "$pid" --fsize=3000:
	feed 40 2
	soon grep -q 'cannot write trace: File too large: events are counted until there is room' err
	soon grep -q 'cannot write c: File too large' err
	feed 40 3
	all_were_read() {
		kill -USR1 "$pid"
		grep -q 'hits 83 = delivered 83 ' err
	}
	soon all_were_read
	# Told once each time: a shorter line may fit where a longer one did not.
	for file in trace c; do
		grep -oE "cannot write $file:|$file has room again" err | uniq -d >twice
		empty twice
	done
	! grep -vE ': (cannot write (trace|c): |(trace|c) has room again: |hits )' err
	prlimit --pid "$pid" --fsize=unlimited:
	feed 3 4
	kill -TERM "$pid"
	ends_with 1
	# Each line is whole, and all others were counted.
	[ "$(grep -cE '^[0-9:.]{15} .*>.*$' trace)" = "$(wc -l <trace)" ]
	has err "c has room again: " "records were read but not written"
	[ "$(sed -n 's/.*trace has room again: \([0-9]*\) .*/\1/p' err | tail -n 1)" = $((86 - $(wc -l <trace))) ]
	status 0 "$fake" -q -r c
	has err " $((86 - $(wc -l <out))) records were read and could not be written to it"
	[ "$(wc -l <out)" -lt 20 ]
}
one_signal_ends_a_stuck_pipe() {
	local got=0
	mkfifo dev stuck
	exec 9<>dev
	sleep 60 <stuck &
	"$O/fake-plain" -q --device dev >stuck 2>err &
	pid=$!
	"$here/records.py" typical 4000 1 >&9 &
	feeder=$!
	# It blocks once the pipe is full.
	soon sh -c "grep -q '^[1-9]' /proc/$pid/wchan || grep -q 'pipe_w' /proc/$pid/wchan" || sleep 1
	kill -TERM "$pid"
	wait "$pid" || got=$?
	[ "$got" = 1 ]
	has err "standard output takes no more, and a signal asks to end"
	grep -qE '[0-9]+ records were read but not written' err
	kill "$feeder" %1 2>/dev/null || true
}
