# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# How what other machines say is judged and recorded (tests/appliance): without them.
# Sourced by run behind reader.sh, whose helpers these tests use.

appliance=$top/tests/appliance

# A machine's output: 400 calls that socktrace-read told, and that strace saw.
told_calls() {
	/usr/bin/python3 - <<-'END'
		import json
		for number in range(400):
		    error = {"ret": -97, "error": "EAFNOSUPPORT"} if number % 2 else {"ret": 3}
		    args = {"domain": 17, "type": 3, "protocol": 768}
		    event = {"event": "socket", "phase": "exit", "tid": 7, "comm": "calls"}
		    print("socktrace:", json.dumps({**event, "args": args, **error}))
		    result = "-1 EAFNOSUPPORT (Address family not supported)" if number % 2 else "3"
		    print(f"strace.7: [  41] socket(0x11, 0x3, htons(0x3)) = {result}")
	END
	printf '%s\n' "socktrace: {\"event\":\"summary\"}" "ok 1 - the program" \
		"ok 2 - the kernel's log is clean" 1..2
}
a_machines_calls_are_compared_with_strace() {
	told_calls >told
	status 0 "$appliance/compare" arm64 <told
	lines out 4
	has out "ok 1 - calls are as strace saw them" "# events compared: 400, differences: 0" \
		"ok 2 - the kernel's log is clean"
	# Another result; a call that is not there; a program that failed.
	sed '1s/"ret": 3/"ret": 4/' told >other
	status 1 "$appliance/compare" arm64 <other
	has out "not ok 1 - calls" "# thread 7, call 0: result" "differences: 1"
	sed 799d told >other # the last that socktrace told
	status 1 "$appliance/compare" arm64 <other
	has out "# thread 7, call 399: not recorded: socket"
	sed 's/^ok 1/not ok 1/' told >other
	status 1 "$appliance/compare" arm64 <other
	has out "# the program failed"
	grep -v "the program" told >other
	status 1 "$appliance/compare" arm64 <other
}
# Big endian: htons() swaps nothing. mips: its errors have numbers of their own.
machines_have_their_own_numbers() {
	told_calls | sed 's/768/3/' >told
	status 1 "$appliance/compare" arm64 <told
	status 0 "$appliance/compare" s390 <told
	told_calls | sed 's/-97/-124/' >told
	status 1 "$appliance/compare" arm64 <told
	status 0 "$appliance/compare" mips <told
}
what_a_machine_said_is_recorded() {
	local row="| one | 6.1.0 | all 46 | yes | 2 of 2 | 407 calls | yes |"
	printf '%s\n' "# T" "" "| target | kernel |" "|---|---|" "| other | 1 |" "" "Behind." >table
	cat >tap <<-END
		# Linux 6.1.0 #1 SMP x
		ok 1 - kunit
		# Linux 6.1.0, socktrace 0.1.0: 46 seen, 4 not in this kernel. Every path that this kernel has is seen.
		ok 2 - selftest
		    ok 1 - law
		    ok 2 - filter
		ok 3 - check
		ok 4 - the kernel's log is clean
		# Linux 6.1.0 #1 SMP x
		ok 1 - calls are as strace saw them
		# events compared: 407, differences: 0
		ok 2 - the kernel's log is clean
	END
	"$appliance/record" one table <tap
	has table "$row" "| other | 1 |" "Behind."
	# A row that is there is replaced; one log that is not clean is enough.
	sed '8s/^/not /; /strace/s/^/not /' tap | "$appliance/record" one table
	has table "| one | 6.1.0 | all 46 | yes | 2 of 2 | **no** | **no** |"
	[ "$(grep -c '^| one' table)" = 1 ]
}
