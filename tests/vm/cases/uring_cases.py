# SPDX-License-Identifier: GPL-2.0
"""Calls through io_uring: each is told of once, and none of the system calls twice."""

import errno
import os
import socket
import struct

from lib import device, module
from lib.device import ACCEPT4, CONNECT, LSM_CONNECT, SOCKET, Session
from lib.proc import Program
from lib.tap import Skip, case, check, equal

ERESTARTSYS = 512  # between the kernel's parts
EVENTS = {"socket": SOCKET, "connect": CONNECT, "accept4": ACCEPT4}
VIAS = {"syscall": device.VIA_SYSCALL, "io_uring": device.VIA_IO_URING}


def shown(address):
    """A record's address as workload/uring.c prints it."""
    if len(address) >= 8 and address[:2] == struct.pack("=H", socket.AF_INET):
        return f"{socket.inet_ntoa(address[4:8])}:{struct.unpack_from('!H', address, 2)[0]}"
    return address[2:].split(b"\0")[0].decode() or "-"


def started(context):
    if module.kernel() < (5, 19):
        raise Skip("its io_uring makes no sockets, and accepts but one at a time")
    return Program(context, "uring")


def traced(context, events=device.CALLS, **config):
    """Runs workload/uring: what it says it did, and the records of that."""
    program = started(context)
    session = context.enter_context(Session(records_per_cpu=1024, **config))
    session.only(tgid=program.pid, events=events).start()
    program.write()
    done = [line.split() for line in program.end().splitlines()]
    records = session.finish()
    equal(session.stats().balance(), 0, "balance")
    # What io_uring completes interrupts the system call of the time, which the
    # kernel then makes again.
    again = {e.call_id for e in records if e.ret == -ERESTARTSYS}
    context.diag(f"calls: {len(done)}, made again: {len(again)}")
    return program, done, [e for e in records if e.call_id not in again]


def compare(event, line):
    """One call: what the program says, and what is recorded."""
    name, result, remote, local, via, _ = line
    if name == "accept4":
        equal((shown(event.addr), shown(event.local)), (remote, local), f"ends: {line}: {event}")
        check(event.flags & device.F_SOCK and event.inode, "no socket: %s", event)
    elif name == "connect":
        equal((shown(event.addr), shown(event.local)), (remote, local), f"ends: {line}: {event}")
        equal(event.addr_source, device.ADDR_KERNEL, str(event))
    ret = min(event.ret, 0)
    if name == "connect" and via == "io_uring" and ret == -errno.EINPROGRESS:
        # It goes on. What became of it is for who waits.
        check(remote.count(":"), "a connect that can't take time: %s", event)
    else:
        equal(ret, int(result), f"result: {line}: {event}")


@case("each call through io_uring is told of once, with its ends and its process", "uring")
def _uring(context):
    module.ensure()
    program, done, events = traced(context)
    for name, kind in EVENTS.items():
        for via_name, via in VIAS.items():
            lines = [line for line in done if (line[0], line[4]) == (name, via_name)]
            calls = [e for e in events if (e.type, e.via) == (kind, via)]
            context.diag(f"{name} by {via_name}: {len(calls)}")
            check(lines, "nothing to compare")
            equal(len(calls), len(lines), f"{name} by {via_name}")
            for event, line in zip(calls, lines):
                compare(event, line)
    for event in events:
        equal((event.tgid, event.comm.rstrip(b"\0")), (program.pid, b"uring"), f"process: {event}")
        equal((event.uid, event.ppid), (os.getuid(), os.getpid()), f"process: {event}")
    workers = {e.tid for e in events} - {program.pid}
    check(len(workers) >= 2, "no worker, or no polling thread: %s", workers)


@case("connects through io_uring: the LSM hook's records tell of the same call", "uring")
def _lsm(context):
    module.ensure()
    _, _, events = traced(context, events=1 << CONNECT | 1 << LSM_CONNECT)
    connects = {e.call_id: e for e in events if e.type == CONNECT}
    hooks = [e for e in events if e.type == LSM_CONNECT]
    equal({e.call_id for e in hooks}, set(connects), "calls with a hook's record")
    for hook in hooks:
        call = connects[hook.call_id]
        equal((hook.via, hook.addr, hook.inode), (call.via, call.addr, call.inode), f"{hook}: {call}")


def may_wait(line):
    """Not a try without waiting, of which nobody knows yet if it is the last."""
    event, _, _, _, via, what = line
    return via == "syscall" or event == "socket" or what == "queued"


@case("entry records of io_uring's calls: of those that may wait", "uring")
def _entries(context):
    module.ensure()
    _, done, events = traced(context, phases=device.PHASE_ENTER | device.PHASE_EXIT)
    calls = {e.call_id for e in events if e.phase == device.EXIT}
    equal(len(calls), len(done), "calls")
    entries = [e for e in events if e.phase == device.ENTER]
    context.diag(f"calls: {len(done)}, entries: {len(entries)}")
    equal(len({e.call_id for e in entries} & calls), sum(map(may_wait, done)), "entries")
    equal(len(entries), len({e.call_id for e in entries} & calls), "entries of no call")


@case("a refused call is counted once, whichever way it comes", "uring")
def _refused(context):
    module.ensure()
    program = started(context)
    ours = {"tgid": program.pid, "events": device.CALLS}
    with Session() as session, Session() as all_of_it:
        session.filter([device.rule(device.REJECT, **ours)])
        session.start()
        all_of_it.filter([device.rule(**ours)], device.REJECT)
        all_of_it.start()
        program.write()
        calls = len(program.end().splitlines())
        told = [e for e in all_of_it.finish() if e.ret != -ERESTARTSYS]
        equal(len(told), calls, "records")
        session.stop()
        stats = session.stats()
        context.diag(str(stats))
        check(stats.filtered >= calls, "filtered: %s", stats)
        equal(stats.balance(), 0, "balance")
