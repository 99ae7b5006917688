# SPDX-License-Identifier: GPL-2.0
"""Calls in flight: returns that are missed, entries, and GET_INFLIGHT."""

import contextlib
import ctypes
import errno
import mmap
import os
import socket
import threading
import time

from lib import device, module, proc
from lib.absent import Absent
from lib.device import (
    ACCEPT4,
    CONNECT,
    EVENT,
    GET_INFLIGHT,
    INFLIGHT,
    REJECT,
    SOCKET,
    Pages,
    Session,
    ioctl,
    ioctl_at,
    name_of,
    parse,
    resize,
    rule,
)
from lib.proc import Blocked, Burst, Child, blocked_threads
from lib.tap import Skip, case, check, equal

IOCTL = 16  # the system call

# ---- returns that can't be hooked ----


def missed_run(context, threads, expected):
    session = context.enter_context(Session(records_per_cpu=2048))
    session.only(ancestor=os.getpid(), events=1 << ACCEPT4).start()
    missed = {t: p.missed for t, p in session.info().of_calls().items()}
    blocked = Blocked(context, threads).settle()
    waiting = session.drain()
    equal([(e.type, e.phase) for e in waiting], [(ACCEPT4, device.ENTER)] * expected, "told at once")
    for e in waiting:
        check(e.flags & device.F_RETURN_MISSED, "not flagged: %s", e)
        equal((e.duration_ns, e.ret, e.tgid), (0, 0, blocked.pid), str(e))
    equal(len(set(blocked.release(threads))), threads, "threads that returned")
    ended = session.finish()
    equal([e.phase for e in ended], [device.EXIT] * (threads - expected), "told at return")
    tids = {e.tid for e in waiting + ended}
    equal(len(tids), threads, "threads told of")
    stats = session.stats()
    context.diag(str(stats))
    equal((stats.missed, stats.balance()), (expected, 0), "missed, balance")
    now = {t: p.missed for t, p in session.info().of_calls().items()}
    equal(now[ACCEPT4] - missed[ACCEPT4], expected, "missed, as GET_INFO has it")
    equal(now[SOCKET] + now[CONNECT], missed[SOCKET] + missed[CONNECT], "missed of the others")
    session.close()


@case("maxactive=8, 200 threads in accept(): 192 are told at entry, flagged", "inflight")
def _missed(context):
    module.ensure("maxactive=8")
    missed_run(context, 200, 192)


@case("by default, 200 threads in accept(): none is missed", "inflight")
def _none_missed(context):
    module.ensure()
    missed_run(context, 200, 0)


@case("entry records: one for each call, paired with its return", "inflight")
def _entries(context):
    module.ensure()
    both = device.PHASE_ENTER | device.PHASE_EXIT
    session = context.enter_context(Session(phases=both))
    only = context.enter_context(Session(phases=device.PHASE_ENTER))
    burst = Burst(context, "mix", calls=60)
    for s in (session, only):
        s.only(tgid=burst.pid).start()
    burst.go().made()
    events = session.finish()
    equal(len(events), 120, "records")
    calls = {}
    for e in events:
        calls.setdefault(e.call_id, {})[e.phase] = e
    equal(len(calls), 60, "calls")
    for call in calls.values():
        enter, leave = call[device.ENTER], call[device.EXIT]
        equal((enter.type, enter.args, enter.time_ns), (leave.type, leave.args, leave.time_ns))
        equal((enter.ret, enter.duration_ns), (0, 0), "result at entry")
    entries = only.finish()
    equal({e.phase for e in entries}, {device.ENTER}, "phases of who asked for entries alone")
    equal(len(entries), 60, "entries")
    equal((session.stats().balance(), only.stats().balance()), (0, 0))


