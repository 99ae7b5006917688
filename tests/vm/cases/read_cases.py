# SPDX-License-Identifier: GPL-2.0
"""read() and its kin beyond one plain buffer: segments, faults, signals."""

import ctypes
import errno
import mmap
import os
import signal
import struct
import threading

from lib import device, module
from lib.device import EVENT, REJECT, Pages, Session, name_of, readv_at
from lib.proc import Burst, Child, sleeps_in, wait_until
from lib.reading import check_law
from lib.tap import SLOW, case, check, equal

SIZE = EVENT.size
READV, PREADV2 = 19, 327  # system calls
RWF_NOWAIT = 8


def twins(context, count):
    """A stopped session with that many records, and the bytes that it has to give."""
    module.ensure()
    plain, session = (context.enter_context(Session()) for _ in range(2))
    burst = Burst(context, calls=count)
    for s in (plain, session):
        s.only(tgid=burst.pid).start()
    equal(burst.go().made(), count)
    for s in (plain, session):
        s.stop()
    data = device.read(plain.fd, count * SIZE)
    equal(len(data), count * SIZE, "bytes")
    return session, data


class Segments:
    """Buffers for a readv(), of these sizes."""

    def __init__(self, *sizes):
        self.buffers = [ctypes.create_string_buffer(b"\xee" * size, max(size, 1)) for size in sizes]
        self.sizes = sizes

    def read(self, session, flags=0):
        """The bytes that a readv() gives, or the negative errno."""
        places = [(ctypes.addressof(b), size) for b, size in zip(self.buffers, self.sizes)]
        got = readv_at(session.fd, places, flags)
        if got < 0:
            return got
        data = b"".join(b.raw[:size] for b, size in zip(self.buffers, self.sizes))
        equal(data[got:].strip(b"\xee"), b"", "what is written behind the records")
        return data[:got]


def same(got, data, what):
    """Checks that these bytes were given; got may be an errno, too."""
    check(got == data, "%s: got %s, expected %d bytes", what, got if isinstance(got, int) else len(got), len(data))


def goes_on(session, data):
    """What was not given is still there, once, and the law holds."""
    same(device.read(session.fd, len(data) + SIZE), data, "what is left")
    stats = session.stats()
    equal((stats.balance(), stats.queued), (0, 0), str(stats))


@case("readv() gives what there is at once, whatever else its segments could take", "read")
def _no_wait(context):
    module.ensure()
    for sizes in ((SIZE, SIZE), (SIZE,) * 5, (100, SIZE - 100, SIZE), (2 * SIZE, 1, SIZE)):
        session = context.enter_context(Session())
        burst = Burst(context, calls=1)
        session.only(tgid=burst.pid).start()
        equal(burst.go().made(), 1)
        segments, got, tid = Segments(*sizes), [], []

        def read():
            tid.append(threading.get_native_id())
            got.append(segments.read(session))

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        wait_until(lambda: not reader.is_alive() or tid and sleeps_in(tid[0], READV), "readv()")
        waits = reader.is_alive()
        session.stop()
        reader.join()
        check(not waits, "it waits for more, with segments of %s", sizes)
        equal([event.tgid for event in device.parse(got[0])], [burst.pid], f"segments of {sizes}")
        check_law(session.stats(), device.parse(got[0]))


