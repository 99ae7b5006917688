# SPDX-License-Identifier: GPL-2.0
"""Loading, unloading, parameters, and who may open the device."""

import array
import ctypes
import errno
import os
import socket
import stat
import subprocess
import time

from lib import device, module, proc
from lib.device import ACCEPT4, Session, libc, name_of
from lib.proc import Blocked, Burst, Child
from lib.tap import Skip, case, check, equal
from share_cases import NOBODY, become, programs

SYMBOLS = ("__sys_socket", "__sys_connect", "__sys_accept4", "security_socket_connect")


def unloaded(context):
    """For the time of a case the module is not loaded by anybody else."""
    if module.loaded():
        module.unload()
    context.callback(module.ensure)
    log = module.Log()
    context.callback(log.close)
    return log


# ---- parameters ----


@case("modprobe loads it, and the kernel log says which symbols were bound", "parameters")
def _modprobe(context):
    log = unloaded(context)
    subprocess.run(["modprobe", module.NAME], check=True)
    lines = [line for line in log.lines() if line.startswith("socktrace: ")]
    for line in lines:
        context.diag(line)
    for symbol in (*SYMBOLS, "__sys_socketpair"):
        check(any(f"{symbol}:" in line and "bound" in line for line in lines), "%s: not told", symbol)
    check(stat.S_IMODE(os.stat(device.DEVICE).st_mode) == 0o600, "mode")
    subprocess.run(["modprobe", "-r", module.NAME], check=True)
    check(not os.path.exists(device.DEVICE), "the device is still there")


@case("a bad parameter is refused, with a line in the log that names it and its bounds", "parameters")
def _bad(context):
    log = unloaded(context)
    for parameter in (
        "records_per_cpu=1",
        "records_per_cpu=65537",
        "max_records_per_cpu=1",
        "max_records_per_cpu=1048577",
        "maxactive=65537",
        "max_sessions=0",
        "max_sessions=4097",
        "max_memory_mb=1000000",
        "max_memory_mb=4294967295",
    ):
        equal(name_of(module.try_load(parameter)), "EINVAL", parameter)
        name = parameter.partition("=")[0]
        lines = [line for line in log.lines() if f"parameter {parameter}:" in line]
        equal(len(lines), 1, f"log lines about {parameter}")
        check(" to " in lines[0] and lines[0].startswith("socktrace: "), "%s", lines[0])
        check(not module.loaded(), "loaded with %s", name)
    context.diag(lines[0])
    for parameter in ("records_per_cpu=x", "maxactive=-1", "maxactive=", "max_sessions=4294967296"):
        check(module.try_load(parameter) in (errno.EINVAL, errno.ERANGE), "%s", parameter)
        check(not module.loaded(), "loaded with %s", parameter)


@case("an unknown parameter is told, not taken", "parameters")
def _unknown(context):
    log = unloaded(context)
    equal(module.try_load("nonsense=1"), 0)
    check(any("nonsense" in line for line in log.lines()), "nothing in the log")
    module.unload()


@case("parameters at their bounds are in force, and can be read", "parameters")
def _good(context):
    unloaded(context)
    equal(module.try_load("records_per_cpu=100 max_records_per_cpu=1000 maxactive=7 max_sessions=2 max_memory_mb=3"), 0)
    context.callback(module.unload)
    with Session() as one, Session():
        info = one.info()
        equal((info.records_per_cpu, info.records_per_cpu_max, info.maxactive), (128, 1024, 7))
        equal(info.memory_max, 3 << 20, "memory_max")
        try:
            Session().close()
        except OSError as error:
            equal(name_of(error.errno), "EUSERS", "a third session")
        else:
            check(False, "a third session was opened")
    with open(f"{module.SYS}/parameters/maxactive", encoding="ascii") as file:
        equal(file.read().strip(), "7", "as sysfs shows it")