@case("missed returns: the law in sessions of all phases and filters, and in a full ring", "inflight")
def _missed_law(context):
    module.ensure("maxactive=8")
    context.callback(module.ensure)
    events = 1 << ACCEPT4
    with contextlib.ExitStack() as stack:
        both = device.PHASE_ENTER | device.PHASE_EXIT
        opened = lambda **config: stack.enter_context(Session(**config))
        every = dict(ancestor=os.getpid(), events=events)
        sessions = {
            "return": opened(records_per_cpu=256).only(**every),
            "entry": opened(records_per_cpu=256, phases=device.PHASE_ENTER).only(**every),
            "both": opened(records_per_cpu=256, phases=both).only(**every),
            "nothing": opened(records_per_cpu=256, phases=both).only(tgid=1),
            "full": opened(records_per_cpu=16).only(**every),
        }
        for session in sessions.values():
            session.start()
        blocked = Blocked(context, 40).settle()
        equal(len(set(blocked.release(40))), 40, "threads that returned")
        got = {}
        for name, session in sessions.items():
            session.stop()
            stats = session.stats()
            equal(stats.balance(), 0, f"balance of {name} ({stats})")
            records = session.drain()
            flagged = [e for e in records if e.flags & device.F_RETURN_MISSED]
            equal({e.phase for e in flagged} <= {device.ENTER}, True, f"phases of {name}")
            stats = session.stats()
            equal(stats.balance(), 0, f"balance of {name}, drained ({stats})")
            got[name] = (stats.missed, len(flagged), stats.delivered)
        full = got.pop("full")
        # Eight have a return; 32 have none, and an entry that was asked for or not.
        equal(
            got,
            {"return": (32, 32, 40), "entry": (0, 32, 40), "both": (32, 32, 48), "nothing": (0, 0, 0)},
            "missed, flagged, delivered",
        )
        equal(full[0], 32, "missed of the session whose rings were full")


@case("a missed return is told where only the return could have decided", "inflight")
def _missed_undecided(context):
    module.ensure("maxactive=2")
    context.callback(module.ensure)
    told = {
        "all": {},
        "phases": {"phases": device.PHASE_EXIT},
        "ok": {"ok": True},
        "failed": {"failed": True},
        "error": {"error": errno.EMFILE},
        "duration": {"duration": 10**15},
        "remote": {"remote_net": "10.0.0.0/8"},
        "port": {"remote_port": (1, 1)},
    }
    # What the entry can tell is against it.
    silent = {
        "events": {"events": 1 << CONNECT},
        "tgid": {"tgid": 1, "failed": True},
        "comm": {"comm": b"unblocked", "phases": device.PHASE_EXIT},
        "uid": {"uid": (1, 9), "remote_net": "::/0"},
    }
    with contextlib.ExitStack() as stack:
        sessions = {}
        for name, conditions in {**told, **silent}.items():
            sessions[name] = stack.enter_context(Session(records_per_cpu=64))
            conditions = {"events": 1 << ACCEPT4, **conditions}
            sessions[name].only(ancestor=os.getpid(), **conditions).start()
        entries = stack.enter_context(Session(records_per_cpu=64, phases=device.PHASE_ENTER))
        entries.only(ancestor=os.getpid(), events=1 << ACCEPT4, failed=True).start()
        blocked = Blocked(context, 6).settle()
        equal(entries.drain(), [], "told to who wants entries alone, of what has failed")
        for name, session in sessions.items():
            events = session.drain()
            equal(len(events), 4 if name in told else 0, f"told to {name}")
            check(all(e.flags & device.F_RETURN_MISSED for e in events), "%s: not flagged", name)
        equal(len(set(blocked.release(6))), 6, "threads that returned")
        for name, session in sessions.items():
            session.stop()
            stats = session.stats()
            equal((stats.missed, stats.balance()), (4 if name in told else 0, 0), f"law of {name}")


# ---- GET_INFLIGHT ----


def own_inflight(session, pid):
    """Of one process: the rest of the machine makes calls, too."""
    return [call for call in session.inflight()[0] if call.tgid == pid]


