# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# -c: summaries. Sourced by run behind reader.sh, whose helpers these tests use.

summary_of_typical_records() {
	records typical 3000 >r
	status 0 "$fake" --device r -c
	empty err
	grep -qE '^EVENT +CALLS +ERRORS +MIN +MEDIAN +95 % +MAX$' out
	grep -qE '^connect +1000 +0( +0\.0000[0-9]{2}){4}$' out
	grep -qE '^ +1000( +0\.0000[0-9]{2}){4} EINPROGRESS     connect python3 > 10.128.3.77:443$' out
	grep -qE '^ +1000( +0\.0000[0-9]{2}){4} -               socket python3 > AF_INET$' out
	grep -qE ' accept4 python3 < 10\.0\.2\.15$' out
	# Of a capture it is the same.
	"$fake" -q --device r -w c
	mv out want
	status 0 "$fake" -r c -c
	cmp want out
	# Both at once: and the capture has all.
	status 0 "$fake" -q --device r -c -w d
	cmp want out
	[ "$("$fake" -q -r d | wc -l)" = 3000 ]
}
# The numbers, counted here a second time.
summary_counts_right() {
	local kind
	for kind in "typical 4000" "honest 4000 71"; do
		# shellcheck disable=SC2086
		records $kind >r
		rm -f lines
		"$fake" -q --device r -w c -o json:lines 2>/dev/null
		"$fake" -q -r c -c -o json >out 2>/dev/null
		/usr/bin/python3 - "$top/docs/socktrace-event.schema.json" <<-'END'
			import collections, json, sys, jsonschema
			validator = jsonschema.Draft7Validator(json.load(open(sys.argv[1])))
			times, total, lost = collections.defaultdict(list), 0, 0
			by_event = collections.Counter()
			for line in map(json.loads, open("lines")):
			    if line["event"] == "lost":
			        lost += line["count"]
			    elif line["phase"] != "enter":
			        by_event[line["event"]] += 1
			        if "duration_ns" in line:
			            times[line["event"], line.get("error")].append(line["duration_ns"])
			got = collections.defaultdict(list)
			rows = [json.loads(line) for line in open("out")]
			for row in rows[:200] + rows[-20:]:
			    validator.validate(row)
			end = rows[-1]
			assert end["event"] == "summary_end" and end["count"] == sum(by_event.values())
			assert end["lost"] == lost % 2**64 and end["folded"] == 0
			counts = [row["count"] for row in rows if row["event"] == "summary"]
			assert counts == sorted(counts, reverse=True) and sum(counts) == end["count"]
			for row in rows:
			    if row["event"] == "summary_event":
			        assert row["count"] == by_event.pop(row["name"])
			        have = sorted(d for (event, _), some in times.items() if event == row["name"] for d in some)
			        assert bool(have) == ("min_ns" in row)
			        if have:
			            assert (row["min_ns"], row["max_ns"]) == (have[0], have[-1])
			            for key, of in (("median_ns", 500), ("p95_ns", 950)):
			                exact = have[-(-len(have) * of // 1000) - 1]
			                beyond = exact > 2**38 # hostile durations: of those the longest is told
			                assert beyond or abs(row[key] - exact) <= max(exact * 0.07, 64), (row, exact)
			    elif row["event"] == "summary" and "min_ns" in row:
			        got[row["name"], row.get("error")].append(row)
			assert not by_event
			for key, some in got.items():
			    if key[1] and key[1].isdigit():
			        continue # beyond the kernel's errors all are one
			    assert sum(row["count"] for row in some) == len(times[key]), key
			    assert min(row["min_ns"] for row in some) == min(times[key])
		END
	done
}
summary_folds_what_is_rare() {
	/usr/bin/python3 - "$here" >r <<-'END'
		import sys; sys.path.insert(0, sys.argv[1]); import records as r
		call = dict(r.PROCESS, type=r.CONNECT, phase=r.EXIT, flags=r.F_SOCK, sock_family=2, addr_source=1)
		out = sys.stdout.buffer.write
		for i in range(20000):
		    out(r.record(addr=r.inet(f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}", 80), duration_ns=i, **call))
		    if i % 4 == 0:
		        out(r.record(addr=r.inet("192.0.2.1", 443), duration_ns=5, **call))
	END
	status 0 "$O/fake-plain" --device r -c -o json
	/usr/bin/python3 - <<-'END'
		import json
		rows = [json.loads(line) for line in open("out")]
		end = rows[-1]
		rows = [row for row in rows if row["event"] == "summary"]
		# The frequent one is right, and all that is not there was counted.
		assert rows[0]["to"] == "192.0.2.1:443" and rows[0]["count"] == 5000
		assert len(rows) <= 4096 and end["count"] == 25000
		assert sum(row["count"] for row in rows) + end["folded"] == 25000
		assert end["folded"] == end["folded_rows"] == 20000 - (len(rows) - 1)
		assert 1 <= end["folded_most"] <= 12
	END
	status 0 "$O/fake-plain" --device r -c
	grep -qE ' more rows, which -o json has$' out
	grep -qE ' in [0-9]+ rows that were folded: any above may lack up to [0-9]+$' out
	[ "$(wc -l <out)" -lt 65 ]
}
summary_now_and_then() {
	live "$O/fake-plain" -c --every 1 -o json
	records typical 30 >&9
	soon grep -q '"event":"summary_end","count":30' out
	records typical 12 >&9
	soon grep -q '"event":"summary_end","count":12' out
	# While nothing comes, that is told, too.
	soon grep -q '"event":"summary_end","count":0' out
	kill -TERM "$pid"
	ends_with 0
	for args in "--every 1" "-c --processes" "-c --columns pid" "-c --inflight" "-c --every 0"; do
		# shellcheck disable=SC2086
		status 2 "$fake" --device r $args
		one_line_error
	done
}
summary_of_hostile_records() {
	records programs 3000 81 >r
	status 0 "$fake" --device r -c
	! LC_ALL=C grep -q '[[:cntrl:]]' out
	valgrind -q --error-exitcode=99 --leak-check=full "$O/fake-plain" -q --device r -c -o json:j
}
# On a terminal each is drawn over the one before, and fits; elsewhere --top is --every.
summary_is_redrawn() {
	mkfifo dev
	/usr/bin/python3 - "$here" >many <<-'END'
		import sys; sys.path.insert(0, sys.argv[1]); import records as r
		for i in range(12): # written to a pipe as one
		    sys.stdout.buffer.write(r.record(**dict(r.PROCESS, type=r.SOCKET, phase=r.EXIT, ret=-1 - i // 2,
		        arg0=2 + i % 2, comm="例子".encode() * 2)))
	END
	records typical 12 >few
	PYTHONPATH=$here /usr/bin/python3 - "$O/fake-plain" <<-'END'
		import os, re, signal, sys
		from terminal import Screen, rest, start
		feed = os.open("dev", os.O_RDWR)
		def top(lines, columns, *argv, term="xterm"):
		    pid, fd = start(columns, sys.argv[1], *argv, lines=lines, TERM=term, LC_ALL="C.UTF-8")
		    return pid, fd, Screen(lines, columns)
		def until(fd, screen, what, drawn=True):
		    while not any(re.search(what, line) for line in (screen.drawn if drawn else screen.shown)):
		        screen.put(os.read(fd, 65536))
		    return screen.drawn
		for lines, columns in ((14, 80), (9, 40)):
		    pid, fd, screen = top(lines, columns, "--device", "dev", "--top", "1")
		    until(fd, screen, "tracing", drawn=False)
		    screen.overlong = False # that was the banner
		    os.write(feed, open("many", "rb").read())
		    shown = until(fd, screen, r"^..:..:.. to ..:..:..: 12 c")
		    assert shown[2].startswith("EVENT "), shown
		    assert not screen.overlong and shown[lines - 1] == "", shown
		    assert "tracing" in screen.gone # by scrolling: nobody misses a warning
		    assert any("more rows" in line for line in shown)
		    screen.drawn = []
		    os.write(feed, open("few", "rb").read())
		    shown = until(fd, screen, ": 12 c")
		    # Who to whom finds room, and nothing is left of the longer one.
		    assert columns < 80 or any("connect python3 > 10.128.3.77:443" in line for line in shown), shown
		    assert columns < 80 or shown[0][20:] == ": 12 calls, 0 failed; Ctrl-C ends", shown
		    assert not any("例" in line for line in shown), shown
		    os.write(feed, open("few", "rb").read())
		    os.kill(pid, signal.SIGINT)
		    screen.put(rest(pid, fd))
		    assert ": 12 c" in screen.shown[0] or ": 0 c" in screen.shown[0], screen.shown
		# A terminal that can't, and who ends before the first.
		pid, fd, screen = top(24, 80, "--device", "dev", "--top", "1", term="dumb")
		until(fd, screen, "tracing", drawn=False)
		os.write(feed, open("few", "rb").read())
		until(fd, screen, "^EVENT", drawn=False)
		os.kill(pid, signal.SIGINT)
		assert b"\033" not in rest(pid, fd)
		pid, fd, screen = top(24, 80, "--device", "dev", "--top", "1000", "-n", "12")
		os.write(feed, open("few", "rb").read())
		screen.put(rest(pid, fd))
		assert ": 12 calls" in screen.shown[0]
	END
	status 0 "$O/fake-plain" --device few --top 1
	"$O/fake-plain" --device few -c >want
	cmp want out
	status 2 "$fake" --device few --top 0
	one_line_error
	has err "--top: '0' is no number from 1 to"
}