@case("the defaults are what the machine can bear", "parameters")
def _defaults(context):
    module.ensure()
    info = context.enter_context(Session()).info()
    context.diag(
        f"records_per_cpu {info.records_per_cpu}, at most {info.records_per_cpu_max}; "
        f"maxactive {info.maxactive}; memory {info.memory_max >> 20} MiB"
    )
    check(info.records_per_cpu >= 64)
    check(info.maxactive >= 1024, "maxactive")
    check(info.memory_max >= info.records_per_cpu * 320 * info.possible_cpus, "not one session fits")


# ---- nobody reads ----


def hits(session):
    return {p.symbol: p.hits for p in session.info().probes}


@case("nothing is registered while nobody reads, and no counter moves", "idle")
def _idle(context):
    module.ensure()
    equal(module.registered_probes(), [], "registered with no session")
    session = context.enter_context(Session())
    before = hits(session)
    equal(Burst(context, "mix", calls=300).go().made(), 300)
    equal(hits(session), before, "hits while nobody reads")
    equal(module.registered_probes(), [], "registered with a session that was not started")


@case("probes are there with the first session that starts, until the last one ends", "idle")
def _armed(context):
    module.ensure()
    one, two = context.enter_context(Session()), context.enter_context(Session())
    one.start()
    lists = module.probe_lists()
    for symbol in (*SYMBOLS, "__sys_socketpair"):
        listed = [line for line in module.registered_probes() if f"{symbol}" in line]
        check(len(listed) >= len(lists), "%s in %s: %s", symbol, lists, listed)
    two.start()
    before = hits(one)
    equal(Burst(context, "mix", calls=300).go().made(), 300)
    after = hits(one)
    check(all(after[s] - before[s] >= 100 for s in SYMBOLS), "hits: %s, then %s", before, after)
    one.stop()
    check(len(module.registered_probes()) >= 4 * len(lists), "gone with the first session")
    two.close()
    equal(module.registered_probes(), [], "registered after the last")
    before = hits(one)
    equal(Burst(context, "mix", calls=30).go().made(), 30)
    equal(hits(one), before, "hits after the last")
    one.start()
    check(len(module.registered_probes()) >= 4 * len(lists), "not armed again")
    one.close()
    equal(module.registered_probes(), [], "registered after the close")


# Of which types probes are armed for an event: what is told of a connect is told within its call.
ARMED_FOR = {
    device.SOCKET: {device.SOCKET},
    device.CONNECT: {device.CONNECT},
    ACCEPT4: {ACCEPT4},
    device.LSM_CONNECT: {device.CONNECT, device.LSM_CONNECT},
    device.ADDR_MISMATCH: {device.CONNECT},
    device.SOCKETPAIR: {device.SOCKETPAIR},
    device.CONNECTED: {device.CONNECT, device.CONNECTED},
    device.BIND: {device.BIND},
    device.LISTEN: {device.LISTEN},
}


def armed_types(session):
    return {p.type for p in session.info().probes if p.flags & device.PROBE_ARMED}


def armed_for(session, events):
    """What is to be armed for them; the hook, too, where nothing else surely shows the address."""
    types = set().union(*(ARMED_FOR[event] for event in events))
    shows = {p.type for p in session.info().probes if p.flags & device.PROBE_ADDRESS}
    return types | ({device.LSM_CONNECT} if device.CONNECT in types and device.CONNECT not in shows else set())


@case("what no session asks for is not probed, and its calls pass unseen", "idle")
def _asked(context):
    module.ensure()
    for event in ARMED_FOR:
        with Session(events=1 << event) as session:
            burst = Burst(context, "mix", calls=30)
            session.start()
            before = {p.symbol: p.hits for p in session.info().probes}
            armed = armed_types(session)
            equal(armed, armed_for(session, [event]), f"armed for {event}")
            equal(burst.go().made(), 30)
            probes = session.info().probes
            hit = {p.type for p in probes if p.hits != before[p.symbol]}
            check(hit <= armed, "%d: hits of %s", event, hit)
            if event in (device.SOCKET, device.CONNECT, ACCEPT4):
                equal([e.type for e in session.drain() if e.tgid == burst.pid], [event] * 10, f"records of {event}")
            session.stop()
            equal(session.stats().balance(), 0, "balance")
        equal(module.registered_probes(), [], f"left by {event}")


