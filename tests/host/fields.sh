# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# --fields: some keys of the JSON. Sourced by run with reader.sh, whose helpers these
# tests use.

fields_are_those_of_the_whole_line() {
	records honest 900 91 >r
	"$fake" -q --device r -w c 2>/dev/null
	"$fake" -q -r c --processes -o json >whole 2>/dev/null
	/usr/bin/python3 - "$O/fake-plain" <<-'END'
		import json, random, subprocess, sys
		def run(*args):
		    return subprocess.run([sys.argv[1], "-q", "-r", "c", "--processes", "-o", "json", *args],
		                          capture_output=True, text=True).stdout.splitlines()
		names = subprocess.run([sys.argv[1], "-o", "json", "--fields", "?"], capture_output=True,
		                       text=True).stderr.split("(")[1].rstrip(")\n").split(", ")
		assert len(names) == 45
		whole = [json.loads(line) for line in open("whole")]
		# What comes with a key, or always.
		brings = {"exe": ["exe_source", "other_root"], "cmdline": ["cmdline_truncated"], "cgroup": ["cgroup_v1"],
		          "local": ["local_truncated"], "peer": ["peer_path_missed"]}
		always = ["return_missed", "entered_before", "outcome_missed", "late"]
		rng = random.Random(3)
		lists = [names, *([name] for name in names), *(rng.sample(names, 7) for _ in range(6))]
		seen = set()
		for some in lists:
		    keys = set(always + some + [key for name in some for key in brings.get(name, [])])
		    lines = run("--fields", ",".join(some))
		    assert len(lines) == len(whole)
		    for line, of in zip(lines, whole):
		        if of["event"] != "lost":
		            wanted = keys | ({"event"} if of["event"] == "process" else set())
		            of = {key: value for key, value in of.items() if key in wanted}
		        assert list(json.loads(line).items()) == list(of.items()), (some, line, of)
		        seen |= of.keys()
		# No process of these records is in a cgroup of this machine.
		assert seen >= set(names) - {"cgroup_path", "container"}, set(names) - seen
		assert run("--fields", ",".join(names)) == [line.rstrip("\n") for line in open("whole")]
	END
	for args in "--fields pid" "-o json --fields x" "-o json --fields pid,,tid" "-o json -c --fields pid"; do
		# shellcheck disable=SC2086
		status 2 "$fake" --device r $args
		one_line_error
	done
}
