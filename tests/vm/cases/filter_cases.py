# SPDX-License-Identifier: GPL-2.0
"""What filters let through: processes, families, the order of rules, swaps."""

import contextlib
import errno
import os
import socket
import threading
import time

from lib import device, module, proc
from lib.device import ACCEPT, ACCEPT4, CALLS, CONNECT, LOST, REJECT, SOCKET, Session, libc, rule
from lib.judge import judged, tag
from lib.proc import Blocked, Burst, Child
from lib.reading import Reader, check_law, given, lost, tiles, two_cpus, types_of
from lib.tap import case, check, equal

ANY_PORT = (0, 65535)


@case("a mask of events lets through just these", "filter")
def _mask(context):
    module.ensure()
    for kind in (SOCKET, CONNECT, ACCEPT4, device.LSM_CONNECT):
        session = context.enter_context(Session())
        burst = Burst(context, "mix", calls=60)
        session.only(tgid=burst.pid, events=1 << kind).start()
        burst.go().made()
        events = session.finish()
        equal(types_of(events), {kind: 20})
        check_law(session.stats(), events)


@case("tgid: only that process", "filter")
def _tgid(context):
    module.ensure()
    session = context.enter_context(Session())
    bursts = [Burst(context, calls=n) for n in (11, 13)]
    session.only(tgid=bursts[1].pid).start()
    for burst in bursts:
        burst.go().made()
    equal([e.tgid for e in session.finish()], [bursts[1].pid] * 13)


@case("tid: only that thread", "filter")
def _tid(context):
    module.ensure()
    session = context.enter_context(Session())

    def calls():
        thread = threading.Thread(target=lambda: [socket.socket().close() for _ in range(5)])
        thread.start()
        thread.join()
        for _ in range(3):
            socket.socket().close()

    child = Child(context, calls)
    everything = context.enter_context(Session())
    everything.only(tgid=child.pid).start()
    session.only(tid=child.pid).start()
    child.go().wait()
    equal([e.tid for e in session.finish()], [child.pid] * 3)
    equal(len(everything.finish()), 8, "calls of the process")


@case("ancestor: the process and all below it, orphans at a subreaper too", "filter")
def _ancestor(context):
    module.ensure()
    out = "/tmp/socktrace-tree"
    tree = Child(context, [str(proc.WORKLOAD / "tree"), "12"], output=out)
    other = Child(context, [str(proc.WORKLOAD / "tree"), "2"], output=f"{out}2")
    session = context.enter_context(Session())
    session.only(ancestor=tree.pid).start()
    equal((tree.go().wait(), other.go().wait()), (0, 0), "status")
    with open(out, encoding="ascii") as file:
        said = [line.split() for line in file]
    equal(len(said), 15, "processes")
    expected = sorted((int(pid), int(ppid)) for _, pid, ppid in said)
    events = session.finish()
    equal(sorted((e.tgid, e.ppid) for e in events), expected, "who was seen, and its parent")
    # The orphan's parent had ended: it is the subreaper's now.
    check((tree.pid in [int(ppid) for name, _, ppid in said if name == "orphan0"]), "%s", said)


@case("families: the domain, the socket's, or the address's", "filter")
def _families(context):
    module.ensure()

    def calls():
        for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX):
            with socket.socket(family) as sock, contextlib.suppress(OSError):
                where = "/nowhere" if family == socket.AF_UNIX else ("::1", 1)
                sock.connect(("127.0.0.1", 1) if family == socket.AF_INET else where)
            with socket.socket(family) as sock, contextlib.suppress(OSError):
                device.libc.accept4(sock.fileno(), None, None, 0)
        device.libc.socket(-1, 0, 0)
        device.libc.socket(70, 0, 0)
        address = device.ctypes.create_string_buffer(bytes([2]) + bytes(15))
        device.libc.connect(-1, address, 16)  # no socket, but an address
        device.libc.accept4(-1, None, None, 0)  # neither

    child = Child(context, calls)
    sessions = {}
    for families in ((1,), (2,), (10,), (1, 10), range(64)):
        sessions[tuple(families)] = context.enter_context(Session())
        sessions[tuple(families)].only(tgid=child.pid, families=families).start()
    equal(child.go().wait(), 0, "status")
    each = {SOCKET: 2, CONNECT: 1, ACCEPT4: 1}
    got = {families: types_of(session.finish()) for families, session in sessions.items()}
    equal(got[(1,)], each, "AF_UNIX")
    equal(got[(2,)], {**each, CONNECT: 2}, "AF_INET")
    equal(got[(10,)], each, "AF_INET6")
    equal(got[(1, 10)], {kind: 2 * n for kind, n in each.items()}, "AF_UNIX and AF_INET6")
    equal(got[tuple(range(64))], {SOCKET: 6, CONNECT: 4, ACCEPT4: 3}, "all")


