# SPDX-License-Identifier: GPL-2.0
"""A reader in a thread, and what must be true of what a session gave."""

import threading

from lib import proc
from lib.device import LOST
from lib.tap import Skip, check, equal


class Reader(threading.Thread):
    """Reads to the end of file, `records` at a time."""

    def __init__(self, session, records=64):
        super().__init__(daemon=True)
        self.session = session
        self.records = records
        self.events = []
        self.error = None
        self.start()

    def run(self):
        try:
            while True:
                got = self.session.read(self.records)
                if not got:
                    return
                self.events += got
        except OSError as error:
            self.error = error

    def result(self):
        self.join(30)
        if self.is_alive():
            raise TimeoutError("no end of file")
        if self.error:
            raise self.error
        return self.events


def keys(events):
    return [(e.call_id, e.type, e.phase) for e in events]


def tiles(events, what=""):
    """Checks that numbers and losses follow each other; numbers given per CPU."""
    made = {}
    for e in events:
        equal(e.seq, made.get(e.cpu, 0), f"{what}number on CPU {e.cpu} ({e})")
        count = e.lost[0] if e.type == LOST else 1
        check(count > 0, "a loss of nothing")
        made[e.cpu] = e.seq + count
    return made


def lost(events):
    return sum(e.lost[0] for e in events if e.type == LOST)


def given(events):
    return sum(1 for e in events if e.type != LOST)


def check_law(stats, events):
    """The statistics of a stopped and drained session, against what it gave."""
    equal(stats.balance(), 0, f"the law's balance ({stats})")
    equal(stats.queued, 0, "queued")
    equal(stats.delivered, given(events), "delivered")
    equal(stats.dropped, lost(events), "dropped, against LOST records")
    equal(stats.lost_told, stats.dropped, "told of the lost")


def two_cpus():
    cpus = proc.online_cpus()
    if len(cpus) < 2:
        raise Skip("one CPU only")
    return cpus[:2]


def types_of(events):
    return {e.type: sum(1 for f in events if f.type == e.type) for e in events}
