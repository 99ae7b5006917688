# SPDX-License-Identifier: GPL-2.0
"""hits = delivered + queued + filtered + dropped + missed + flushed, at every STOP.

And what was hit is what was called, where the case makes all the calls.
"""

import os
import signal

from lib import device, module, proc
from lib.device import ACCEPT, ACCEPT4, CALLS, CONNECT, REJECT, SOCKET, Session, rule
from lib.proc import Burst, Child
from lib.reading import Reader, check_law, given, lost, tiles
from lib.tap import Skip, case, check, equal

BOTH_PHASES = device.PHASE_ENTER | device.PHASE_EXIT
ENOENT = 2


def hits_of(turns, phases=device.PHASE_EXIT):
    """Records that `turns` of burst's mix are: three calls, one point in them."""
    return turns * (3 * bin(phases).count("1") + 1)


def bursts_on_all(context, turns=0, **options):
    """The mix of calls on each CPU; for ever, or so many turns of three calls."""
    return [
        Burst(context, "mix", calls=3 * turns, cpu=cpu, **options) for cpu in proc.online_cpus()
    ]


def balanced(session, what="the law's balance"):
    stats = session.stats()
    equal(stats.balance(), 0, f"{what} ({stats})")
    return stats


TABLES = {
    "all": lambda pids: [],
    "rejected at entry": lambda pids: [rule(REJECT, events=1 << SOCKET | 1 << ACCEPT4)],
    "all rejected at entry": lambda pids: [rule(REJECT, uid=(0, 0xFFFFFFFF))],
    "rejected at return": lambda pids: [rule(REJECT, failed=True)],
    "all rejected at return": lambda pids: [rule(REJECT, failed=True), rule(REJECT, ok=True)],
    "at entry and at return": lambda pids: [
        rule(REJECT, tgid=pids[0], events=1 << ACCEPT4),
        rule(REJECT, error=ENOENT),
        rule(REJECT, tgid=pids[-1], events=1 << SOCKET),
    ],
    "a path": lambda pids: [rule(path=b"/no"), rule(REJECT, events=CALLS)],
    "one process": lambda pids: [rule(REJECT, tgid=pids[0])],
    "its connects, both phases": lambda pids: [rule(REJECT, events=CALLS & ~(1 << CONNECT))],
    "nothing in 64 rules": lambda pids: [rule(tgid=1 + n % 2) for n in range(63)] + [rule(REJECT)],
}


@case("ten sessions of ten filters, more than they can hold: every call is in each one's law", "law")
def _ten(context):
    module.ensure()
    turns = 400
    bursts = bursts_on_all(context, turns)
    pids = [burst.pid for burst in bursts]
    sessions = {}
    for n, (name, rules) in enumerate(TABLES.items()):
        phases = BOTH_PHASES if n % 3 == 2 or "both" in name else device.PHASE_EXIT
        session = context.enter_context(Session(records_per_cpu=16 << n % 4, phases=phases))
        session.filter(rules(pids), ACCEPT)
        sessions[name] = (session.start(), phases)
    for burst in bursts:
        burst.go()
    for burst in bursts:
        equal(burst.made(), 3 * turns, "calls made")
    for name, (session, phases) in sessions.items():
        session.stop()
        stats = balanced(session, f"{name}: balance at STOP")
        equal(stats.hits, hits_of(turns * len(bursts), phases), f"{name}: hits, and calls made")
        events = session.drain()
        stats = session.stats()
        context.diag(f"{name}: {stats}")
        check_law(stats, events)
        equal(sum(tiles(events).values()), stats.delivered + stats.dropped, f"{name}: numbers")
        equal(stats.missed, 0, f"{name}: missed")
        if name.startswith("all rejected"):
            points = turns * len(bursts) if "return" in name else 0
            equal(stats.hits - stats.filtered, points, f"{name}: what was kept")
        if name == "nothing in 64 rules":
            equal(stats.filtered, stats.hits, f"{name}: filtered")


@case("STOP and START under overload: the law is exact at each STOP", "law")
def _stops(context):
    module.ensure()
    sessions = [
        context.enter_context(Session(records_per_cpu=16)),
        context.enter_context(Session(records_per_cpu=64, phases=BOTH_PHASES)),
    ]
    bursts = bursts_on_all(context)
    sessions[0].filter([rule(REJECT, events=1 << SOCKET), rule(REJECT, error=ENOENT)], ACCEPT)
    sessions[1].filter([rule(REJECT, failed=True), rule(REJECT, tgid=bursts[0].pid)], ACCEPT)
    # While it is started, a STOP leaves the probes armed; the last takes them away.
    # To arm under load takes half a minute each time where processors take turns.
    keeper = context.enter_context(Session())
    keeper.only(tgid=1).start()
    for burst in bursts:
        burst.go()
    taken = [[], []]
    for turn in range(9):
        if turn == 8:
            keeper.stop()
        for session in sessions:
            session.start()
        proc.wait_until(lambda: session.stats().hits > 100 * (turn + 1), "calls")
        if turn % 3 == 1:
            for session, events in zip(sessions, taken):
                events += session.read(7)
        for session in sessions[:: 1 if turn % 2 else -1]:
            session.stop()
            first = balanced(session, f"balance at STOP {turn}")
            equal(session.stats(), first, "what is counted after STOP")
        if turn % 3 == 2:
            sessions[0].flush()
            equal(balanced(sessions[0], "balance after FLUSH").queued, 0, "queued")
    for burst in bursts:
        burst.made()
    for session, events in zip(sessions, taken):
        events += session.drain()
        stats = balanced(session)
        context.diag(str(stats))
        check(min(stats.filtered, stats.dropped, stats.delivered) > 0, "not all happened: %s", stats)
        equal(stats.delivered, given(events), "delivered")
        equal(stats.queued, 0, "queued")
    check(sessions[0].stats().flushed > 0, "nothing was flushed")


