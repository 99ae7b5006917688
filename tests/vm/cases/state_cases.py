# SPDX-License-Identifier: GPL-2.0
"""What the module says of itself: sysfs, fdinfo; and a machine whose probes are mute."""

import contextlib
import ctypes
import errno
import os
import socket
import struct
import subprocess

from lib import device, module
from lib.device import ACCEPT4, CONNECT, LSM_CONNECT, SOCKET, VIA_IO_URING, VIA_SYSCALL, Session
from lib.proc import Blocked, Burst, Child
from lib.tap import Skip, case, check, equal

CLASS = "/sys/class/misc/socktrace"
POINTS = {
    "socket": (SOCKET, VIA_SYSCALL),
    "connect": (CONNECT, VIA_SYSCALL),
    "accept4": (ACCEPT4, VIA_SYSCALL),
    "security_socket_connect": (LSM_CONNECT, VIA_SYSCALL),
    "socket_io_uring": (SOCKET, VIA_IO_URING),
    "connect_io_uring": (CONNECT, VIA_IO_URING),
    "accept4_io_uring": (ACCEPT4, VIA_IO_URING),
    "connect_kernel": (CONNECT, device.VIA_KERNEL),
    "connect_sendmsg": (CONNECT, device.VIA_SENDMSG),
    "socketpair": (device.SOCKETPAIR, VIA_SYSCALL),
    "security_sock_graft": (ACCEPT4, VIA_SYSCALL, device.PROBE_FACTS),
    "connected": (device.CONNECTED, VIA_SYSCALL),
    "tcp_done_with_error": (device.CONNECTED, VIA_SYSCALL, device.PROBE_FACTS),
    "bind": (device.BIND, VIA_SYSCALL),
    "security_socket_bind": (device.BIND, VIA_SYSCALL, device.PROBE_FACTS),
    "bind_io_uring": (device.BIND, VIA_IO_URING),
    "listen": (device.LISTEN, VIA_SYSCALL),
    "security_socket_listen": (device.LISTEN, VIA_SYSCALL, device.PROBE_FACTS),
    "listen_io_uring": (device.LISTEN, VIA_IO_URING),
    "security_bprm_committed_creds": (device.PROCESS, VIA_SYSCALL, device.PROBE_FACTS),
    "wake_up_new_task": (device.BIRTH, VIA_SYSCALL, device.PROBE_FACTS),
}

# Not of calls that a session is offered unless it asks for others.
OTHERS = {LSM_CONNECT, device.BIND, device.LISTEN, device.CONNECTED, device.BIRTH, device.PROCESS}


def sysfs(name):
    with open(f"{CLASS}/{name}", encoding="ascii") as file:
        text = file.read()
    check(text.endswith("\n") and text.count("\n") == 1, "%s: %r", name, text)
    return text.rstrip("\n")


def same_as_info(info):
    for name in ("sessions", "started", "memory", "memory_max", "maxactive"):
        equal(sysfs(name), str(getattr(info, name)), name)
    by_point = {(p.type, p.via, *filter(None, [p.flags & device.PROBE_FACTS])): p for p in info.probes}
    equal(by_point.keys(), set(POINTS.values()), "probe points")
    for name, point in POINTS.items():
        probe = by_point[point]
        armed = str(int(bool(probe.flags & device.PROBE_ARMED)))
        told = tuple(sysfs(f"{name}/{value}") for value in ("symbol", "armed", "hits", "missed"))
        symbol = probe.symbol if probe.flags & device.PROBE_BOUND else ""
        equal(told, (symbol, armed, str(probe.hits), str(probe.missed)), name)


def bound_points():
    """Those of the calls that a session is offered by itself."""
    return [name for name, point in POINTS.items() if point[0] not in OTHERS and sysfs(f"{name}/symbol")]


@case("sysfs tells what GET_INFO tells: idle, armed, after traffic, stopped", "sysfs")
def _sysfs(context):
    module.ensure()
    equal((sysfs("sessions"), sysfs("started"), sysfs("memory")), ("0", "0", "0"), "nobody")
    one = context.enter_context(Session())
    same_as_info(one.info())
    equal({sysfs(f"{name}/armed") for name in POINTS}, {"0"}, "armed when nobody has started")
    two = context.enter_context(Session())
    burst = Burst(context, "mix", calls=300)
    one.only(tgid=burst.pid).start()
    same_as_info(two.info())
    equal((sysfs("sessions"), sysfs("started")), ("2", "1"), "sessions")
    equal({sysfs(f"{name}/armed") for name in bound_points()}, {"1"}, "armed")
    equal(sysfs("wake_up_new_task/armed"), "0", "armed, that no filter asks for")
    before = {name: int(sysfs(f"{name}/hits")) for name in POINTS}
    equal(burst.go().made(), 300, "calls made")
    for end in socket.socketpair():
        end.close()
    hits = {name: int(sysfs(f"{name}/hits")) - before[name] for name in POINTS}
    expected = {
        name: 100 if point[1] == VIA_SYSCALL and point[0] not in OTHERS else 0
        for name, point in POINTS.items()
    }
    expected["socketpair"] = 1
    expected["security_sock_graft"] = 0  # none of those accepts finds anybody
    equal(hits, expected, "hits")
    same_as_info(two.info())
    one.stop()
    equal({sysfs(f"{name}/armed") for name in POINTS}, {"0"}, "armed after STOP")
    same_as_info(two.info())
    two.close()
    equal(sysfs("sessions"), "1", "sessions after a close")