@case("calls in flight are listed with who, what and how long, and go when they return", "inflight")
def _listed(context):
    module.ensure()
    session = context.enter_context(Session())
    session.only(ancestor=os.getpid(), events=1 << ACCEPT4).start()
    equal(session.inflight()[:2], ([], 0), "before")
    blocked = Blocked(context, 20).settle()
    first, total, now = session.inflight()
    equal((len(first), total), (20, 20), "listed")
    equal({c.tid for c in first}, set(blocked_threads(blocked.pid)), "threads")
    boot = time.clock_gettime_ns(device.CLOCK_BOOTTIME)
    check(0 <= boot - now < 10 * 10**9, "now is %d, was %d", boot, now)
    for call in first:
        equal((call.tgid, call.type, call.abi), (blocked.pid, ACCEPT4, device.ABI_X86_64), str(call))
        equal((call.via, call.phase, call.seq, call.ret), (device.VIA_SYSCALL, device.ENTER, 0, 0), str(call))
        equal(call.comm.rstrip(b"\0"), b"blocked", "comm")
        equal(call.args, (first[0].args[0], 0, 0), "descriptor, flags")
        check(0 < call.time_ns <= now, "entered at %d, now %d", call.time_ns, now)
    equal(len({c.call_id for c in first}), 20, "numbers")
    equal(os.readlink(f"/proc/{blocked.pid}/fd/{first[0].args[0]}")[:7], "socket:", "args[0]")
    later = session.inflight()
    check(later[2] > now, "the clock stands")
    equal({c.call_id: c.time_ns for c in later[0]}, {c.call_id: c.time_ns for c in first}, "later")
    gone = blocked.release(5)
    events = session.wait(5)
    equal({e.tid for e in events}, set(gone), "records of those that returned")
    known = {c.tid: c for c in first}
    for e in events:
        was = known.pop(e.tid)
        equal((e.call_id, e.time_ns, e.args), (was.call_id, was.time_ns, was.args), str(e))
    left, total, _ = session.inflight()
    equal((len(left), total), (15, 15), "left")
    equal({c.tid for c in left}, set(known), "who is left")
    blocked.release(15)
    equal(session.inflight()[:2], ([], 0), "after all")


def wait_in_connect():
    """For a child: a connect that is done, and one that waits for ever."""
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as one:
        server.bind("\0socktrace-full")
        server.listen(0)
        one.connect("\0socktrace-full")
        with socket.socket(socket.AF_UNIX) as two:
            two.connect("\0socktrace-full")  # the queue is full


@case("connect() and its arguments are listed; a killed thread's call is not", "inflight")
def _connect_listed(context):
    module.ensure()
    session = context.enter_context(Session())

    def connect():
        device.libc.prctl(15, b"st-connector", 0, 0, 0)
        wait_in_connect()

    child = Child(context, connect)
    session.only(tgid=child.pid, events=1 << CONNECT).start()
    child.go()
    calls = proc.wait_until(
        lambda: session.stats().queued == 1 and own_inflight(session, child.pid),
        "the second connect",
    )
    equal([(c.type, c.tid, c.comm.rstrip(b"\0")) for c in calls], [(CONNECT, child.pid, b"st-connector")])
    equal(calls[0].args[1:], (2 + len("\0socktrace-full"), 0), "length")
    child.kill()
    equal(session.inflight()[:2], ([], 0), "after its end")
    equal([e.ret for e in session.finish()], [0, -512], "results: done, ERESTARTSYS")


# What does not change between a call's entry and its return.
SAME = """call_id time_ns type abi via cpu tgid tid ppid uid gid euid loginuid sessionid start_ns
    ns_tgid ns_tid netns mntns pidns cgroup_id comm args flags inode sock_family sock_type
    sock_protocol addr""".split()


@case("a call in flight is told as its record will be, and to sessions that may take it", "inflight")
def _as_its_record(context):
    module.ensure()

    def connect():
        check(device.libc.unshare(0x40000000) == 0, "unshare(CLONE_NEWNET)")
        os.setresuid(1001, 1002, 0)
        wait_in_connect()

    child = Child(context, connect)
    session = context.enter_context(Session(records_per_cpu=64))
    session.only(tgid=child.pid, events=1 << CONNECT).start()
    cpus = os.sched_getaffinity(0)
    os.sched_setaffinity(child.pid, {min(cpus)})
    child.go()
    (call,) = proc.wait_until(
        lambda: session.stats().queued == 1 and own_inflight(session, child.pid), "the second connect"
    )
    netns = proc.namespace("net", child.pid)
    equal((call.uid, call.euid, call.netns), (1001, 1002, netns), "who")
    equal((call.addr_source, call.addr[2:]), (device.ADDR_KERNEL, b"\0socktrace-full"), "where to")
    root = os.stat(proc.cgroup_mount()).st_ino
    may = {
        "ancestor": {"ancestor": os.getpid()}, "failed": {"failed": True}, "duration": {"duration": 10**15},
        "path": {"path": b"\0socktrace-full"}, "netns": {"netns": netns}, "tree": {"cgroup_tree": root},
        "euid": {"euid": (1002, 1002)}, "family": {"families": [1]}, "phases": {"phases": device.PHASE_EXIT},
    }
    not_its = {
        "tgid": {"tgid": os.getpid()}, "events": {"events": 1 << ACCEPT4}, "netns of others":
        {"netns": proc.namespace("net")}, "uid": {"uid": (0, 1000)}, "family": {"families": [2]},
        "comm": {"comm": b"other"}, "port": {"remote_port": (1, 65535)}, "tree": {"cgroup_tree": 1 << 40},
        "other": {"ancestor": Child(context, ("true",)).pid}, "entry": {"phases": device.PHASE_ENTER},
    }
    for wanted, all_of in ((1, may), (0, not_its)):
        for name, conditions in all_of.items():
            with Session(records_per_cpu=16).only(**conditions) as other:
                other.start()
                listed = [c.call_id for c in other.inflight(flags=device.INFLIGHT_WANTED)[0]]
                equal(listed.count(call.call_id), wanted, f"asked by {name}")
                other.stop()
    child.kill()
    record = session.finish()[-1]
    equal(record.ret, -512, "the call's result")
    for name in SAME:
        equal(getattr(call, name), getattr(record, name), name)


