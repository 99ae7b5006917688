# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# --selftest, where there is no device that could see its calls. Sourced by run behind
# reader.sh, whose helpers these tests use.

# The calls are real, and the device has no record of them: that is a failure.
selftest_tells_what_is_not_seen() {
	local build builds=(san plain) rows
	: >r
	! runs_32 || builds+=(m32)
	for build in "${builds[@]}"; do
		FAKE_LOG=log status 1 "$O/fake-$build" --device r --selftest
		empty err
		has log "rule accept event all and descendant "
		head -n 1 out | grep -qE '^PATH +SYMBOL +RESULT +COMPARED$'
		grep -qE '^connect INET +__sys_connect +NOT SEEN$' out
		grep -qE '^accept, NULL +__sys_accept4 +NOT SEEN$' out
		# No row is more than not seen, and all could be driven or are not here.
		rows=$(grep -cE ' (NOT SEEN|(not in this kernel|NOT TRIED) .*)$' out)
		lines out $((rows + 2))
		hasnt out 'killed it'
		tail -n 1 out | grep -q ' NOT every path that this kernel has is seen.$'
		rm -f j
		status 1 "$O/fake-$build" --device r --selftest -o json:j
		empty out
		[ "$(wc -l <j)" = $((rows + 1)) ]
		/usr/bin/python3 - "$top/docs/socktrace-event.schema.json" <<-'END'
			import json, sys, jsonschema
			validator = jsonschema.Draft7Validator(json.load(open(sys.argv[1])))
			*rows, summary = [json.loads(line) for line in open("j")]
			for line in rows + [summary]:
			    validator.validate(line)
			assert summary["event"] == "selftest_summary" and summary["ok"] is False
			for result in ("seen", "not_seen", "wrong", "absent", "untried"):
			    assert summary[result] == sum(row["result"] == result for row in rows)
			assert len({row["path"] for row in rows}) == len(rows)
		END
	done
	runs_32 || return 0
	# That of 32 bits drives io_uring, too.
	status 1 "$O/fake-m32" --device r --selftest
	grep -qE '^io_uring accept +- +(NOT SEEN|not in this)' out
}
selftest_fails_in_words() {
	: >r
	FAKE_MUTED=1 status 1 "$fake" --device r --selftest
	has err "NO CALL WILL BE SEEN"
	has out "NOT SEEN"
	FAKE_START="no probe" status 1 "$fake" --device r --selftest
	one_line_error
	has err "r: no probe"
	FAKE_READ="went away" status 1 "$fake" --device r --selftest
	one_line_error
	has err "r: went away"
	status 1 "$real" --device ./none --selftest
	one_line_error
	has err "./none: not there"
	status 1 "$fake" --device r --selftest -o text:/dev/full
	one_line_error
	has err "cannot write /dev/full: No space left on device"
	printf '\2\0' >r
	status 1 "$fake" --device r --selftest
	has err "gave a broken record"
}
selftest_in_a_container() {
	unshare -pf --mount-proc true 2>/dev/null || { echo "SKIP no pid namespace can be made"; return; }
	: >r
	status 1 unshare -pf --mount-proc "$fake" --device r --selftest
	one_line_error
	has err "from the initial pid namespace only; in a container: docker/podman run --pid=host"
	empty out
}
# What a filter denies the reader others may have: nothing is claimed of it.
selftest_behind_seccomp() {
	local error
	[ "$(cat /proc/sys/kernel/io_uring_disabled 2>/dev/null)" != 2 ] ||
		{ echo "SKIP io_uring is switched off here"; return; }
	: >r
	for error in EPERM ENOSYS; do # docker's and podman's
		with_uring_denied $error
		grep -qE '^io_uring accept +(-|[a-z_]+) +NOT TRIED +io_uring is .*seccomp filter' out
	done
}
with_uring_denied() {
	status 1 /usr/bin/python3 - $1 "$fake" --device r --selftest <<-'END'
		import ctypes, errno, os, struct, sys
		# io_uring_setup: that error; all else as ever. NO_NEW_PRIVS, SECCOMP_MODE_FILTER
		code = b"".join(struct.pack("HBBI", *each) for each in (
		    (0x20, 0, 0, 0), (0x15, 0, 1, 425),
		    (0x06, 0, 0, 0x50000 | getattr(errno, sys.argv[1])), (0x06, 0, 0, 0x7FFF0000)))
		program = struct.pack("HxxxxxxP", 4, ctypes.cast(ctypes.c_char_p(code), ctypes.c_void_p).value)
		prctl = ctypes.CDLL(None, use_errno=True).prctl
		assert not prctl(38, 1, 0, 0, 0) and not prctl(22, 2, program, 0, 0), ctypes.get_errno()
		os.execv(sys.argv[2], sys.argv[2:])
	END
}
selftest_leaves_nothing_behind() {
	local delay got
	: >r
	"$O/fake-plain" --device r --selftest >out || true
	for delay in 0.005 0.01 0.02 0.03 0.05 5; do
		got=0
		timeout --preserve-status -s INT "$delay" "$O/fake-plain" --device r \
			--selftest >out 2>err || got=$?
		if [ "$got" = 130 ]; then # before it could care: it had not begun
			empty out && empty err
			continue
		fi
		# Broken off, it has no verdict to give.
		grep -q 'this kernel has is seen' out || has err "ended by a signal"
	done
	[ "$got" != 130 ]
	for dir in /tmp /run /dev/shm; do
		[ -z "$(find $dir -maxdepth 1 -name 'socktrace-selftest.*' -newer r 2>/dev/null)" ]
	done
}