@case("sysfs counts missed returns, and root alone may read it, nobody write", "sysfs")
def _sysfs_missed(context):
    module.ensure("maxactive=2")
    context.callback(module.ensure)
    with Session() as session:
        session.only(ancestor=os.getpid(), events=1 << ACCEPT4).start()
        before = int(sysfs("accept4/missed"))
        blocked = Blocked(context, 5).settle()
        equal(int(sysfs("accept4/missed")) - before, 3, "missed")
        equal(sysfs("maxactive"), "2", "maxactive")
        same_as_info(session.info())
        blocked.release(5)
    names = ["sessions", "started", "memory", "memory_max", "maxactive"]
    names += [f"{p}/{v}" for p in POINTS for v in ("symbol", "armed", "hits", "missed")]
    for name in names:
        equal(os.stat(f"{CLASS}/{name}").st_mode & 0o777, 0o400, f"mode of {name}")

    def read_as_nobody():
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        for name in names:
            try:
                text = sysfs(name)
            except PermissionError:
                continue
            check(False, "%s told nobody %s", name, text)

    equal(Child(context, read_as_nobody).go().wait(), 0, "nobody's status")
    module.unload()
    check(not os.path.exists(CLASS), "still there without the module")


def fdinfo(fd):
    with open(f"/proc/self/fdinfo/{fd}", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t") for line in file)


@case("fdinfo of a session tells what GET_STATS tells", "sysfs")
def _fdinfo(context):
    module.ensure()
    session = context.enter_context(Session(records_per_cpu=16))
    burst = Burst(context, calls=100, cpu=0)
    other = Burst(context, calls=7)
    session.only(tgid=burst.pid)

    def compare(started):
        told = fdinfo(session.fd)
        stats = session.stats()
        equal(told["started"], str(started), "started")
        for name in ("hits", "delivered", "queued", "filtered", "dropped", "missed", "flushed"):
            equal(told[name], str(getattr(stats, name)), name)
        return stats

    compare(0)
    session.start()
    burst.go().made()
    other.go().made()
    session.read(3)
    compare(1)
    session.flush()
    session.stop()
    stats = compare(0)
    context.diag(str(stats))
    check(all(v for k, v in vars(stats).items() if k not in ("queued", "missed", "lost_told", "members", "members_missed")), "%s", stats)
    equal(stats.balance(), 0, "balance")


# ---- a machine that hears nothing ----

# Without ftrace, kprobes are breakpoints, which another switch takes away. From
# 7.3 on the first refuses to be switched off.
SWITCHES = ("/proc/sys/kernel/ftrace_enabled", "/sys/kernel/debug/kprobes/enabled")


def turn(switch, value):
    with open(switch, "w", encoding="ascii") as file:
        file.write(value)


def turn_off():
    """Turns off the first switch that can be; returns which one."""
    for switch in filter(os.path.exists, SWITCHES):
        try:
            turn(switch, "0")
            return switch
        except OSError as error:
            if error.errno != errno.EOPNOTSUPP:
                raise
    raise Skip("this kernel has no switch that mutes kprobes")


@contextlib.contextmanager
def muted():
    """For the time of a `with`, no probe is heard; gives the switch that is off."""
    switch = turn_off()
    try:
        yield switch
    finally:
        turn(switch, "1")


@case("a switch of the kernel mutes all probes, and they come back with it", "muted")
def _muted(context):
    module.ensure()
    session = context.enter_context(Session())
    bursts = [Burst(context, "mix", calls=30) for _ in range(3)]
    session.filter([device.rule(tgid=b.pid, events=device.CALLS) for b in bursts], device.REJECT)
    session.start()
    bursts[0].go().made()
    equal(len(session.drain()), 30, "records before")
    with muted():
        hits = {p.symbol: p.hits for p in session.info().probes}
        bursts[1].go().made()
        equal({p.symbol: p.hits for p in session.info().probes}, hits, "hits while it is 0")
        equal(session.drain(), [], "records while it is 0")
        bound = [p for p in session.info().probes if p.flags & device.PROBE_BOUND and device.CALLS >> p.type & 1]
        check(all(p.flags & device.PROBE_ARMED for p in bound), "armed: %s", bound)
    bursts[2].go().made()
    equal([e.tgid for e in session.finish()], [bursts[2].pid] * 30, "records after")
    equal(session.stats().balance(), 0, "balance")


@case("START and STOP on a muted machine: nothing is heard, nothing stays behind", "muted")
def _muted_start(context):
    module.ensure()
    bursts = [Burst(context, "mix", calls=30) for _ in range(3)]
    wanted = [device.rule(tgid=b.pid, events=device.CALLS) for b in bursts]
    with Session() as session, Session() as brief:
        session.filter(wanted, device.REJECT)
        with muted():
            brief.start()
            session.start()
            equal(brief.info().started, 2, "started")
            bursts[0].go().made()
            equal((session.stats().hits, brief.stats().hits), (0, 0), "hits while it is 0")
            brief.stop()
        bursts[1].go().made()
        equal([e.tgid for e in session.drain()], [bursts[1].pid] * 30, "records once it is 1")
        equal(brief.stats().hits, 0, "hits of a session that was stopped meanwhile")
        with muted():
            session.stop()
        equal(module.registered_probes(), [], "registered")
        bursts[2].go().made()
        equal(session.drain(), [], "records after STOP")
        equal(session.stats().balance(), 0, "balance")


@case("the reader says that nothing will be seen, whichever calls it asks for", "muted")
def _muted_reader(context):
    module.ensure()
    events = ("socket", "connect", "accept4", "socketpair", "bind", "listen", "connected")
    for event in events:
        ask = ["socktrace-read", "-e", event, "true"]
        said = subprocess.run(ask, capture_output=True, text=True, check=True, timeout=60).stderr
        check("NO CALL" not in said, "%s: %s", event, said)
        with muted():
            said = subprocess.run(ask, capture_output=True, text=True, check=True, timeout=60).stderr
        check("NO CALL WILL BE SEEN" in said, "%s: %s", event, said)


def denied(number):
    """For a child: this system call, by its number, gets EPERM from a filter of seccomp's."""
    lines = ((0x20, 0, 0, 0), (0x15, 0, 1, number), (6, 0, 0, 0x50000 | errno.EPERM), (6, 0, 0, 0x7FFF0000))
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in lines))
    program = struct.pack("HxxxxxxP", len(lines), ctypes.addressof(code))

    def deny():
        device.libc.prctl(38, 1, 0, 0, 0)  # NO_NEW_PRIVS
        if device.libc.prctl(22, 2, program, 0, 0):  # SECCOMP_MODE_FILTER
            os._exit(1)

    deny.code = code
    return deny