@case("room for some of the calls: as many are given, and how many there are", "inflight")
def _room(context):
    module.ensure()
    session = context.enter_context(Session())
    session.only(ancestor=os.getpid(), events=1 << ACCEPT4).start()
    blocked = Blocked(context, 7).settle()
    for room, given in ((0, 0), (1, 1), (6, 6), (7, 7), (8, 7), (100000, 7)):
        calls, total, _ = session.inflight(room)
        equal((len(calls), total), (given, 7), f"room for {room}")
    size = EVENT.size
    for call_size in (320, 328, 4096):
        table = ctypes.create_string_buffer(b"\xee" * (call_size * 4), call_size * 4)
        header = INFLIGHT.pack(3, call_size, 99, 0, 99, ctypes.addressof(table))
        error, header = ioctl(session.fd, GET_INFLIGHT, header)
        equal((error, INFLIGHT.unpack(header)[:4]), (0, (3, call_size, 7, 0)), f"calls of {call_size}")
        raw = table.raw
        tids = {parse(raw[n * call_size : n * call_size + size])[0].tid for n in range(3)}
        check(len(tids) == 3 and tids <= set(blocked_threads(blocked.pid)), "threads: %s", tids)
        for n in range(3):
            tail = raw[n * call_size + size : (n + 1) * call_size]
            check(not any(tail), "what a newer caller gets beyond: %s", tail)
        equal(raw[3 * call_size :], b"\xee" * call_size, "what lies behind the room")
    blocked.release(7)


@case("GET_INFLIGHT refuses bad sizes, flags and addresses", "inflight")
def _inflight_errors(context):
    module.ensure()
    session = context.enter_context(Session())
    session.only(ancestor=os.getpid(), events=1 << ACCEPT4).start()
    blocked = Blocked(context, 3).settle()
    pages = Pages()
    context.callback(pages.close)
    table = ctypes.create_string_buffer(8 * 4096)

    def get(room=4, call_size=320, flags=0, address=ctypes.addressof(table), size=32, tail=b""):
        data = INFLIGHT.pack(room, call_size, 0, flags, 0, address) + tail
        return name_of(ioctl(session.fd, resize(GET_INFLIGHT, size), data)[0])

    equal(get(), "0", "a good one")
    for size in (0, 56, 319, 4097, 0xFFFFFFFF):
        equal(get(call_size=size), "EINVAL", f"call_size {size}")
    equal(get(flags=device.INFLIGHT_WANTED), "0", "of a started session")
    for flags in (2, 1 << 31):
        equal(get(flags=flags), "EINVAL", f"flags {flags}")
    for size in (1, 8, 24, 31):
        equal(get(size=size), "EINVAL", f"{size} bytes")
    equal(get(size=48, tail=bytes(16)), "0", "a newer caller")
    equal(get(size=48, tail=bytes(15) + b"\1"), "E2BIG", "a newer caller's unknown field")
    for address in (0, 1, pages.end, pages.end - 60, 1 << 63, (1 << 64) - 8):
        equal(get(address=address), "EFAULT", f"calls at {address:#x}")
    equal(get(room=0, address=1), "0", "no room at a bad address")
    equal(get(room=0xFFFFFFFF), "0", "all the room there is")
    for address in (0, 1, pages.end, pages.end - 8, 1 << 63):
        equal(name_of(ioctl_at(session.fd, GET_INFLIGHT, address)), "EFAULT", f"at {address:#x}")
    session.stop()
    equal(get(flags=device.INFLIGHT_WANTED), "EINVAL", "of a stopped session")
    equal(get(), "0", "all, of a stopped session")
    blocked.release(3)


