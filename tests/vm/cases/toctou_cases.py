# SPDX-License-Identifier: GPL-2.0
"""The kernel's copy of a connect's address against what the caller's memory showed."""

import bisect
import contextlib
import os
import struct

from lib import device, module
from lib.device import ADDR_MISMATCH, ADDR_USER, CONNECT, EVENT, TOCTOU_MATCH, TOCTOU_MISMATCH, Session
from lib.proc import SLOW, Program
from lib.tap import case, check, equal

RACING = 10**5
QUIET = int(os.environ.get("SOCKTRACE_CONNECTS", 10**6 if SLOW == 1 else 10**5))
BATCH = 8000  # fit into a ring
PREEMPT = "/sys/kernel/debug/sched/preempt"

# Of a hundred thousand records just some fields: their offset and form.
FIELDS = {
    **{"type": (2, "B"), "time_ns": (16, "Q"), "call_id": (40, "Q"), "addr_len": (142, "B")},
    **{"addr_source": (144, "B"), "toctou": (145, "B"), "addr": (168, "8s")},
}


def columns(data, *names):
    """These fields, in the order of their offsets, of all records: a tuple of each."""
    form = "="
    at = 0
    for name in names:
        offset, kind = FIELDS[name]
        form += f"{offset - at}x{kind}"
        at = offset + struct.calcsize("=" + kind)
    return zip(*struct.iter_unpack(f"{form}{EVENT.size - at}x", data))


def drain(session):
    """All records that are queued now, as they are."""
    parts = []
    while session.stats().queued:
        parts.append(device.read(session.fd, BATCH * EVENT.size))
        check(isinstance(parts[-1], bytes), "read: %s", parts[-1])
    return b"".join(parts)


@contextlib.contextmanager
def preemptible():
    """Lets the kernel be preempted, where that can be chosen: races are frequent then."""
    module.mount_debugfs()
    if not os.path.exists(PREEMPT):
        yield
        return
    with open(PREEMPT, encoding="ascii") as file:
        before = file.read().partition("(")[2].partition(")")[0]
    try:
        with open(PREEMPT, "w", encoding="ascii") as file:
            file.write("full")
        yield
    finally:
        with open(PREEMPT, "w", encoding="ascii") as file:
            file.write(before)


class Race(Program):
    """Connects with a racer, or without; see workload/race.c.

    Two sessions look at it: `connects` and `mismatches` are their records.
    """

    def __init__(self, context, *argv):
        module.ensure()
        super().__init__(context, "race", *argv)
        equal(self.line(), ["ready"], "race")
        self.made = 0
        self.sessions = []
        for event in (CONNECT, ADDR_MISMATCH):
            session = context.enter_context(Session(records_per_cpu=BATCH))
            self.sessions.append(session.only(tgid=self.pid, events=1 << event).start())

    def batches(self, count):
        """Makes that many: the records of each batch, of both sessions."""
        while self.made < count:
            batch = min(BATCH, count - self.made)
            self.write(b"%d\n" % batch)
            equal(self.line(), ["made", str(batch)], "race")
            self.made += batch
            yield [drain(session) for session in self.sessions]

    def finish(self):
        """Ends it, and checks that no record is missing."""
        self.end()
        for session, name in zip(self.sessions, ("connects", "mismatches")):
            session.stop()
            stats = session.stats()
            lacking = (stats.balance(), stats.dropped, stats.missed, stats.queued)
            equal(lacking, (0, 0, 0, 0), f"{name}: the law's balance, dropped, missed, queued")
        equal(self.sessions[0].stats().delivered, self.made, "records of connects")


class RaceLog:
    """What the program itself knows, in columns: its connects, and every change."""

    def __init__(self, path, made):
        row = struct.Struct("=II8sI")
        with open(path, "rb") as file:
            connects = file.read(row.size * made)
            self.changes = [t for (t,) in struct.iter_unpack("=Q", file.read())]
        self.before, self.after, self.peer, self.heard = zip(*row.iter_unpack(connects))

    def last_byte(self, time_ns):
        """The address's last byte at a time."""
        return 1 + bisect.bisect_right(self.changes, time_ns) % 2


