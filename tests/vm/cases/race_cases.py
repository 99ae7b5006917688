# SPDX-License-Identifier: GPL-2.0
"""Descriptors that name another socket before the record is made.

They need processors that run at the same time: see --parallel of tests/vm/vm. There
probes may not be armed and disarmed under traffic, so they stay armed to the end.
"""

import dataclasses
import errno
import os
import signal
import socket

import connected_cases
from law_cases import balanced, bursts_on_all, hits_of
from lib import device, module
from lib.device import (
    ACCEPT4,
    ADDR_KERNEL,
    CONNECT,
    CONNECTED,
    F_BY_DESCRIPTOR,
    F_LATE,
    F_PEERCRED,
    F_QUEUE,
    F_SOCK,
    SOCKET,
    Session,
)
from lib.proc import Program
from lib.reading import Reader, check_law
from lib.tap import LIMIT_S, Skip, case, check, equal

TRIES = int(os.environ.get("SOCKTRACE_TRIES") or 1000)
BATCH = 500  # fit into a ring
ENOUGH = 5  # swapped ones: a case has shown something

_keeper = []


def armed():
    """Arms all probes, once for all cases."""
    module.ensure()
    if not _keeper:
        _keeper.append(Session().only(tgid=1, events=device.EVENTS_ALL).start())


def disarm():
    """Lets the module go: other cases may come, where this is no machine of our own."""
    while _keeper:
        _keeper.pop().close()


@dataclasses.dataclass
class Truth:
    """What workload/swap.c knows of one call."""

    peer: bytes
    local: bytes
    inode: int  # 0: unknown
    other: int  # the decoy's
    swapped: bool
    limit: int


def truth(line):
    peer, local, *numbers = line
    names = (b"" if name == "-" else bytes.fromhex(name) for name in (peer, local))
    inode, other, swapped, limit = map(int, numbers)
    return Truth(*names, inode, other, bool(swapped), limit)