@case("a filter decides what is probed: nothing, more, and what another session leaves", "idle")
def _asked_by_filter(context):
    module.ensure()
    one, two = context.enter_context(Session()), context.enter_context(Session(events=1 << device.CONNECT))
    one.filter([], device.REJECT)
    one.start()
    equal(armed_types(one), set(), "armed for nothing")
    equal(module.registered_probes(), [], "registered for nothing")
    equal(Burst(context, "mix", calls=30).go().made(), 30)
    equal(one.stats().hits, 0, "hits of what is not probed")
    two.start()
    equal(armed_types(one), armed_for(one, [device.CONNECT]), "armed for another")
    burst = Burst(context, "mix", calls=30)
    one.only(tgid=burst.pid, events=1 << ACCEPT4)
    equal(armed_types(one), armed_for(one, [device.CONNECT, ACCEPT4]), "armed for both")
    burst.go().made()
    equal([e.type for e in one.finish() if e.tgid == burst.pid], [ACCEPT4] * 10, "records")
    equal(armed_types(two), armed_for(two, [device.CONNECT]), "left armed")
    equal([e.type for e in two.finish() if e.tgid == burst.pid], [device.CONNECT] * 10, "the other's")
    equal(module.registered_probes(), [], "left behind")


@case("probes go with the last session that asks for them, though calls by them block", "idle")
def _gone(context):
    module.ensure("maxactive=32")
    few = 3  # of the 32, that a user may have; in all turns together there are more
    other = context.enter_context(Session(events=1 << device.SOCKET)).start()
    session = context.enter_context(Session(records_per_cpu=1000, events=1 << ACCEPT4))
    for turn in range(16):
        session.start()
        blocked = Blocked(context, few, preexec_fn=become(NOBODY), programs=programs()).settle()
        equal(len(session.inflight()[0]), few, f"turn {turn}: in flight")
        if turn == 15:
            break
        session.stop()
        equal(armed_types(other), {device.SOCKET}, f"turn {turn}: armed")
        equal(other.inflight()[:2], ([], 0), f"turn {turn}: in flight afterwards")
        if turn % 2:
            equal(len(set(blocked.release(few))), few, "threads that returned")
        else:
            blocked.kill()
    equal(len(set(blocked.release(few))), few, "threads that returned")
    told = [e for e in session.finish() if e.tgid == blocked.pid]
    equal([(e.type, e.phase, e.ret >= 0) for e in told], [(ACCEPT4, device.EXIT, True)] * few, "told")
    for one in (session, other):
        stats = one.stats()
        equal((stats.missed, stats.balance()), (0, 0), str(stats))
    other.stop()
    equal(module.registered_probes(), [], "left behind")


@case("a filter that is changed back loses no call that was in flight", "idle")
def _changed_back(context):
    module.ensure()
    session = context.enter_context(Session(records_per_cpu=1000)).start()
    blocked = Blocked(context, 3).settle()
    for events in (1 << device.SOCKET, device.EVENTS_DEFAULT):
        session.only(tgid=blocked.pid, events=events)
    equal(len(set(blocked.release(3))), 3, "threads that returned")
    told = [(e.phase, e.ret >= 0) for e in session.finish() if e.type == ACCEPT4]
    equal(told, [(device.EXIT, True)] * 3, "told")
    equal(session.stats().balance(), 0, "balance")


@case("calls that block while the last session ends return as if nothing had been", "idle")
def _blocked_at_stop(context):
    module.ensure()
    session = context.enter_context(Session())
    session.only(ancestor=os.getpid()).start()
    blocked = Blocked(context, 20).settle()
    session.close()
    equal(module.registered_probes(), [], "registered")
    equal(len(set(blocked.release(10))), 10, "threads that returned")
    # And once more, with probes that know nothing of these calls.
    other = context.enter_context(Session())
    other.only(ancestor=os.getpid(), events=1 << ACCEPT4).start()
    equal(len(set(blocked.release(10))), 10, "threads that returned")
    told = other.finish()
    equal({(e.flags & device.F_ENTERED_BEFORE, e.phase) for e in told}, {(1 << 7, device.POINT)})
    equal(len(told), 10, "accepts that began before")
    equal(other.stats().balance(), 0)