def raced(context, count, *options):
    """That many connects in a race: its log, all their records, all mismatches."""
    path = "/tmp/socktrace-race"
    with preemptible():
        race = Race(context, "-r", path, *options)
        connects, mismatches = map(b"".join, zip(*race.batches(count)))
        race.finish()
    return RaceLog(path, count), connects, mismatches


@case("every change of an address between entry and use is told, and no other", "toctou")
def _race(context):
    log, connects, mismatches = raced(context, RACING)
    entry, call, sources, verdict, addr = columns(
        connects, "time_ns", "call_id", "addr_source", "toctou", "addr"
    )
    equal(set(sources), {device.ADDR_KERNEL}, "sources")
    wrong = [(a, b) for a, b in zip(addr, log.peer) if a != b]
    equal(len(wrong), 0, f"recorded, but getpeername tells another {wrong[:5]}")
    wrong = [(a, b) for a, b in zip(addr, log.heard) if a[7] != b]
    equal(len(wrong), 0, f"recorded, but the other listener heard {wrong[:5]}")

    # The racer's clock says what was there at entry, getpeername what was used.
    truth = [
        TOCTOU_MATCH if log.last_byte(t) == peer[7] else TOCTOU_MISMATCH
        for t, peer in zip(entry, log.peer)
    ]
    unsure = sum(a != b for a, b in zip(log.before, log.after))
    really = truth.count(TOCTOU_MISMATCH)
    context.diag(
        f"connects {len(verdict)}, changes {len(log.changes)}, during {unsure} connects, "
        f"between entry and use {really}, told {verdict.count(TOCTOU_MISMATCH)}"
    )
    check(really > 100, "too few races for a test: %d", really)
    wrong = [(c, v, t) for c, v, t in zip(call, verdict, truth) if v != t]
    equal(len(wrong), 0, f"verdict differs from the truth {wrong[:5]}")

    # Each has one record of its own, with the other address.
    equal(len(mismatches) // EVENT.size, really, "records of a mismatch")
    kinds, calls, sources, copies = columns(mismatches, "type", "call_id", "addr_source", "addr")
    equal((set(kinds), set(sources)), ({ADDR_MISMATCH}, {ADDR_USER}), "types, sources")
    used = {c: a for c, v, a in zip(call, verdict, addr) if v == TOCTOU_MISMATCH}
    equal(len(calls), len(set(calls)), "calls with one mismatch")
    equal(set(calls), used.keys(), "calls with a mismatch")
    for number, copy in zip(calls, copies):
        other = used[number][:7] + bytes([used[number][7] ^ 3])
        equal(copy, other, f"the caller's copy of call {number}")


@case("a change of bytes behind the address is none of it", "toctou")
def _race_behind(context):
    log, connects, mismatches = raced(context, RACING // 4, "-b")
    unsure = sum(a != b for a, b in zip(log.before, log.after))
    context.diag(f"changes {len(log.changes)}, during {unsure} of {RACING // 4} connects")
    check(unsure > 100, "too few races for a test: %d", unsure)
    lengths, verdict, addr = columns(connects, "addr_len", "toctou", "addr")
    equal((set(lengths), set(verdict)), ({16}, {TOCTOU_MATCH}), "lengths, verdicts")
    equal(addr, log.peer, "addresses")
    equal(mismatches, b"", "mismatches")


@case("without a racer no mismatch is invented", "toctou")
def _quiet(context):
    race = Race(context, "-t", 4)
    matches = 0
    for connects, mismatches in race.batches(QUIET):
        matches += connects[FIELDS["toctou"][0] :: EVENT.size].count(TOCTOU_MATCH)
        equal(mismatches, b"", "mismatches")
    race.finish()
    context.diag(f"connects {race.made}, verdicts `match` {matches}")
    equal(matches, QUIET, "verdicts `match`")