@case("a reader that may not make such calls itself does not take the machine for muted", "muted")
def _denied_reader(context):
    module.ensure()
    for event, number in (("socket", 41), ("connect", 42), ("accept4", 288), ("bind", 49), ("listen", 50)):
        ask = ["socktrace-read", "-e", event, "true"]
        done = subprocess.run(ask, capture_output=True, text=True, check=True, timeout=60, preexec_fn=denied(number))
        check("NO CALL" not in done.stderr, "%s: %s", event, done.stderr)
    # What it may make shows it all the same.
    with muted():
        ask = ["socktrace-read", "-e", "socket,connect", "true"]
        done = subprocess.run(ask, capture_output=True, text=True, check=True, timeout=60, preexec_fn=denied(41))
    check("NO CALL WILL BE SEEN" in done.stderr, "%s", done.stderr)


def brief_session(asks):
    """One that is started; its probes are for `asks`."""
    session = Session(events=asks)
    session.start()
    return session


@case("probes that were disarmed on a muted machine leave nothing that ends ftrace later", "muted")
def _disarmed_while_muted(context):
    module.ensure()
    plain = device.CALLS
    with contextlib.closing(brief_session(plain)):
        # While others stay armed, and are disarmed once it hears again ...
        with contextlib.closing(brief_session(plain | 1 << LSM_CONNECT)) as other, muted():
            other.stop()
    # ... or with the last of all, and others are the next ones.
    with contextlib.closing(brief_session(plain | 1 << device.BIND | 1 << device.LISTEN)) as other, muted():
        other.stop()
    brief_session(plain).close()
    # Or with the module, whose next one has no memory of it; and is itself muted first.
    with contextlib.closing(brief_session(plain | 1 << LSM_CONNECT)) as other, muted():
        other.stop()
    module.unload()
    module.ensure()
    with contextlib.closing(brief_session(plain)) as other, muted():
        other.stop()
    for _ in range(2):
        brief_session(plain).close()
    burst = Burst(context, "mix", calls=30)
    session = context.enter_context(Session()).only(tgid=burst.pid, events=plain).start()
    burst.go().made()
    equal(len(session.finish()), 30, "records")