# ---- how the kernel probes ----


@case("probes become jumps where the kernel may optimize them, and else stay breakpoints", "probing")
def _probing(context):
    module.ensure()
    with open("/proc/sys/debug/kprobes-optimization", encoding="ascii") as file:
        optimizes = file.read().strip() == "1"
    session = context.enter_context(Session())
    session.start()
    listed = module.registered_probes()
    if any("[FTRACE]" in line for line in listed):
        raise Skip("here they are calls of ftrace")
    jumps = lambda: [line for line in module.registered_probes() if "[OPTIMIZED]" in line]
    if optimizes:
        proc.wait_until(jumps, "a jump")
    found = len(jumps())
    context.diag(f"{found} of {len(listed)} are jumps")
    equal(found > 0, optimizes, "are some jumps")
    burst = Burst(context, "mix", calls=30)
    session.only(tgid=burst.pid)
    burst.go().made()
    equal(len(session.finish()), 30, "records")


# ---- who may open ----


def opening():
    """Opens the device: 0 or the errno."""
    try:
        Session().close()
        return 0
    except OSError as error:
        return error.errno


def drop_to(uid):
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def keep_capabilities(*numbers):
    """As root, with these capabilities alone."""
    mask = sum(1 << n for n in numbers)
    header = ctypes.create_string_buffer(array.array("I", [0x20080522, 0]).tobytes())
    low, high = mask & 0xFFFFFFFF, mask >> 32
    data = ctypes.create_string_buffer(array.array("I", [low, low, 0, high, high, 0]).tobytes())
    check(libc.syscall(126, header, data) == 0, "capset")  # capset


def expect_open(context, function, expected, what):
    child = Child(context, lambda: (function(), opening())[1])
    status = child.go().wait()
    equal(name_of(status), name_of(expected), what)


CAP_SYS_ADMIN, CAP_PERFMON, CAP_BPF, CAP_NET_ADMIN = 21, 38, 39, 12


@case("a user without privilege can't open the device, whatever its mode", "access")
def _user(context):
    module.ensure()
    expect_open(context, lambda: drop_to(65534), errno.EACCES, "mode 0600")
    os.chmod(device.DEVICE, 0o666)
    context.callback(os.chmod, device.DEVICE, 0o600)
    expect_open(context, lambda: drop_to(65534), errno.EPERM, "mode 0666")
    expect_open(context, lambda: None, 0, "root")


@case("root needs CAP_SYS_ADMIN or CAP_PERFMON", "access")
def _capabilities(context):
    module.ensure()
    expect_open(context, keep_capabilities, errno.EPERM, "no capability")
    expect_open(context, lambda: keep_capabilities(CAP_BPF, CAP_NET_ADMIN), errno.EPERM, "others")
    expect_open(context, lambda: keep_capabilities(CAP_SYS_ADMIN), 0, "CAP_SYS_ADMIN")
    expect_open(context, lambda: keep_capabilities(CAP_PERFMON), 0, "CAP_PERFMON")


@case("a user with one of these capabilities alone can open it, with others he can't", "access")
def _user_capabilities(context):
    module.ensure()
    os.chmod(device.DEVICE, 0o666)
    context.callback(os.chmod, device.DEVICE, 0o600)

    def user_with(*numbers):
        libc.prctl(8, 1, 0, 0, 0)  # PR_SET_KEEPCAPS
        drop_to(65534)
        keep_capabilities(*numbers)
        equal(os.getresuid(), (65534,) * 3, "uids")

    for numbers, expected in (
        ((CAP_SYS_ADMIN,), 0),
        ((CAP_PERFMON,), 0),
        ((CAP_SYS_ADMIN, CAP_PERFMON), 0),
        ((), errno.EPERM),
        ((CAP_BPF, CAP_NET_ADMIN), errno.EPERM),
    ):
        expect_open(context, lambda: user_with(*numbers), expected, f"capabilities {numbers}")


