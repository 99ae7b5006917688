# SPDX-License-Identifier: GPL-2.0
"""Accepts that were blocked since before a session began, and how each is counted once."""

import os
import socket

from lib import device, module
from lib.device import ACCEPT4, ADDR_KERNEL, F_ENTERED_BEFORE, Session
from lib.proc import Blocked, Child, blocked_threads, wait_until
from lib.tap import case, check, equal

ACCEPTS = 1 << ACCEPT4


def session_of(context, **conditions):
    session = context.enter_context(Session(events=ACCEPTS))
    return session.only(ancestor=os.getpid(), events=ACCEPTS, **conditions).start()


def stopped(session):
    session.stop()
    events = session.drain()
    equal(session.stats().balance(), 0, "balance")
    return events


def early(events):
    return sorted(e.tid for e in events if e.flags & F_ENTERED_BEFORE)


@case("40 accepts that wait before the session and 20 after its start: 60 are told", "early")
def _all(context):
    module.ensure()
    before = Blocked(context, 40).settle()
    session = session_of(context)
    after = Blocked(context, 20).settle()
    old, new = sorted(before.release(40)), sorted(after.release(20))
    events = stopped(session)
    equal(early(events), old, "entered before")
    equal(sorted(e.tid for e in events if e.phase == device.EXIT), new, "entered since")
    equal(len(events), 60, "records")
    equal(session.stats().hits, 60, "hits")
    for e in events:
        if not e.flags & F_ENTERED_BEFORE:
            continue
        equal((e.type, e.phase, e.tgid), (ACCEPT4, device.POINT, before.pid), str(e))
        equal((e.args, e.ret, e.duration_ns, e.call_id, e.via), ((-1, 0, 0), 0, 0, 0, 0), str(e))
        equal(e.abi, device.ABI_X86_64, str(e))
        equal((e.addr_source, e.addr[:2], e.addr[4:8]), (ADDR_KERNEL, b"\2\0", b"\x7f\0\0\1"), str(e))
        equal(e.local[:8], b"\2\0" + before.port.to_bytes(2, "big") + b"\x7f\0\0\1", str(e))
        check(e.flags & device.F_SOCK and e.inode and not e.flags & device.F_QUEUE, "%s", e)
        equal((e.sock_family, e.sock_type), (socket.AF_INET, socket.SOCK_STREAM), str(e))


@case("an accept that was refused at its entry is no second hit; to a later session it is one", "early")
def _refused(context):
    module.ensure()
    first = context.enter_context(Session(events=ACCEPTS))
    first.only(tgid=1, events=ACCEPTS).start()
    blocked = Blocked(context, 8).settle()
    hits = first.stats().hits
    second = session_of(context)
    third = session_of(context, failed=True)
    fourth = context.enter_context(Session(events=ACCEPTS))
    fourth.only(tgid=1, events=ACCEPTS).start()
    first.filter()  # what it refused it has counted
    tids = sorted(blocked.release(8))
    equal(early(stopped(second)), tids, "to the second")
    equal(early(stopped(third)), tids, "to one that asks for failures: nobody knows")
    equal((stopped(fourth), fourth.stats().filtered, fourth.stats().hits), ([], 8, 8), "to one that refuses them")
    events = [e for e in stopped(first) if e.tgid == blocked.pid]
    equal((events, first.stats().hits, hits >= 8), ([], hits, True), "the first")


@case("an accept that was missed at its entry is not told once more", "early")
def _missed(context):
    module.ensure("maxactive=2")
    context.callback(module.ensure)
    with Session(events=ACCEPTS) as first, Session(events=ACCEPTS) as second:
        first.only(ancestor=os.getpid(), events=ACCEPTS).start()
        blocked = Blocked(context, 6).settle()
        second.only(ancestor=os.getpid(), events=ACCEPTS).start()
        tids = blocked.release(6)
        told = stopped(first)
        missed = [e.tid for e in told if e.flags & device.F_RETURN_MISSED]
        whole = [e.tid for e in told if e.phase == device.EXIT]
        equal((len(missed), sorted(missed + whole)), (4, sorted(tids)), "the first")
        equal((first.stats().hits, first.stats().missed), (10, 4))
        told = stopped(second)
        equal(early(told), sorted(missed), "the second, of those that were missed")
        equal(sorted(e.tid for e in told if e.phase == device.EXIT), sorted(whole), "and of the others")


@case("AF_UNIX accepts that wait are told with who is at the other end", "early")
def _unix(context):
    module.ensure()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind("\0early")
    listener.listen(4)

    def accept_twice():
        for _ in range(2):
            listener.accept()

    child = Child(context, accept_twice).go()
    wait_until(lambda: blocked_threads(child.pid), "an accept that waits")
    session = session_of(context)
    for _ in range(2):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.connect("\0early")
    equal(child.wait(), 0, "status")
    one, two = stopped(session)
    equal((one.phase, one.flags & F_ENTERED_BEFORE, two.phase), (device.POINT, F_ENTERED_BEFORE, device.EXIT))
    equal((one.peer_pid, one.local[2:]), (os.getpid(), b"\0early"), str(one))
