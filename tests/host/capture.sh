# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Captures: -w writes them, -r replays them. Sourced by run behind reader.sh, whose
# helpers these tests use.

captures() { "$here/captures.py" "$@"; }

# Lines without what is of the moment: the wall clock, and whose process has a number now.
lasting() { sed 's/^{"time":"[^"]*"//; s/,"exe":"[^"]*","exe_source":"proc"//'; }

# Live with lines beside the capture: these are the bytes that a replay has to give.
replay_gives_what_live_gave() {
	local kind format more
	for kind in "typical 3000" "honest 3000 21" "hostile 3000 22"; do
		# shellcheck disable=SC2086
		records $kind >r
		for format in text json; do
			for more in "" --processes; do
				rm -f live
				# shellcheck disable=SC2086
				"$fake" -q --device r -w c -o "$format:live" $more 2>/dev/null
				# shellcheck disable=SC2086
				"$fake" -q -r c -o "$format" $more >out 2>/dev/null
				cmp live out
				[ -s out ]
			done
		done
	done
	# Of itself it writes the capture and nothing else; from a pipe as from a file.
	records honest 2000 23 >r
	"$fake" -q --device r -o json 2>/dev/null | lasting >want
	"$O/fake-plain" --device r -w - 2>err | "$fake" -r - -o json 2>/dev/null | lasting >got
	cmp want got
	has err "events are in standard output"
	! runs_32 || { "$O/fake-m32" -q --device r -w - 2>/dev/null | "$fake" -r - -o json 2>/dev/null |
		lasting >got; cmp want got; }
	records typical 40 >r
	status 0 "$fake" --device r -w c
	empty out
	has err "40 events are in c"
}
replay_of_the_other_byte_order() {
	local kind
	for kind in "typical 1000" "honest 2000 31"; do
		# shellcheck disable=SC2086
		records $kind >r
		"$fake" -q --device r -w c 2>/dev/null
		captures swap <c >swapped
		! cmp -s c swapped
		"$fake" -q -r c -o json >want 2>/dev/null
		"$fake" -q -r swapped -o json >got 2>/dev/null
		cmp want got
	done
	captures addresses >c
	captures swap <c >swapped
	status 0 "$fake" -r c -o json
	mv out want
	status 0 "$fake" -r swapped -o json
	cmp want out
	has out '"nl_pid":66051' '"cid":66051,"port":1024' '"scope_id":66051' '"ifindex":-2' \
		'"j1939_name":17730434519136' '"psm":4097' '"queue_id":66051' '"sv":[5,6]' \
		'"count":66051' '"path":"/run/x"'
}
replay_filters_as_the_kernel() {
	records typical 600 >r
	"$fake" -q --device r -w c
	status 0 "$fake" -r c -e connect
	lines out 200
	[ "$(grep -c ' connect(' out)" = 200 ]
	status 0 "$fake" -r c --filter 'net 10.128/9 and port 443 and not pid 12345'
	has out ' connect('
	hasnt out '[12345]'
	status 0 "$fake" -r c -n 7
	lines out 7
	status 0 "$fake" -r c --failed
	empty out
	status 0 "$fake" -r c -r c --stats -n 1000
	has err "hits 600 = delivered 600 + queued 0"
	# Events that must be asked for are in the file if they were.
	captures addresses >c
	status 0 "$fake" -r c
	has out ' bind('
	status 2 "$fake" -r c -p 1 -f
	status 2 "$fake" -r c --filter 'descendant 1'
	has err "who descends from whom"
	status 2 "$fake" -r c -w d
	status 2 "$fake" -r c -- true
	status 2 "$fake" -w c --selftest
	status 2 "$fake" -w - -o json
}
facts_of_the_machine_are_in_it() {
	captures facts >c
	status 0 "$fake" -r c -o json
	has out '"cgroup_path":"/system.slice/nginx.service"' '"exe":"/usr/sbin/nginx","exe_source":"proc"'
	[ "$(grep -c nginx.service out)" = 2 ]
	[ "$(grep -c /usr/sbin/nginx out)" = 1 ] # the third block tells that it is gone
	hasnt out '"cgroup":99,"cgroup_path"'
	# Below a directory, whether or not it had calls of its own.
	status 0 "$fake" -r c --cgroup 5
	lines out 3
	status 0 "$fake" -r c --cgroup 99
	lines out 1
	# From within a pid namespace: its numbers, as its reader saw them.
	captures facts 4026532000 >c
	status 0 "$fake" -r c
	has out 'nginx[7@4711]'
	status 0 "$fake" -r c -p 7
	lines out 3
	status 0 "$fake" -r c -p 4711
	empty out
	# The machine's own ABI is no mark.
	status 0 "$fake" -r <(captures abi 2)
	has out '[x86_64] socket('
}
a_torn_capture_is_told() {
	local size at
	records honest 300 41 >r
	"$fake" -q --device r -w c 2>/dev/null
	"$fake" -q -r c -o json >want 2>/dev/null
	size=$(stat -c %s c)
	for ((at = 1; at < size; at += at < 400 ? 57 : 13309)); do
		head -c "$at" c >torn
		"$fake" -q -r torn -o json >out 2>err || true
		cmp -n "$(stat -c %s out)" want out
		if [ "$at" -lt 8 ]; then
			has err "torn: is no capture"
		elif [ "$at" -lt 88 ]; then
			has err "torn: ends within its header"
		else
			has err "torn: is torn"
		fi
	done
	# Of a killed reader: whole blocks, and no end.
	head -c $((size - 104)) c >torn
	status 0 "$fake" -q -r torn -o json
	cmp want out
	has err "torn: has no end"
	# Two, one behind the other.
	cat c c >two
	"$fake" -q -r two -o json >out 2>/dev/null
	cat want want | cmp - out
}
no_capture_is_refused() {
	records typical 3 >r
	status 1 "$fake" -r r
	has err "r: is no capture of socktrace-read -w"
	status 1 "$fake" -r ./none
	has err "./none: cannot open: No such file or directory"
	status 1 "$fake" -r .
	has err ".: cannot read: Is a directory"
	status 1 "$fake" -r /dev/null
	has err "is no capture"
	status 1 "$fake" -r <(captures header version=9)
	has err "is a capture of version 9, this reader knows version 1"
	status 1 "$fake" -r <(captures header abi=2)
	has err "has records of version 2 of the interface"
	status 1 "$fake" -r <(captures header stream=2 machine=mips64)
	has err "is of another kind of machine (mips64)"
	status 1 "$fake" -r <(captures header order=16909057)
	has err "unknown byte order"
	status 1 "$fake" --device r -w /nonexistent/c
	has err "cannot open /nonexistent/c: No such file or directory"
	status 1 "$fake" --device r -w /dev/full
	has err "cannot write /dev/full: No space left on device" "3 records were read but not written"
}
# Whatever a file holds: no crash, no wild access, no line that is none.
hostile_captures_do_no_harm() {
	records programs 150 51 >r
	"$fake" -q --device r -w c 2>/dev/null
	captures swap <c >d
	/usr/bin/python3 - "$fake" <<-'END'
		import json, random, subprocess, sys
		rng = random.Random(7)
		originals = [open(name, "rb").read() for name in ("c", "d")]
		for i in range(90):
		    data = bytearray(originals[i % 2])
		    for _ in range(rng.choice([1, 3, 30, 300])):
		        at = rng.randrange(88 if rng.random() < 0.8 else 8, len(data))
		        kind = rng.randrange(4)
		        if kind == 0:
		            data[at] ^= 1 << rng.randrange(8)
		        elif kind == 1:
		            data[at & ~3:(at & ~3) + 4] = rng.choice(
		                [b"\0\0\0\0", b"\xff" * 4, b"\0\0\x10\0", b"\0\x10\0\0"])
		        elif kind == 2 and rng.random() < 0.1:
		            del data[at:at + rng.choice([1, 8, 320])]
		        else:
		            data[at:at + 8] = rng.randbytes(8)
		    got = subprocess.run([sys.argv[1], "-r", "-", "-o", rng.choice(["json", "text"])],
		                         input=bytes(data), capture_output=True)
		    assert got.returncode in (0, 1), (i, got.returncode, got.stderr[-2000:])
		    assert b"Sanitizer" not in got.stderr and b"runtime error" not in got.stderr, got.stderr
		    for line in got.stdout.splitlines():
		        assert all(byte >= 32 for byte in line)
		for i in range(10):
		    data = b"\xd7socktrc" + rng.randbytes(rng.randrange(4000))
		    got = subprocess.run([sys.argv[1], "-r", "-"], input=data, capture_output=True)
		    assert got.returncode == 1 and not got.stdout, got
	END
}
captures_leak_nothing() {
	local check="valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=all
		--errors-for-leak-kinds=all"
	records programs 300 61 >r
	# shellcheck disable=SC2086
	{
		status 0 $check "$O/fake-plain" -q --device r -w c
		status 0 $check "$O/fake-plain" -q -r c -o json
		captures swap <c >d
		status 0 $check "$O/fake-plain" -q -r d --processes --filter 'path / or cgroup 7'
		head -c 20000 c >torn
		status 1 $check "$O/fake-plain" -q -r torn
	}
}