@case("the first rule that matches decides, and the default where none does", "filter")
def _order(context):
    module.ensure()
    no_sockets = lambda pid: rule(REJECT, tgid=pid, events=1 << SOCKET)
    no_points = lambda pid: rule(REJECT, tgid=pid, events=1 << device.LSM_CONNECT)
    everything = lambda pid: rule(ACCEPT, tgid=pid)
    anybody = lambda pid: rule(REJECT, events=device.EVENTS_ALL)
    each = {SOCKET: 10, CONNECT: 10, ACCEPT4: 10}
    less = {CONNECT: 10, ACCEPT4: 10}
    for rules, default, expected in (
        ([no_points, no_sockets, everything], REJECT, less),
        ([no_points, everything, no_sockets], REJECT, each),
        ([everything], REJECT, {**each, device.LSM_CONNECT: 10}),
        ([anybody, everything], ACCEPT, {}),
        ([no_sockets, no_points], ACCEPT, less),
        ([no_sockets], REJECT, {}),
        ([], REJECT, {}),
    ):
        burst = Burst(context, "mix", calls=30)
        session = context.enter_context(Session())
        session.filter([make(burst.pid) for make in rules], default)
        session.start()
        burst.go().made()
        events = session.finish()
        equal(types_of([e for e in events if e.tgid == burst.pid]), expected)
        check_law(session.stats(), events)


@case("filters swapped under traffic: the law holds, nobody is told the wrong", "filter")
def _swap(context):
    module.ensure()
    session = context.enter_context(Session(records_per_cpu=256))
    bursts = [Burst(context, "mix", cpu=cpu) for cpu in two_cpus()]
    session.only(tgid=bursts[0].pid).start()
    reader = Reader(session, 64)
    for burst in bursts:
        burst.go()
    swaps = 0
    end = time.monotonic() + 1.0
    while swaps <= 20 or time.monotonic() < end:
        session.only(tgid=bursts[swaps % 2].pid)
        session.filter([rule(tgid=bursts[0].pid, events=1 << CONNECT)] * (1 + swaps % 64), REJECT)
        swaps += 1
    for burst in bursts:
        burst.made()
    session.stop()
    events = reader.result()
    context.diag(f"swaps: {swaps}, delivered: {given(events)}, lost: {lost(events)}")
    check(swaps > 20 and given(events) > 20)
    tiles(events)
    check_law(session.stats(), events)
    check({e.tgid for e in events if e.type != LOST} <= {b.pid for b in bursts})


@case("a rule about what a record does not have does not match, be it accept or reject", "filter")
def _no_fact(context):
    module.ensure()

    def calls():
        libc.socket(70, 0, 0)
        libc.accept4(-1, None, None, 0)
        libc.connect(-1, None, 0)

    conditions = {
        "remote net": {"remote_net": "::/0"},
        "remote port": {"remote_port": ANY_PORT},
        "local net": {"local_net": "::/0"},
        "local port": {"local_port": ANY_PORT},
        "path": {"path": b"/"},
        "abstract": {"path": b"\0"},
        "families": {"families": range(64)},  # socket()'s is 70
    }
    got = judged(context, calls, conditions)
    equal(got, {name: [] for name in conditions}, "accepted")

    child = Child(context, calls)
    sessions = {name: context.enter_context(Session(records_per_cpu=64)) for name in conditions}
    for name, session in sessions.items():
        session.filter([rule(REJECT, **conditions[name]), rule(tgid=child.pid)], REJECT)
        session.start()
    equal(child.go().wait(), 0, "the child's status")
    for name, session in sessions.items():
        equal(types_of(session.finish()), {SOCKET: 1, ACCEPT4: 1, CONNECT: 1}, f"not rejected by {name}")


