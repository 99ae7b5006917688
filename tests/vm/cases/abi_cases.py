# SPDX-License-Identifier: GPL-2.0
"""The ABI of records that the oracle's run has not: entries, io_uring's, misses."""

import collections
import ctypes
import functools
import socket
import struct

from lib import device, module, proc
from lib.abis import ABIS, NATIVE
from lib.device import ACCEPT4, CONNECT, LSM_CONNECT, SOCKET, Session, libc
from lib.proc import Blocked, Child
from lib.tap import Skip, case, check, equal

I386, X32 = ABIS[1], ABIS[-1]
BOTH_PHASES = device.PHASE_ENTER | device.PHASE_EXIT


def for_abis(text, abis):
    """A case of each ABI: function(abi, context)."""

    def register(function):
        for abi in abis:
            case(f"{abi.name}: {text}", "abi")(functools.partial(function, abi))
        return function

    return register


def run(context, command):
    """Runs a command to its end under a session: its status, records."""
    session = context.enter_context(Session(records_per_cpu=2048, phases=BOTH_PHASES))
    child = Child(context, command, output="/tmp/abi-output")
    session.only(ancestor=child.pid, events=device.EVENTS_ALL).start()
    status = child.go().wait()
    return status, session.finish()


@for_abis("entries have the call's ABI, as their returns", ABIS)
def _entries(abi, context):
    abi.need()
    module.ensure()
    status, events = run(context, abi.calls("inet", "unix"))
    equal(status, 0, "status")
    for phase in (device.ENTER, device.EXIT, device.POINT):
        abis = [e.abi for e in events if e.phase == phase]
        context.diag(f"phase {phase}: {len(abis)} records")
        check(len(abis) > 30, "phase %d: %d records", phase, len(abis))
        equal(set(abis), {abi.code}, f"ABIs in phase {phase}")


@case("what is in flight has the call's ABI", "abi")
def _inflight(context):
    I386.need()
    module.ensure()
    with Session() as session:
        session.only(events=1 << ACCEPT4).start()
        abis = {}
        for programs, abi in ((proc.WORKLOAD, NATIVE.code), (proc.WORKLOAD32, I386.code)):
            abis[Blocked(context, 3, programs=programs).settle().pid] = abi
        calls, _, _ = session.inflight()
        for pid, abi in abis.items():
            mine = [(call.type, call.abi) for call in calls if call.tgid == pid]
            equal(mine, [(ACCEPT4, abi)] * 3, f"types, ABIs of {pid}")


@case("x32: an address above 4 GiB is told as one below", "abi")
def _x32_high(context):
    X32.need()
    module.ensure()
    where = b"\0socktrace-x32"
    address = struct.pack("=H", socket.AF_UNIX) + where
    buffer = ctypes.create_string_buffer(address, len(address))
    # Python's heap is where a 64-bit program's is.
    check(ctypes.addressof(buffer) > 1 << 32, "at %#x", ctypes.addressof(buffer))

    def calls():
        fd = libc.syscall(0x40000000 | 41, socket.AF_UNIX, socket.SOCK_STREAM, 0)
        libc.syscall(0x40000000 | 42, fd, ctypes.byref(buffer), len(address))

    status, events = run(context, calls)
    equal(status, 0, "status")
    connects = [e for e in events if e.type == CONNECT and e.phase == device.EXIT]
    equal([(e.addr, e.abi) for e in connects], [(address, device.ABI_X32)], "connects")