def swapped(context, event, *argv):
    """Makes the calls: yields their records, each with the truth; counts them."""
    armed()
    program = Program(context, "swap", *argv)
    equal(program.line(), ["ready"], "swap")
    session = context.enter_context(Session(records_per_cpu=2 * BATCH))
    session.only(tgid=program.pid, events=1 << event).start()
    pairs = []
    bitten = 0
    # Where the swapper gets no processor, it may take longer until it bites.
    while len(pairs) < TRIES or bitten < ENOUGH and len(pairs) < 5 * TRIES:
        signal.alarm(LIMIT_S)  # for each batch anew: there may be many
        count = min(BATCH, max(TRIES - len(pairs), BATCH // 5))
        program.write(b"%d\n" % count)
        truths = [truth(program.line()) for _ in range(count)]
        equal(program.line(), ["made", str(count)], "swap")
        events = sorted(session.drain(), key=lambda e: e.time_ns)
        equal(len(events), count, "records")
        pairs += zip(events, truths)
        bitten += sum(t.swapped for t in truths)
    program.end()
    session.stop()
    stats = balanced(session)
    equal((stats.dropped, stats.missed, stats.queued), (0, 0, 0), "dropped, missed, queued")
    return program.pid, pairs


def wrong_of(context, pairs, faults):
    """Fails if one of the records has a fault; tells how many, and whether it bit."""
    wrong = [(e, t, found) for e, t in pairs if (found := faults(e, t))]
    bitten = sum(t.swapped for _, t in pairs)
    by_descriptor = sum(1 for e, _ in pairs if e.flags & F_BY_DESCRIPTOR)
    context.diag(
        f"{len(pairs)} tries, {bitten} swapped, {by_descriptor} by descriptor, {len(wrong)} wrong"
    )
    if wrong:
        check(False, "%d wrong; the first: %s: %s, %s", len(wrong), wrong[0][2], *wrong[0][:2])
    if not bitten:
        raise Skip("no descriptor was swapped: nothing was tried")


def wrong_inode(e, t):
    """Without the flag it is the true socket's, and in no case the decoy's."""
    if e.flags & F_BY_DESCRIPTOR:
        return []
    if not e.flags & F_SOCK:
        return ["no socket"]
    return ["inode"] if e.inode == t.other or t.inode and e.inode != t.inode else []


def accepted(context, key):
    pid, pairs = swapped(context, ACCEPT4, "accept", key)

    def faults(e, t):
        found = wrong_inode(e, t)
        if (e.addr_source, e.addr) != (ADDR_KERNEL, t.peer):
            found.append("peer")
        if e.local != t.local:
            found.append("local")
        if not e.flags & F_QUEUE or (e.queue_len, e.queue_limit) != (0, t.limit):
            found.append("queue")
        expected = (F_PEERCRED, pid, 0) if key == "unix" else (0, 0, 0)
        if (e.flags & F_PEERCRED, e.peer_pid, e.peer_uid) != expected:
            found.append("credentials")
        return found

    wrong_of(context, pairs, faults)


for _key in ("inet", "inet6", "unix"):
    case(f"accept's new descriptor swapped, {_key}: the record is of the connection", "races")(
        lambda context, key=_key: accepted(context, key)
    )


@case("accept's listener swapped: the queue is that of the one whose connection it was", "races")
def _listener(context):
    _, pairs = swapped(context, ACCEPT4, "listener", "inet")

    def faults(e, t):
        found = wrong_inode(e, t)
        if (e.addr_source, e.addr, e.local) != (ADDR_KERNEL, t.peer, t.local):
            found.append("names")
        by_kernel = e.flags & F_QUEUE and not e.flags & F_BY_DESCRIPTOR
        if by_kernel and (e.queue_len, e.queue_limit) != (0, t.limit):
            found.append("queue")
        return found

    wrong_of(context, pairs, faults)


@case("socket()'s new descriptor swapped: the record says that it is by descriptor", "races")
def _socket(context):
    _, pairs = swapped(context, SOCKET, "socket", "inet")
    wrong_of(
        context,
        pairs,
        lambda e, t: e.flags & (F_SOCK | F_BY_DESCRIPTOR) != F_SOCK | F_BY_DESCRIPTOR,
    )


@case("connect's descriptor swapped: the record is of the socket that was connected", "races")
def _connect(context):
    _, pairs = swapped(context, CONNECT, "connect", "inet")

    def faults(e, t):
        found = wrong_inode(e, t)
        if (e.addr_source, e.addr) != (ADDR_KERNEL, t.peer):
            found.append("peer")
        if not e.flags & F_BY_DESCRIPTOR and e.local not in (b"", t.local):
            found.append("local")
        return found

    wrong_of(context, pairs, faults)


def switch(on):
    """Of the kprobes that are ftrace's."""
    with open("/proc/sys/kernel/ftrace_enabled", "w", encoding="ascii") as file:
        file.write(str(int(on)))


def impatient(error, muted=False):
    """
    Connects of one CPU, whose errors another takes as soon as they are there; while
    they come, kprobes may be muted, which do not see them then.
    """
    connected_cases.network(5)
    cpus = sorted(os.sched_getaffinity(0))
    if error == errno.ECONNREFUSED:
        targets = [("127.0.0.1", connected_cases.free_port())] * 100
    elif error == errno.EHOSTUNREACH:
        connected_cases.nobody(retrans_time_ms=10, mcast_solicit=1)
        targets = [(f"10.8.0.{n}", 9) for n in range(2, 102)]
    else:
        connected_cases.hole()
        targets = [("10.9.0.2", 9)] * 5
    said = {}
    for target in targets:
        os.sched_setaffinity(0, cpus[:1])
        with socket.socket() as sock:
            sock.setblocking(False)
            if error == errno.ETIMEDOUT:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 10)
            sock.connect_ex(target)
            os.sched_setaffinity(0, cpus[-1:])
            if muted:
                switch(False)
            taken = 0
            while not taken:
                taken = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            said[connected_cases.inode(sock)] = taken
            if muted:
                switch(True)
    return said


@case("an error that the program takes the moment it is there is told all the same", "races")
def _taken(context):
    connected_cases.needs_delay()
    armed()
    # Elsewhere there are a few instructions between an error and its report.
    at_once = module.has_function("tcp_done_with_error")
    all_gone = 0
    for error in (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ETIMEDOUT):
        said, records, _ = connected_cases.traced(context, lambda: impatient(error))
        equal(set(said.values()), {error}, "the program")
        ends = connected_cases.of(records, CONNECTED)
        name = errno.errorcode[error]
        # These say themselves that the error may have been taken.
        gone = [e for e in ends if (e.ret, e.flags & F_LATE) == (-errno.ECANCELED, F_LATE)]
        wrong = [str(e) for e in ends if e.ret != -error and e not in gone]
        context.diag(f"{name}: {len(ends)} outcomes, {len(gone)} of them gone")
        all_gone += len(gone)
        check(not wrong, "%s: %d of %d wrong: %s", name, len(wrong), len(ends), wrong[:1])
        equal(sorted(str(e.inode) for e in ends), sorted(said), "sockets with an outcome")
    check(all_gone <= (0 if at_once else 20), "%d errors were not seen", all_gone)


@case("an error that was not seen as it came is told as gone, not as another", "races")
def _unseen(context):
    connected_cases.needs_delay()
    if not module.has_function("tcp_done_with_error"):
        raise Skip("here a reset is known by no other error's being seen")
    armed()
    context.callback(switch, True)
    try:
        switch(False)
    except OSError as failure:
        raise Skip(f"ftrace can't be switched off: {failure}") from failure
    switch(True)
    said, records, _ = connected_cases.traced(
        context, lambda: impatient(errno.EHOSTUNREACH, muted=True)
    )
    ends = connected_cases.of(records, CONNECTED)
    told = [(e.ret, e.flags & F_LATE) for e in ends]
    right, gone = told.count((-errno.EHOSTUNREACH, 0)), told.count((-errno.ECANCELED, F_LATE))
    context.diag(f"{len(said)} sockets: {right} told, {gone} gone")
    equal((len(told), right + gone), (len(said), len(said)), f"outcomes: {set(told)}")
    if not gone:
        raise Skip("each was seen: nothing was tried")


@case("calls on all processors at once, more than the rings hold: the law is exact", "races")
def _law(context):
    context.callback(disarm)  # the last case
    armed()
    turns = max(TRIES // 2, 100)
    session = context.enter_context(Session(records_per_cpu=16))
    bursts = bursts_on_all(context, turns)
    session.filter([device.rule(device.REJECT, events=1 << SOCKET, tgid=bursts[0].pid)])
    session.start()
    reader = Reader(session, 4)
    for burst in bursts:
        burst.go()
    for burst in bursts:
        equal(burst.made(), 3 * turns, "calls made")
    session.stop()
    events = reader.result()
    stats = session.stats()
    context.diag(str(stats))
    check_law(stats, events)
    equal(stats.hits, hits_of(turns * len(bursts)), "hits, and calls made")