@case("filters swapped under overload: no call is lost from the law", "law")
def _swaps(context):
    module.ensure()
    session = context.enter_context(Session(records_per_cpu=32))
    whole = context.enter_context(Session(records_per_cpu=16, phases=BOTH_PHASES))
    bursts = bursts_on_all(context)
    pids = [burst.pid for burst in bursts]
    session.start()
    whole.start()
    reader = Reader(session, 16)
    for burst in bursts:
        burst.go()
    swaps = 0
    tables = list(TABLES.values())
    while swaps < 2 * len(tables):
        session.filter(tables[swaps % len(tables)](pids), REJECT if swaps % 7 == 6 else ACCEPT)
        swaps += 1
    calls = sum(burst.made() for burst in bursts)
    session.stop()
    whole.stop()
    equal(calls % 3, 0, "whole turns")
    equal(balanced(session).hits, hits_of(calls // 3), "hits, and calls made")
    expected = hits_of(calls // 3, BOTH_PHASES)
    equal(balanced(whole).hits, expected, "hits of both phases, and calls made")
    events = reader.result()
    check_law(session.stats(), events)
    context.diag(f"{swaps} swaps in {calls} calls; {session.stats()}")


@case("a reader stopped by SIGSTOP, with rules that reject at entry and at return", "law")
def _sigstop(context):
    module.ensure()
    session = context.enter_context(Session(records_per_cpu=32, phases=BOTH_PHASES))
    turns = 300
    bursts = bursts_on_all(context, turns)
    session.filter([rule(REJECT, events=1 << SOCKET), rule(REJECT, error=ENOENT)], ACCEPT)
    session.start()

    def read_all():
        while session.read(5):
            pass

    child = Child(context, read_all).go()
    for burst in bursts:
        burst.go()
    proc.wait_until(lambda: session.stats().delivered, "a record that was read")
    os.kill(child.pid, signal.SIGSTOP)
    os.waitpid(child.pid, os.WUNTRACED)
    for burst in bursts:
        equal(burst.made(), 3 * turns, "calls made")
    session.stop()
    stats = balanced(session, "while it is stopped")
    equal(stats.hits, hits_of(turns * len(bursts), BOTH_PHASES), "hits, and calls made")
    check(stats.queued and stats.dropped, "not so much: %s", stats)
    os.kill(child.pid, signal.SIGCONT)
    equal(child.wait(), 0, "the reader's status")
    stats = balanced(session, "after it went on")
    context.diag(str(stats))
    equal((stats.queued, stats.lost_told), (0, stats.dropped), "queued, told of the lost")


@case("CPUs off and on under overload, with rules of both kinds: the law holds", "law")
def _cpus(context):
    module.ensure()
    switches = [f"/sys/devices/system/cpu/cpu{n}/online" for n in proc.online_cpus()[1:]]
    if not switches or not os.path.exists(switches[0]):
        raise Skip("no CPU can be switched off")

    def turn(switch, state):
        with open(switch, "w", encoding="ascii") as file:
            file.write(state)

    for switch in switches:
        context.callback(turn, switch, "1")
    tables = ("at entry and at return", "rejected at return", "rejected at entry")
    sessions = [
        context.enter_context(Session(records_per_cpu=16 << n, phases=(0, BOTH_PHASES)[n % 2]))
        for n in range(len(tables))
    ]
    burst = Burst(context, "mix", threads=4)
    for name, session in zip(tables, sessions):
        session.filter(TABLES[name]([burst.pid]), ACCEPT)
        session.start()
    burst.go()
    for switch in switches[:2]:
        for state in "01":
            turn(switch, state)
            before = sessions[0].stats().hits
            proc.wait_until(lambda: sessions[0].stats().hits > before + 50, "calls go on")
    turn(switches[0], "0")
    # One stops while a CPU is off that it has records of.
    sessions[1].stop()
    balanced(sessions[1], "balance with a CPU off")
    calls = burst.made()
    turn(switches[0], "1")
    equal(calls % 3, 0, "whole turns")
    for n, (name, session) in enumerate(zip(tables, sessions)):
        session.stop()
        stats = balanced(session, f"{name}: balance")
        if n != 1:
            equal(stats.hits, hits_of(calls // 3), f"{name}: hits, and calls made")
        check_law_drained(session, name)
    context.diag(f"{calls} calls; {sessions[0].stats()}")


def check_law_drained(session, what):
    events = session.drain()
    check_law(session.stats(), events)
    equal(sum(tiles(events).values()), given(events) + lost(events), f"{what}: numbers")