@for_abis("a connect whose return is missed: the hook's record has its ABI", ABIS)
def _missed(abi, context):
    """The hook asks the registers by which ABI current came, as it knows no call."""
    abi.need()
    module.ensure("maxactive=1")
    listener = context.enter_context(socket.socket(socket.AF_UNIX))
    listener.bind("\0socktrace-full")
    listener.listen(0)
    context.enter_context(socket.socket(socket.AF_UNIX)).connect("\0socktrace-full")
    with Session() as holds:
        holds.only(events=1 << CONNECT).start()
        # Takes the only instance, and keeps it.
        late = context.enter_context(socket.socket(socket.AF_UNIX))
        Child(context, lambda: late.connect("\0socktrace-full")).go()
        proc.wait_until(lambda: holds.inflight()[1] == 1, "a blocked connect")
        status, events = run(context, abi.calls("inet", "unix"))
    equal(status, 0, "status")
    points = [e for e in events if e.type == LSM_CONNECT]
    context.diag(f"hits of the hook: {len(points)}")
    check(len(points) > 25, "hits: %d", len(points))
    for e in points:
        # Its caller is the same for a system call and for io_uring.
        equal((e.call_id, e.args[0], e.via), (0, -1, device.VIA_UNKNOWN), f"the call of {e}")
        equal(e.abi, abi.code, f"ABI of {e}")


@for_abis("a connect through io_uring is told once, by its ABI", (NATIVE, I386, X32))
def _uring(abi, context):
    abi.need()
    module.ensure()
    argv = [abi.program("uring_abi"), *(["-x"] if abi is X32 else [])]
    status, events = run(context, argv)
    if status == 77:
        raise Skip("this kernel has no io_uring")
    with open("/tmp/abi-output", encoding="ascii", errors="replace") as file:
        said = file.read()
    check(status == 0, "status %s: %s", status, said)
    ports = [int(line.split()[1]) for line in said.splitlines()]
    # Only the listeners whose queue is full have two clients.
    clients = {port: 1 if n < 2 else 2 for n, port in enumerate(ports)}
    context.diag(f"connects: {sum(clients.values())}")
    for kind, phase in ((CONNECT, device.EXIT), (LSM_CONNECT, device.POINT)):
        mine = [e for e in events if (e.type, e.phase) == (kind, phase)]
        to = collections.Counter(int.from_bytes(e.addr[2:4], "big") for e in mine)
        equal(to, clients, f"records of type {kind} by port")
        for e in mine:
            equal((e.via, e.abi), (device.VIA_IO_URING, abi.code), f"via, ABI of {e}")


@for_abis("a debugger that changes registers as calls begin changes no record", (NATIVE, I386))
def _meddler(abi, context):
    """Else a call's inner functions are taken for io_uring's: they were, to the kernel's end."""
    abi.need()
    module.ensure()
    status, events = run(context, [abi.program("meddler")])
    equal(status, 0, "status")
    ended = [e for e in events if e.phase == device.EXIT]
    equal([e.type for e in ended], [SOCKET, SOCKET, CONNECT, ACCEPT4], "calls")
    points = [e for e in events if e.type == LSM_CONNECT]
    equal([e.call_id for e in points], [ended[2].call_id], "calls at the hook")
    for e in events:
        equal((e.via, e.abi), (device.VIA_SYSCALL, abi.code), f"via, ABI of {e}")


@for_abis("a debugger that changes calls' numbers: what the kernel made is told once", (NATIVE, I386))
def _swapped(abi, context):
    abi.need()
    module.ensure()
    rounds = 30
    status, events = run(context, [abi.program("meddler"), str(rounds)])
    with open("/tmp/abi-output", encoding="ascii", errors="replace") as file:
        said = file.read()
    check(status == 0, "status %s: %s", status, said)
    kinds = {"socket": SOCKET, "connect": CONNECT, "accept4": ACCEPT4}
    made = [(kinds[name], int(ret)) for name, ret in map(str.split, said.splitlines())]
    ended = [e for e in events if e.phase == device.EXIT]
    context.diag(f"calls: {len(made)}, records: {len(ended)}")
    asked = 1 + 3 * rounds  # the listener, too
    equal(len(made), asked - (asked + 1) // 4 + rounds, "calls made")
    equal([(e.type, e.ret) for e in ended], made, "calls and results")
    entries = [e for e in events if e.phase == device.ENTER]
    equal([e.call_id for e in entries], [e.call_id for e in ended], "calls that began")
    equal({(e.via, e.abi) for e in events}, {(device.VIA_SYSCALL, abi.code)}, "via, ABI")
