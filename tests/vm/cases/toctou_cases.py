# SPDX-License-Identifier: GPL-2.0
"""The kernel's copy of a connect's address against what the caller's memory showed."""

import bisect
import contextlib
import ctypes
import mmap
import os
import socket
import struct
import subprocess
import tempfile

from lib import device, module
from lib.device import (
    ADDR_FAULT,
    ADDR_KERNEL,
    ADDR_MISMATCH,
    ADDR_NONE,
    ADDR_USER,
    CONNECT,
    EVENT,
    PAGE,
    TOCTOU_MATCH,
    TOCTOU_MISMATCH,
    TOCTOU_NONE,
    TOCTOU_UNCHECKED,
    TOCTOU_UNREADABLE,
    Session,
    libc,
)
from lib.proc import SLOW, Child, Program, wait_until
from lib.tap import Skip, case, check, equal

RACING = 10**5 if SLOW == 1 else 25000
QUIET = int(os.environ.get("SOCKTRACE_CONNECTS", 10**6 if SLOW == 1 else 10**5))
BATCH = 8000  # fit into a ring
PREEMPT = "/sys/kernel/debug/sched/preempt"
REAL_TIME = "/proc/sys/kernel/sched_rt_runtime_us"

# Of a hundred thousand records just some fields: their offset and form.
FIELDS = {
    **{"type": (2, "B"), "time_ns": (16, "Q"), "call_id": (40, "Q"), "addr_len": (170, "B")},
    **{"addr_source": (172, "B"), "toctou": (173, "B"), "addr": (192, "8s")},
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
def setting(path, value, before):
    """For the time of a `with`, a setting of the kernel's is another."""
    try:
        with open(path, "w", encoding="ascii") as file:
            file.write(value)
        yield
    finally:
        with open(path, "w", encoding="ascii") as file:
            file.write(before)


def preemptible():
    """Lets the kernel be preempted, where that can be chosen: races are frequent then."""
    module.mount_debugfs()
    if not os.path.exists(PREEMPT):
        return contextlib.nullcontext()
    with open(PREEMPT, encoding="ascii") as file:
        return setting(PREEMPT, "full", file.read().partition("(")[2].partition(")")[0])


def real_time_unlimited():
    """Else the kernel stops the racer, if it uses its share up, wherever it is."""
    with open(REAL_TIME, encoding="ascii") as file:
        return setting(REAL_TIME, "-1", file.read())


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
    with preemptible(), real_time_unlimited():
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
    equal(set(sources), {ADDR_KERNEL}, "sources")
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
    check(
        really > 100 or "PREEMPT" not in os.uname().version,
        "too few races for a test: %d",
        really,
    )
    wrong = [(c, v, t) for c, v, t in zip(call, verdict, truth) if v != t]
    equal(len(wrong), 0, f"verdict differs from the truth {wrong[:5]}")

    # Each has one record of its own, with the other address.
    equal(len(mismatches) // EVENT.size, really, "records of a mismatch")
    if not really:
        return
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


# ---- pages that are not there, lengths that no address has ----

ADDRESS = struct.pack("=H2s4s8x", socket.AF_INET, b"\0\7", bytes((127, 0, 0, 9)))
MATCHING = (0, ADDR_KERNEL, TOCTOU_MATCH, ADDRESS)
UNREADABLE = (0, ADDR_KERNEL, TOCTOU_UNREADABLE, ADDRESS)
FAULTY = (-14, ADDR_FAULT, TOCTOU_UNCHECKED, b"")
REFUSED = (-22, ADDR_NONE, TOCTOU_NONE, b"")

libc.connect.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
MADV_DONTNEED, MADV_PAGEOUT = 4, 21
MAP_FIXED = 0x10
PROT_NONE = 0


def connects(context, calls):
    """Of each connect that `calls(connect)` makes: result, source, verdict, address.

    connect(pointer, length) is one on a datagram socket.
    """

    def run():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            calls(lambda at, length=16, fd=sock.fileno(): libc.connect(fd, at, length))

    child = Child(context, run)
    with Session() as session:
        session.only(tgid=child.pid, events=1 << CONNECT | 1 << ADDR_MISMATCH).start()
        equal(child.go().wait(), 0, "the child's status")
        events = session.finish()
    equal({e.type for e in events}, {CONNECT}, "events")
    return [(e.ret, e.addr_source, e.toctou, e.addr) for e in events]


def pages(number=1, at=None):
    """New anonymous pages, at an address if one is given."""
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | (MAP_FIXED if at else 0)
    return libc.mmap(at, number * PAGE, mmap.PROT_READ | mmap.PROT_WRITE, flags, -1, 0)


def file_page(content, at=None):
    """A page of a file that begins so; it is not touched yet."""
    with tempfile.TemporaryFile() as file:
        file.write(content.ljust(PAGE, b"\0"))
        file.flush()
        flags = mmap.MAP_PRIVATE | (MAP_FIXED if at else 0)
        return libc.mmap(at, PAGE, mmap.PROT_READ | mmap.PROT_WRITE, flags, file.fileno(), 0)


def state(at):
    """Where a page of this process is: "resident", "swapped" or "nowhere"."""
    with open("/proc/self/pagemap", "rb") as file:
        entry = struct.unpack("=Q", os.pread(file.fileno(), 8, at // PAGE * 8))[0]
    return "resident" if entry >> 63 else "swapped" if entry >> 62 & 1 else "nowhere"


def there(at, expected):
    equal(state(at), expected, "the page")
    return at


@case("a page that was never touched is unreadable, and the address the kernel's", "toctou")
def _untouched(context):
    module.ensure()

    def calls(connect):
        at = file_page(ADDRESS)
        connect(there(at, "nowhere"))
        connect(there(at, "resident"))  # the kernel brought it in
        connect(there(pages(), "nowhere"))

    zeroes = (0, ADDR_KERNEL, TOCTOU_UNREADABLE, bytes(16))
    equal(connects(context, calls), [UNREADABLE, MATCHING, zeroes])


@case("a page that was dropped is unreadable, and the address the kernel's", "toctou")
def _dropped(context):
    module.ensure()

    def calls(connect):
        at = file_page(ADDRESS)
        equal(ctypes.string_at(at, 16), ADDRESS)
        connect(there(at, "resident"))
        libc.madvise(at, PAGE, MADV_DONTNEED)
        connect(there(at, "nowhere"))

    equal(connects(context, calls), [MATCHING, UNREADABLE])


@contextlib.contextmanager
def swap():
    """Somewhere to swap to: a compressed part of the memory."""
    block = "/sys/block/zram0"
    for name in ("lzo-rle", "zram"):
        if subprocess.run(["modprobe", name], capture_output=True, check=False).returncode:
            raise Skip(f"no module {name}")
    with open(f"{block}/disksize", "w", encoding="ascii") as file:
        file.write("16M")
    subprocess.run(["mkswap", "/dev/zram0"], capture_output=True, check=True)
    subprocess.run(["swapon", "/dev/zram0"], check=True)
    try:
        yield
    finally:
        subprocess.run(["swapoff", "/dev/zram0"], check=True)
        with open(f"{block}/reset", "w", encoding="ascii") as file:
            file.write("1")


@case("a page that was swapped out is unreadable, and the address the kernel's", "toctou")
def _swapped(context):
    module.ensure()
    context.enter_context(swap())

    def calls(connect):
        at = pages()
        ctypes.memmove(at, ADDRESS, 16)
        connect(there(at, "resident"))
        libc.madvise(at, PAGE, MADV_PAGEOUT)
        wait_until(lambda: state(at) == "swapped", "swapped")
        connect(at)
        connect(there(at, "resident"))

    equal(connects(context, calls), [MATCHING, UNREADABLE, MATCHING])


@case("an address that crosses pages is read if all of them are there", "toctou")
def _crossing(context):
    module.ensure()

    def crossing(second):
        """The address at the end of a page, its half in what follows."""
        first = pages(2)
        ctypes.memmove(first + PAGE - 8, ADDRESS, 16)
        second(first + PAGE)
        return first + PAGE - 8

    def calls(connect):
        connect(crossing(lambda page: None))
        connect(crossing(lambda page: file_page(ADDRESS[8:], page)))
        connect(crossing(lambda page: libc.munmap(page, PAGE)))
        connect(crossing(lambda page: libc.mprotect(page, PAGE, PROT_NONE)))
        with contextlib.closing(device.Pages()) as two:
            ctypes.memmove(two.end - 16, ADDRESS, 16)
            connect(two.end - 16)  # up to the last byte that is there

    expected = [MATCHING, UNREADABLE, FAULTY, FAULTY, MATCHING]
    equal(connects(context, calls), expected)


@case("every length: none, negative, half a family, a whole buffer, more than the kernel takes", "toctou")
def _lengths(context):
    module.ensure()
    family = struct.pack("=H", socket.AF_INET)
    table = {
        # The kernel reads it, and finds no family or not enough.
        0: REFUSED,
        1: REFUSED,
        2: (-22, ADDR_KERNEL, TOCTOU_MATCH, family),
        15: (-22, ADDR_KERNEL, TOCTOU_MATCH, ADDRESS[:15]),
        16: MATCHING,
        128: MATCHING,
        # It does not even read it.
        129: REFUSED,
        2**31 - 1: REFUSED,
        -1: REFUSED,
        -(2**31): REFUSED,
    }

    def calls(connect):
        at = pages()
        ctypes.memmove(at, ADDRESS, 16)
        for length in table:
            connect(at, length)

    got = dict(zip(table, connects(context, calls), strict=True))
    equal(got, table, "by length")


@case("a connect that ends before the kernel's check is unchecked, a bad length or not", "toctou")
def _before(context):
    module.ensure()

    def calls(connect):
        at = pages()
        ctypes.memmove(at, ADDRESS, 16)
        for fd in (-1, 9999):
            connect(at, fd=fd)
            connect(at, 0, fd)
            connect(at, 1, fd)
            connect(at, -1, fd)
            connect(1, 16, fd)

    bad = -9
    nothing = (bad, ADDR_NONE, TOCTOU_NONE, b"")
    user = (bad, ADDR_USER, TOCTOU_UNCHECKED, ADDRESS)
    fault = (bad, ADDR_FAULT, TOCTOU_UNCHECKED, b"")
    equal(connects(context, calls), [user, nothing, nothing, nothing, fault] * 2)


def without(context, *symbols):
    """The same module, but what it looks for is nowhere."""
    with open(module.path(), "rb") as file:
        data = file.read()
    for symbol in symbols:
        name = b"\0" + symbol + b"\0"
        check(name in data, "%s is not in the module", symbol)
        data = data.replace(name, name[:-3] + b"xx\0")
    other = "/tmp/socktrace-without.ko"
    with open(other, "wb") as file:
        file.write(data)
    context.callback(module.ensure)
    module.ensure(file=other)


def at_three_places(connect):
    at = file_page(ADDRESS)
    connect(there(at, "nowhere"))
    connect(there(at, "resident"))
    connect(at, 129)


WITHOUT = {
    "the hook": ((b"security_socket_connect",), UNREADABLE, MATCHING),
    "__sys_connect_file": ((b"__sys_connect_file",), UNREADABLE, MATCHING),
    "either": (
        (b"security_socket_connect", b"__sys_connect_file"),
        (0, ADDR_FAULT, TOCTOU_UNCHECKED, b""),
        (0, ADDR_USER, TOCTOU_UNCHECKED, ADDRESS),
    ),
}
for _what, _rest in WITHOUT.items():

    @case(f"on a kernel without {_what} the address is the kernel's, or unchecked", "toctou")
    def _without(context, symbols=_rest[0], verdicts=_rest[1:]):
        without(context, *symbols)
        equal(connects(context, at_three_places), [*verdicts, REFUSED])