@case("root of a user namespace can't open it", "access")
def _user_namespace(context):
    module.ensure()
    os.chmod(device.DEVICE, 0o666)
    context.callback(os.chmod, device.DEVICE, 0o600)

    def own_namespace():
        check(libc.unshare(0x10000000) == 0, "unshare(CLONE_NEWUSER)")
        with open("/proc/self/uid_map", "w", encoding="ascii") as file:
            file.write("0 0 1")
        check(os.getuid() == 0)

    expect_open(context, own_namespace, errno.EPERM, "mode 0666")


@case("a session can be handed to one without privilege", "access")
def _handed(context):
    module.ensure()
    session = context.enter_context(Session())
    burst = Burst(context, calls=3)
    session.only(tgid=burst.pid).start()
    ours, theirs = socket.socketpair()
    context.callback(ours.close)
    context.callback(theirs.close)

    def read():
        _, fds, _, _ = socket.recv_fds(theirs, 1, 1)
        drop_to(65534)
        session.fd = fds[0]
        session.info()
        return len(session.wait(3))

    child = Child(context, read)
    child.go()
    socket.send_fds(ours, [b"x"], [session.fd])
    burst.go().made()
    equal(child.wait(), 3, "records that it read")


# ---- unloading ----


@case("rmmod is refused while the device is open, and clean when it is closed", "unload")
def _busy(context):
    module.ensure()
    session = context.enter_context(Session())
    check(module.try_unload() in (errno.EBUSY, errno.EWOULDBLOCK), "unloaded under an open session")
    session.start()
    check(module.try_unload() in (errno.EBUSY, errno.EWOULDBLOCK), "unloaded under a started session")
    equal(subprocess.run(["rmmod", module.NAME], capture_output=True).returncode, 1, "rmmod's status")
    session.close()
    equal(module.try_unload(), 0, "closed")
    check(not os.path.exists(device.DEVICE) and not module.loaded())
    equal(module.registered_probes(), [], "registered")
    module.ensure()


@case("an open device outlives its opener, and holds the module as long", "unload")
def _held(context):
    module.ensure()
    out, write = os.pipe()

    def leave():
        session = Session()
        os.set_inheritable(session.fd, True)
        if os.fork() == 0:
            os.close(out)
            os.write(write, b"s")
            os.read(0, 1)
            os._exit(0)

    stdin, hold = os.pipe()
    saved = os.dup(0)
    os.dup2(stdin, 0)
    child = Child(context, lambda: (os.close(hold), leave())[1])
    child.go().wait()
    os.dup2(saved, 0)
    os.read(out, 1)
    check(module.try_unload() in (errno.EBUSY, errno.EWOULDBLOCK), "unloaded")
    for fd in (out, write, stdin, hold, saved):
        os.close(fd)
    proc.wait_until(lambda: module.try_unload() == 0, "unloading once it is closed")
    module.ensure()


CYCLES = int(max(10, 30 / proc.SLOW))


@case(f"{CYCLES} cycles of load, trace, unload under traffic", "unload")
def _cycles(context):
    log = unloaded(context)
    traffic = [Burst(context, "mix", cpu=cpu, pause_us=1000).go() for cpu in proc.online_cpus()[:2]]
    blocked = Blocked(context, 4).settle()
    begin = time.monotonic()
    records = 0
    for cycle in range(CYCLES):
        equal(module.try_load(), 0, f"load {cycle}")
        if cycle % 5 != 4:
            with Session() as session:
                session.start()
                if cycle % 2:
                    records += len(session.wait())
        equal(module.try_unload(), 0, f"unload {cycle}")
    context.diag(f"{(time.monotonic() - begin) / CYCLES * 1e3:.0f} ms a cycle, {records} records")
    check(records >= CYCLES // 2 - CYCLES // 5)
    made = sum(burst.made() for burst in traffic)
    check(made > 1000, "%d calls meanwhile", made)
    equal(len(set(blocked.release(4))), 4, "threads that were blocked all the while")
    equal(log.splats(), [], "the kernel's log")
