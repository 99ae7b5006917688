# SPDX-License-Identifier: GPL-2.0
"""What rules make of the calls of a process that the case knows."""

import contextlib
import json
import os
import socket

from lib import module
from lib.device import Session, libc
from lib.proc import Child
from lib.reading import check_law
from lib.tap import equal


def judged(context, calls, wanted, setup=None, phases=0):
    """Runs `calls` in a child under sessions of one rule each: {name: records}.

    `wanted` gives the rules' conditions by name, if need be from what `setup`
    returned in the child. All are about the child's family, and by default
    about calls only.
    """
    module.ensure()
    up, told = os.pipe()
    gate, go = os.pipe()

    def run():
        result = setup() if setup else None
        os.write(told, json.dumps(result).encode())
        os.read(gate, 1)
        return calls()

    child = Child(context, run).go()
    os.close(told)
    result = json.loads(os.read(up, 4096))
    sessions = {}
    for name, conditions in (wanted(result) if callable(wanted) else wanted).items():
        session = context.enter_context(Session(records_per_cpu=256, phases=phases))
        sessions[name] = session.only(ancestor=child.pid, **conditions).start()
    os.write(go, b"g")
    equal(child.wait(), 0, "the child's status")
    for fd in (up, gate, go):
        os.close(fd)
    got = {}
    for name, session in sessions.items():
        got[name] = session.finish()
        check_law(session.stats(), got[name])
        session.close()
    return got


def mark(number):
    """A call that is known by its argument."""
    libc.socket(socket.AF_UNIX, socket.SOCK_STREAM, number)


def marks(got):
    return {name: [e.args[2] for e in events] for name, events in got.items()}


def tag(sock, call, *args):
    """A call on a socket, which may fail."""
    with contextlib.suppress(OSError):
        return getattr(sock, call)(*args)
