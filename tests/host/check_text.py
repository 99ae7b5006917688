#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""check_text.py [--color] RECORDS TEXT: the reader's text against the records.

Whatever bytes a record holds, it is one line that begins with the time and its
own process, and the only control characters are those of the reader's colours.
"""
import re
import sys

import records

CALLS = {1: "socket", 2: "connect", 3: "accept4", 4: "security_socket_connect",
         5: "addr_mismatch", 6: "socketpair", 7: "connected", 8: "bind", 9: "listen"}


def main():
    color = sys.argv[1] == "--color"
    with open(sys.argv[-2], "rb") as file:
        data = file.read()
    with open(sys.argv[-1], "rb") as file:
        lines = file.read().decode("utf-8").split("\n")
    assert lines.pop() == "", "the last line has no newline"
    assert len(lines) * records.SIZE == len(data), "not one line for each record"
    colored = 0
    for number, line in enumerate(lines):
        ev = records.parse(data[number * records.SIZE:(number + 1) * records.SIZE])
        if color:
            line, found = re.subn("\x1b\\[(31|1;31|7|0)m", "", line)
            colored += found
        hostile = re.search(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]", line)
        assert not hostile, f"line {number} holds {hostile[0]!r}: {line!r}"
        stamp = r"[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6} "
        if ev["type"] == records.LOST:
            want = f"{stamp}!!! LOST {ev['lost'][0]} records on CPU {ev['cpu']} "
        else:
            task = str(ev["tgid"]) + ("" if ev["tid"] == ev["tgid"] else f"/{ev['tid']}")
            want = rf"{stamp}.*\[{task}\] +(\[[a-z0-9_]+\] )*{CALLS[ev['type']]}\("
        assert re.match(want, line), f"line {number} is not {want}: {line!r}"
        if ev["type"] == records.MISMATCH:
            assert "MISMATCH" in line, f"line {number} hides a mismatch"
        if records.has_result(ev) and -4095 <= ev["ret"] < 0:
            assert re.search(r" = (-1|\?) (E[A-Z0-9_]+|errno [0-9]+) <", line), line
        elif records.has_result(ev):
            assert f" = {ev['ret']} <" in line, line
    assert bool(colored) == color
    print(f"{len(lines)} lines")


if __name__ == "__main__":
    main()