@case("whole records go across the bounds of segments", "read")
def _across(context):
    for sizes in (
        *((100, 540), (1,) * SIZE, (SIZE - 1, 1, SIZE), (2 * SIZE + 7, 3 * SIZE - 7), (0, SIZE, 0, SIZE)),
        *((300, 300, 300), (SIZE, 5, SIZE - 6), (1, 2 * SIZE, SIZE // 2), (7,) * 200, (SIZE,) * 9),
    ):
        session, data = twins(context, 6)
        whole = min(sum(sizes) // SIZE * SIZE, len(data))
        same(Segments(*sizes).read(session), data[:whole], f"segments of {sizes}")
        goes_on(session, data[whole:])


@case("readv() into less than a record in all: EINVAL", "read")
def _too_small(context):
    session, data = twins(context, 2)
    for sizes in ((1,), (100, 219), (SIZE - 1,), (1,) * (SIZE - 1), (0, 319, 0)):
        got = Segments(*sizes).read(session)
        equal(got, -errno.EINVAL, f"segments of {sizes}")
    goes_on(session, data)


@case("a fault within a record: what was whole before is given, and that record later", "read")
def _fault(context):
    pages = Pages()
    context.callback(pages.close)
    good = ctypes.create_string_buffer(4 * SIZE)
    at = ctypes.addressof(good)
    for name, whole, places in (
        ("half a record", 0, [(pages.end - 160, 4 * SIZE)]),
        ("one and a half", 1, [(pages.end - 480, 4 * SIZE)]),
        ("one byte short of two", 1, [(pages.end - 2 * SIZE + 1, 2 * SIZE)]),
        ("a segment that is not there", 0, [(pages.end, 2 * SIZE)]),
        ("such a one after a good one", 1, [(at, SIZE), (pages.end, SIZE)]),
        ("such a one after half a record", 0, [(at, 100), (pages.end, 2 * SIZE)]),
        ("such a one after one and a half", 1, [(at, SIZE), (at + SIZE, 160), (1, 160)]),
        ("a record in three parts, the last half there", 0, [(at, 100), (at + 100, 100), (pages.end - 60, SIZE)]),
        ("three records, the last in two parts", 2, [(at, 700), (pages.end - 20, 260)]),
    ):
        session, data = twins(context, 4)
        expected = whole * SIZE or -errno.EFAULT
        equal(readv_at(session.fd, places), expected, f"{name}: bytes")
        if places[0][0] == at:
            same(good.raw[: whole * SIZE], data[: whole * SIZE], f"{name}: what is whole")
        goes_on(session, data[whole * SIZE :])


@case("preadv2() with RWF_NOWAIT never waits", "read")
def _nowait(context):
    module.ensure()
    session = context.enter_context(Session())
    session.filter([], REJECT)
    session.start()
    got, tid = [], []

    def read():
        tid.append(threading.get_native_id())
        got.append(Segments(SIZE, SIZE).read(session, RWF_NOWAIT))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    wait_until(lambda: not reader.is_alive() or tid and sleeps_in(tid[0], PREADV2), "preadv2()")
    waits = reader.is_alive()
    session.stop()
    reader.join()
    check(not waits, "it waits")
    context.diag(name_of(-got[0]))
    check(-got[0] in (errno.EAGAIN, errno.EOPNOTSUPP), "%s", got)


# ---- a huge buffer ----


class Drain:
    """A child that reads more records at once than it can in a few milliseconds.

    It runs on this processor, and the case before it: so it is not done by the time
    that the case sees its first record.
    """

    def __init__(self, context, handler):
        module.ensure()
        self.session = context.enter_context(Session(records_per_cpu=int(65536 / SLOW)))
        self.records = self.session.info().records_per_cpu
        burst = Burst(context, calls=self.records, cpu=0)
        self.session.only(tgid=burst.pid).start()
        equal(burst.go().made(), self.records)
        equal(self.session.stats().queued, self.records, "queued")
        self.buffer = mmap.mmap(-1, (self.records + 1) * SIZE)
        self.result = mmap.mmap(-1, mmap.PAGESIZE)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self.buffer))

        def read():
            signal.signal(signal.SIGTERM, handler)
            got = device.read_at(self.session.fd, address, self.records * SIZE)
            self.result[:8] = struct.pack("=q", got)

        self.child = Child(context, read)
        context.callback(os.sched_setaffinity, 0, os.sched_getaffinity(0))
        context.callback(os.sched_setscheduler, 0, os.SCHED_OTHER, os.sched_param(0))
        os.sched_setaffinity(self.child.pid, {0})
        os.sched_setaffinity(0, {0})
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
        self.child.go()
        wait_until(lambda: self.buffer[0], "the first record")

    def got(self):
        """What its read() returned."""
        return struct.unpack("=q", self.result[:8])[0]

    def has_ended_early(self, context):
        """Its statistics, after it has ended with records left."""
        stats = self.session.stats()
        context.diag(f"{stats.delivered} of {self.records} records before its end")
        check(0 < stats.delivered < self.records, "%s", stats)
        equal((stats.hits, stats.balance()), (self.records, 0), str(stats))
        return stats


@case("a read() into a huge buffer ends with its killed process, records or not", "read")
def _killed(context):
    for number in (signal.SIGKILL, signal.SIGTERM):
        drain = Drain(context, signal.SIG_DFL)
        os.kill(drain.child.pid, number)
        equal(drain.child.wait(), -number, "status")
        stats = drain.has_ended_early(context)
        equal(len(drain.session.finish()), drain.records - stats.delivered, "records left")
        drain.session.close()


@case("a signal ends a read() into a huge buffer, which gives what it has", "read")
def _signalled(context):
    drain = Drain(context, lambda *_: None)
    os.kill(drain.child.pid, signal.SIGTERM)
    equal(drain.child.wait(), 0, "status")
    stats = drain.has_ended_early(context)
    equal(drain.got(), stats.delivered * SIZE, "bytes")
    events = device.parse(drain.buffer[: drain.got()]) + drain.session.finish()
    equal(len(events), drain.records, "records")
    equal([e.seq for e in events], list(range(drain.records)), "numbers")