def kernel_memory():
    """Bytes that the kernel has in its own allocations, but for small change."""
    with open("/proc/meminfo", encoding="ascii") as file:
        info = {line.split(":")[0]: int(line.split()[1]) << 10 for line in file}
    return info["SUnreclaim"] + info["VmallocUsed"]


def charged(group):
    with open(f"{group}/memory.current", encoding="ascii") as file:
        return int(file.read())


ASKERS = 32


def ask_and_wait(context, room, group=None):
    """What many GET_INFLIGHTs take that ask for so much and wait for a page to put it.

    The kernel's memory, and what of it the cgroup that asks is charged.
    """
    session = context.enter_context(Session())
    up, told = os.pipe()

    def ask():
        if group:
            with open(f"{group}/cgroup.procs", "w", encoding="ascii") as file:
                file.write("0")
        absent = Absent()
        data = INFLIGHT.pack(room, EVENT.size, 0, 0, 0, absent.page)
        gate = threading.Event()
        tids = []

        def one():
            tids.append(threading.get_native_id())
            gate.wait()
            ioctl(session.fd, GET_INFLIGHT, data)

        for _ in range(ASKERS):
            threading.Thread(target=one, daemon=True).start()
        proc.wait_until(lambda: len(tids) == ASKERS, "threads")
        before = kernel_memory(), group and charged(group)
        gate.set()
        proc.wait_until(lambda: all(proc.sleeps_in(tid, IOCTL) for tid in tids), "ioctls that wait")
        after = kernel_memory(), group and charged(group)
        os.write(told, f"{after[0] - before[0]} {after[1] - before[1] if group else 0}".encode())
        # Whoever waits for the page goes with the process.

    child = Child(context, ask).go()
    equal(child.wait(), 0, "status")
    taken, charge = map(int, os.read(up, 100).split())
    os.close(up)
    os.close(told)
    session.close()
    context.diag(f"{ASKERS} of GET_INFLIGHT for {room} calls: {taken >> 10} KiB, charged {charge >> 10} KiB")
    return taken, charge


