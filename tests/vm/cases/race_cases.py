# SPDX-License-Identifier: GPL-2.0
"""Another thread replaces a call's descriptor while the call is under way.

In a boot of its own, whose processors really run at the same time: see tests/vm/run.
There nobody may arm or disarm probes under traffic, so they stay armed to the end.
"""

import os
import struct

from law_cases import bursts_on_all, hits_of
from lib import device, module
from lib.device import ACCEPT4, ADDR_KERNEL, CONNECT, F_BY_DESCRIPTOR, F_PEERCRED, F_QUEUE, F_SOCK, Session
from lib.proc import Program
from lib.reading import Reader, check_law
from lib.tap import Skip, case, check, equal

TRIES = int(os.environ.get("SOCKTRACE_TRIES", "500"))

_keeper = []


def arm():
    """For this case, and all that come."""
    module.ensure()
    if not _keeper:
        _keeper.append(Session().only(tgid=1, events=device.EVENTS_ALL).start())


def run(context, what, family, event, tries=TRIES):
    """The records, what is true of the two sockets, and what the program said."""
    arm()
    program = Program(context, "swap", what, family, tries)
    ends = []
    for _ in range(2):
        inode, limit, *name = program.line()
        ends.append((int(inode), int(limit), bytes.fromhex("".join(name))))
    session = context.enter_context(Session(records_per_cpu=4 * tries))
    session.only(tgid=program.pid, events=1 << event).start()
    program.write()
    said = [line.split() for line in program.end().splitlines()]
    records = session.finish()
    equal(session.stats().balance(), 0, "balance")
    return records, ends, said, program.pid


def port(name):
    return struct.unpack_from("!H", name, 2)[0]


def accepts(context, family):
    records, (true, decoy), said, pid = run(context, "accept", family, ACCEPT4)
    equal(len(records), len(said), "accepts")
    swapped = sum(int(line[0]) for line in said)
    context.diag(f"accepts: {len(said)}, replaced in time to be looked up: {swapped}")
    if swapped < len(said) // 10:
        raise Skip("the decoy was seldom in its place in time: this would show nothing")
    wrong = []
    for e, (_, client) in zip(records, said):
        peer = bytes.fromhex(client)
        # A path's record ends with its NUL, as the name that the program got.
        if (e.addr, e.addr_source) != (peer, ADDR_KERNEL):
            wrong.append(f"peer {peer.hex()}: {e}")
        elif e.inode in (decoy[0], true[0]) or e.flags & (F_BY_DESCRIPTOR | F_SOCK) != F_SOCK:
            wrong.append(f"socket: {e}")
        elif (e.queue_limit, e.flags & F_QUEUE) != (true[1], F_QUEUE):
            wrong.append(f"queue: {e}")
        elif family == "unix" and (e.flags & F_PEERCRED, e.peer_pid) != (F_PEERCRED, pid):
            wrong.append(f"peer's process: {e}")
    equal(wrong, [], f"{len(wrong)} of {len(said)} are not true")


@case("the peer of an accept is the one that came, whoever replaces its descriptor: INET", "races")
def _inet(context):
    accepts(context, "inet")


@case("the peer of an accept is the one that came, whoever replaces its descriptor: INET6", "races")
def _inet6(context):
    accepts(context, "inet6")


@case("the peer of an accept is the one that came, whoever replaces its descriptor: UNIX", "races")
def _unix(context):
    accepts(context, "unix")


@case("an accept's queue is that of the listener that it was made on, whoever replaces that", "races")
def _listener(context):
    records, ends, _, _ = run(context, "listener", "inet", ACCEPT4)
    limits = {port(name): limit for _, limit, name in ends}
    used = {p: 0 for p in limits}
    for e in records:
        if e.ret < 0:
            continue
        check(not e.flags & F_BY_DESCRIPTOR and e.inode not in [end[0] for end in ends], "%s", e)
        used[port(e.local)] += 1
        equal((e.queue_limit, e.flags & F_QUEUE), (limits[port(e.local)], F_QUEUE), str(e))
    context.diag(f"accepts by port of the listener: {used}")
    check(len(records) >= TRIES, "records: %d", len(records))


@case("a connect's socket and own end are of one socket, whoever replaces its descriptor", "races")
def _connect(context):
    tries = 4 * TRIES  # it takes little time, for the swap too
    records, ends, _, _ = run(context, "connect", "inet", CONNECT, tries)
    equal(len(records), tries, "connects")
    inodes = {inode: port(name) for inode, _, name in ends}
    without = 0
    for e in records:
        check(not e.flags & F_BY_DESCRIPTOR, "%s", e)
        equal(e.addr_source, ADDR_KERNEL, str(e))
        if e.local:
            equal(port(e.local), inodes[e.inode], f"own end: {e}")
        else:
            without += e.inode in inodes
    context.diag(f"connects: {tries}, whose descriptor was replaced before their return: {without}")
    if not without:
        raise Skip("none was replaced in time: this shows nothing")


@case("calls on processors that run at once, more than the rings hold: the law is exact", "races")
def _law(context):
    arm()
    session = context.enter_context(Session(records_per_cpu=16))
    bursts = bursts_on_all(context, TRIES)
    session.filter([device.rule(device.REJECT, events=1 << device.SOCKET, tgid=bursts[0].pid)])
    session.start()
    reader = Reader(session, 4)
    for burst in bursts:
        burst.go()
    for burst in bursts:
        equal(burst.made(), 3 * TRIES, "calls made")
    session.stop()
    events = reader.result()
    stats = session.stats()
    context.diag(str(stats))
    check_law(stats, events)
    equal(stats.hits, hits_of(TRIES * len(bursts)), "hits, and calls made")