@case("the last of 64 rules decides, where all before it are of a later fact", "filter")
def _sixty_four(context):
    module.ensure()

    def calls():
        with socket.socket(socket.AF_UNIX) as sock:
            tag(sock, "connect", "/nowhere")
            tag(sock, "connect", "/tmp/nowhere")

    child = Child(context, calls)
    session = context.enter_context(Session())
    others = [rule(REJECT, error=n, tgid=child.pid) for n in range(200, 263)]
    session.filter(others + [rule(path=b"/tmp", tgid=child.pid, events=CALLS)], REJECT)
    session.start()
    equal(child.go().wait(), 0, "the child's status")
    equal([e.addr[2:14] for e in session.finish()], [b"/tmp/nowhere"])


@case("order: a rule about the return does not give way to a later one about the entry", "filter")
def _order_of_facts(context):
    module.ensure()

    def calls():
        with socket.socket(socket.AF_UNIX) as sock:
            tag(sock, "connect", "/nowhere")
            libc.accept4(sock.fileno(), None, None, 0)

    child = Child(context, calls)
    pid = child.pid
    failed = {"failed": True, "tgid": pid}
    tables = {
        "all but failed": [rule(REJECT, **failed), rule(tgid=pid, events=CALLS)],
        "failed": [rule(**failed), rule(REJECT, tgid=pid, events=CALLS)],
        "all": [rule(tgid=pid, events=CALLS), rule(REJECT, **failed)],
        "failed or sockets, not ENOENT": [
            rule(REJECT, error=errno.ENOENT),
            rule(events=1 << SOCKET, tgid=pid),
            rule(**failed),
        ],
    }
    sessions = {}
    for name, rules in tables.items():
        sessions[name] = context.enter_context(Session(records_per_cpu=64))
        sessions[name].filter(rules, REJECT)
        sessions[name].start()
    equal(child.go().wait(), 0, "the child's status")
    got = {}
    for name, session in sessions.items():
        events = session.finish()
        check_law(session.stats(), events)
        got[name] = [e.type for e in events]
    equal(
        got,
        {
            "all but failed": [SOCKET],
            "failed": [CONNECT, ACCEPT4],
            "all": [SOCKET, CONNECT, ACCEPT4],
            "failed or sockets, not ENOENT": [SOCKET, ACCEPT4],
        },
    )


@case("what entry can reject takes no return instance; what it can't, does", "filter")
def _entry_rejects(context):
    module.ensure("maxactive=1")
    context.callback(module.ensure)
    threads = 30
    rejections = {
        "events": {"events": 1 << ACCEPT4},
        "uid": {"uid": (0, 0)},
        "comm": {"comm": b"blocked"},
        "comm prefix": {"comm_prefix": b"block"},
        "netns": {"netns": proc.namespace("net")},
        "mntns": {"mntns": proc.namespace("mnt")},
        "pidns": {"pidns": proc.namespace("pid")},
        "cgroup": {"cgroup": proc.cgroup_id()},
        "cgroup tree": {"cgroup_tree": os.stat(proc.cgroup_mount()).st_ino},
        "ancestor": {"ancestor": os.getpid()},
        "phases": {"phases": device.PHASE_EXIT},
    }
    with contextlib.ExitStack() as stack:
        sessions = {}
        for name, conditions in rejections.items():
            sessions[name] = stack.enter_context(Session(records_per_cpu=64))
            sessions[name].filter([rule(REJECT, **conditions)], ACCEPT)
            sessions[name].start()
        info = sessions["uid"].info()
        before = {t: p.missed for t, p in info.of_calls().items()}
        blocked = Blocked(context, threads).settle()
        after = {t: (p.missed - before[t], p.hits) for t, p in sessions["uid"].info().of_calls().items()}
        equal(after[ACCEPT4][0], 0, "missed")
        for name, session in sessions.items():
            stats = session.stats()
            check(stats.filtered >= threads, "filtered by %s: %d", name, stats.filtered)
            equal((stats.missed, stats.balance()), (0, 0), f"missed, balance of {name}")
        # Where a rule waits for the result, the only instance is soon gone.
        late = stack.enter_context(Session(records_per_cpu=64))
        late.filter([rule(REJECT, failed=True, events=1 << ACCEPT4)], ACCEPT)
        late.start()
        more = Blocked(context, threads).settle()
        equal(late.stats().missed, threads - 1, "missed where the result decides")
        for some in (blocked, more):
            equal(len(set(some.release(threads))), threads, "threads that returned")
        for name, session in sessions.items():
            session.stop()
            equal(session.stats().balance(), 0, f"balance of {name}")
        late.stop()
        equal(late.stats().balance(), 0, "balance")
