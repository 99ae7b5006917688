# SPDX-License-Identifier: GPL-2.0
"""Is what the programs of the demo did in the trace? verdict.py DIR PORT RELEASE

PORT is curl's own end of its connection, as curl told it.
"""

import json
import sys

HOME, PORT, RELEASE = sys.argv[1], int(sys.argv[2]), sys.argv[3]
WEB = {"ip": "127.0.0.1", "port": 8080}
CLIENT = {"ip": "127.0.0.1", "port": PORT}
NOBODY = {"ip": "127.0.0.1", "port": 1}

with open(HOME + "/all.json", encoding="utf-8") as file:
    lines = file.read().splitlines()
records = [json.loads(line) for line in lines]
events = [r for r in records if r["event"] != "lost"]
lost = sum(r["count"] for r in records if r["event"] == "lost")
missing = []


def want(what, **keys):
    """There is one event with all these keys; of a dict, with these keys in it."""

    def fits(event):
        for key, value in keys.items():
            have = event.get(key)
            if isinstance(value, dict):
                if not isinstance(have, dict) or not value.items() <= have.items():
                    return False
            elif have != value if not callable(value) else have is None or not value(have):
                return False
        return True

    found = [event for event in events if fits(event)]
    if not found:
        missing.append(what)
    return found[0] if found else None


def shown(name, text):
    """The live text of a program had this in it."""
    with open(f"{HOME}/{name}.txt", encoding="utf-8") as file:
        if text not in file.read():
            missing.append(f"{text!r} in the live text of {name}")


def good(ret):
    return ret >= 0


want("curl's socket", event="socket", comm="curl", family="AF_INET", type="SOCK_STREAM", ret=good)
want("curl's connect to the server", event="connect", comm="curl", addr=WEB, local=CLIENT)
accept = want(
    "the server's accept of curl", event="accept4", comm="python3", addr=CLIENT, local=WEB, ret=good
)
want("nc's connect to the UNIX socket", event="connect", comm="nc", ret=0, addr={"path": "web.sock"})
want("the server's accept there", event="accept4", local={"path": HOME + "/web.sock"}, ret=good)
want("the connect that nobody took", event="connect", comm="curl", addr=NOBODY)
shown("curl", "127.0.0.1:8080")
shown("nc", "web.sock")
shown("refused", "127.0.0.1:1}")
shown("server", f"127.0.0.1:{PORT}")
if lost:
    missing.append(f"{lost} lost records")

if accept:
    print(lines[records.index(accept)])
print()
for what in missing:
    print(f"demo: not in the trace: {what}")
programs = {event["pid"]: event["comm"] for event in events}.values()
names = ", ".join(sorted(set(programs)))
print(
    f"demo: {len(events)} events of {len(programs)} programs ({names}) "
    f"traced on Linux {RELEASE}, {lost} lost"
)
sys.exit(1 if missing else 0)
