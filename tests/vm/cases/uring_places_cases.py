# SPDX-License-Identifier: GPL-2.0
"""io_uring's work is recorded wherever a task does it: workload/uring_places.c."""

import collections
import errno
import functools
import os

from lib import device, module
from lib.abis import takes_x32
from lib.device import ACCEPT4, CONNECT, SOCKET, Session
from lib.proc import Program
from lib.tap import Skip, case, check, equal

NOBODY = 65534
TRIES = int(os.environ.get("SOCKTRACE_TRIES") or 40)  # of each kind, at each place
EVENTS = {"accept4": ACCEPT4, "connect": CONNECT, "socket": SOCKET}
# What is done in no call has no ABI.
NATIVE = {0, device.ABI_X86_64}


def traced(context, place, tries, events=device.CALLS):
    """The program's lines, as lists of words, and the records of what it did."""
    if module.kernel() < (5, 19):
        raise Skip("its io_uring makes no sockets, and can't be told not to interrupt")
    module.ensure()
    program = Program(context, "uring_places", "-n", tries, place)
    equal(program.line(), ["ready"], "what it says")
    room = 1 << max(1024, 4 * tries).bit_length()
    session = context.enter_context(Session(records_per_cpu=room))
    session.only(tgid=program.pid, events=events).start()
    program.write()
    done = [line.split() for line in program.end().splitlines()]
    records = session.finish()
    stats = session.stats()
    equal((stats.balance(), stats.dropped, stats.missed), (0, 0, 0), "balance, dropped, missed")
    return program, done, records


def port(event):
    return int.from_bytes(event.addr[2:4], "big")


def compare(context, done, records):
    """Counts what is recorded of each operation, by its kind and its socket or port."""
    made = collections.Counter((EVENTS[name], int(which)) for name, _, which in done)
    told = collections.Counter(
        (e.type, port(e) if e.type == CONNECT else e.inode) for e in records
    )
    for name, kind in EVENTS.items():
        mine, theirs = (
            collections.Counter({k: n for k, n in all_of_it.items() if k[0] == kind})
            for all_of_it in (made, told)
        )
        context.diag(
            f"{name}: {sum(mine.values())} operations, {sum(theirs.values())} records, "
            f"{sum((mine - theirs).values())} missing, {sum((theirs - mine).values())} double"
        )
    equal(sum((made - told).values()), 0, "missing")
    equal(sum((told - made).values()), 0, "double")


def at_place(place, abis, context):
    if place == "no-number" and takes_x32():
        raise Skip("the numbers that are no call's are those of x32, which this kernel takes")
    program, done, records = traced(context, place, TRIES)
    equal(collections.Counter(line[0] for line in done), dict.fromkeys(EVENTS, TRIES), "done")
    equal({line[1] for line in done}, {"0"}, "results")
    by_abi = collections.Counter(e.abi for e in records)
    context.diag(f"records by ABI: {dict(by_abi)}")
    # What is told of a call that was none is via it, and has no socket of ours.
    equal({e.via for e in records} - {device.VIA_IO_URING}, set(), "by other ways")
    compare(context, done, records)
    for e in records:
        equal((e.tgid, e.tid, e.uid, e.ret), (program.pid, program.pid, NOBODY, 0), f"whose: {e}")
    check(by_abi.keys() <= abis, "ABIs: %s", by_abi)
    if place == "interrupt":
        # Else the work was not done there: but for a page fault it is in no call.
        check(by_abi[0] > len(done) / 2, "ABIs: %s", by_abi)


for _place, _abis, _where in (
    ("enter", NATIVE, "in io_uring_enter()"),
    ("interrupt", NATIVE, "as an interrupt ends, and is not of x32"),
    ("refused", NATIVE, "at the end of a call that seccomp refuses"),
    ("no-number", NATIVE | {device.ABI_X32}, "at the end of a call that the kernel has not"),
):
    case(f"each operation is told of once that is done {_where}", "uring")(
        functools.partial(at_place, _place, _abis)
    )


@case("a connect to elsewhere is told, and a look what became of one is not", "uring")
def _connecting(context):
    tries = min(TRIES, 1000)
    program, done, records = traced(context, "connecting", tries, 1 << CONNECT)
    results = collections.Counter((what, int(result)) for what, result, _ in done)
    context.diag(f"results: {dict(results)}")
    already = -errno.EALREADY
    expected = {("elsewhere", already): tries, ("look", already): tries, ("connect", 0): 1}
    equal(results, expected, "results")
    ports = {what: int(which) for what, _, which in done}
    told = collections.Counter((port(e), e.ret) for e in records)
    context.diag(f"records: {sum(told.values())} of {tries + 1}")
    expected = {(ports["elsewhere"], already): tries, (ports["connect"], -errno.EINPROGRESS): 1}
    equal(told, expected, "records by port and result")
    for e in records:
        equal((e.tgid, e.uid, e.via), (program.pid, NOBODY, device.VIA_IO_URING), f"whose: {e}")