@case("GET_INFLIGHT takes no more memory than the calls that can be in flight", "inflight")
def _clamped(context):
    module.ensure("maxactive=8")
    context.callback(module.ensure)
    with contextlib.closing(Absent()), contextlib.ExitStack() as stack:
        session = stack.enter_context(Session())
        session.only(ancestor=os.getpid(), events=1 << ACCEPT4).start()
        blocked = Blocked(context, 4).settle()
        taken, _ = ask_and_wait(context, 0xFFFFFFFF)
        check(taken < ASKERS * 64 * 1024, "%d bytes for one that asks", taken // ASKERS)
        equal(len(session.inflight(0xFFFF)[0]), 4, "listed")
        blocked.release(4)


@case("what GET_INFLIGHT takes is charged to the cgroup that asks", "inflight")
def _charged(context):
    mount = proc.cgroup_mount()
    with open(f"{mount}/cgroup.controllers", encoding="ascii") as file:
        if "memory" not in file.read().split():
            raise Skip("no memory cgroups")
    module.ensure()
    Absent().close()
    with open(f"{mount}/cgroup.subtree_control", "w", encoding="ascii") as file:
        file.write("+memory")
    group = f"{mount}/socktrace-asks"
    os.makedirs(group, exist_ok=True)
    context.callback(os.rmdir, group)
    session = context.enter_context(Session())
    session.only(ancestor=os.getpid(), events=1 << ACCEPT4).start()
    blocked = Blocked(context, 300).settle()
    taken, charge = ask_and_wait(context, 0xFFFFFFFF, group)
    # A CPU charges 64 pages at once, and takes from these what comes next: before we looked.
    ahead = os.cpu_count() * 64 * mmap.PAGESIZE
    check(taken - charge < ASKERS * 16 * 1024 + ahead, "%d bytes that nobody is charged", taken - charge)
    equal(len(set(blocked.release(300))), 300, "threads that returned")


@case("not listed: what nobody wants the return of, and what began before the probes", "inflight")
def _not_listed(context):
    module.ensure()
    session = context.enter_context(Session())
    equal(session.inflight()[:2], ([], 0), "with nothing armed")
    before = Blocked(context, 3).settle()
    equal(session.inflight()[:2], ([], 0), "with nothing armed and calls that wait")
    session.filter([rule(REJECT, ancestor=os.getpid())])
    session.start()
    equal(session.inflight()[:2], ([], 0), "calls from before")
    rejected = Blocked(context, 3).settle()
    equal(session.inflight()[:2], ([], 0), "calls that the filter rejects")
    entries = context.enter_context(Session(phases=device.PHASE_ENTER))
    entries.only(ancestor=os.getpid(), events=1 << ACCEPT4).start()
    entered = Blocked(context, 3).settle()
    equal(len(entries.drain()), 3, "entries told")
    equal(session.inflight()[:2], ([], 0), "calls whose entry alone is asked for")
    entries.stop()
    session.filter([rule(ancestor=os.getpid())], REJECT)
    wanted = Blocked(context, 3).settle()
    equal({c.tgid for c in session.inflight()[0]}, {wanted.pid}, "calls that are wanted")
    session.stop()
    equal(session.inflight()[:2], ([], 0), "with nothing armed any more")
    session.start()
    equal(session.inflight()[:2], ([], 0), "armed again: those are from before")
    for some in (before, rejected, entered, wanted):
        equal(len(set(some.release(3))), 3, "threads that returned")


@case("GET_INFLIGHT while calls come and go on all CPUs: whole calls of those processes", "inflight")
def _torn(context):
    module.ensure()
    session = context.enter_context(Session())
    session.only(ancestor=os.getpid()).start()
    bursts = [Burst(context, "mix", cpu=cpu, threads=2) for cpu in proc.online_cpus()[:2]]
    pids = {burst.pid for burst in bursts}
    for burst in bursts:
        burst.go()
    seen, asked = 0, 0
    end = time.monotonic() + 1
    while time.monotonic() < end:
        calls, total, now = session.inflight()
        asked += 1
        equal(len(calls), total, "listed")
        equal(len({c.call_id for c in calls}), total, "calls listed once")
        for c in calls:
            seen += 1
            check(c.tgid in pids and c.comm == b"burst".ljust(16, b"\0"), "%s", c)
            check(c.type in (SOCKET, CONNECT, ACCEPT4) and c.call_id, "%s", c)
            if c.type == SOCKET:
                equal(c.args, (1, 1, 0), str(c))
    for burst in bursts:
        burst.made()
    context.diag(f"asked {asked} times, {seen} calls seen")
    equal(session.inflight()[:2], ([], 0), "after all")


@case("STOP, START and unloading with calls in flight are clean", "inflight")
def _stop_in_flight(context):
    module.ensure()
    log = module.Log()
    context.callback(log.close)
    blocked = []
    with Session() as one, Session() as two:
        for session in (one, two):
            session.only(ancestor=os.getpid(), events=1 << ACCEPT4).start()
        blocked.append(Blocked(context, 10).settle())
        one.stop()
        equal(one.inflight()[1], 10, "in flight while another session goes on")
        equal(len(set(blocked[0].release(5))), 5, "threads that returned")
        equal((len(one.drain()), len(two.drain())), (0, 5), "records after one's STOP")
        one.start()
        equal(len(set(blocked[0].release(2))), 2, "threads that returned")
        equal((len(one.drain()), len(two.drain())), (2, 2), "records after its START")
        two.stop()
        one.stop()
        for session in (one, two):
            equal(session.stats().balance(), 0, "balance")
        blocked.append(Blocked(context, 10).settle())
        two.start()
        blocked.append(Blocked(context, 10).settle())
        equal(two.inflight()[1], 10, "in flight since START")
    module.unload()
    for some, count in zip(blocked, (3, 10, 10)):
        equal(len(set(some.release(count))), count, "threads that returned without the module")
    equal(log.splats(), [], "the kernel's log")
    module.ensure()
