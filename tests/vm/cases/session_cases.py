# SPDX-License-Identifier: GPL-2.0
"""Many readers, loss, who calls, CPUs that come and go."""

import os
import pathlib
import socket
import threading
import time

from lib import device, module, proc
from lib.device import ACCEPT, ACCEPT4, CALLS, CONNECT, LOST, REJECT, SOCKET, Session, rule
from lib.proc import Blocked, Burst, Child
from lib.reading import Reader, check_law, given, keys, lost, tiles, two_cpus
from lib.tap import Skip, case, check, equal


# ---- plain use ----


@case("open and read work with no ioctl", "reading")
def _plain(context):
    module.ensure()
    session = context.enter_context(Session(os.O_RDONLY | os.O_NONBLOCK))
    equal(device.read(session.fd, 320), -11, "first read, which starts it (EAGAIN)")
    child = Child(context, lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).close())
    child.go().wait()
    mine = [e for e in session.drain() if e.tgid == child.pid]
    equal([e.type for e in mine], [SOCKET], "its calls")
    equal(mine[0].args[:2], (10, 2 | socket.SOCK_CLOEXEC), "arguments")


@case("poll() starts a session, too", "reading")
def _poll_starts(context):
    module.ensure()
    session = context.enter_context(Session())
    equal(session.poll(0), 0, "readiness")
    equal(session.info().started, 1, "started sessions")


@case("a record wakes a blocked reader at once", "reading")
def _wake(context):
    module.ensure()
    session = context.enter_context(Session())
    burst = Burst(context, calls=1)
    session.only(tgid=burst.pid).start()
    burst.go()
    event = session.wait()[0]
    delay = time.clock_gettime(device.CLOCK_BOOTTIME) * 1e9 - event.end_ns
    context.diag(f"from return to reader: {delay / 1e6:.1f} ms")
    check(delay < 500e6, "%d ns", delay)


@case("an accept that waits 300 ms takes 300 ms", "reading")
def _duration(context):
    module.ensure()
    now = lambda: time.clock_gettime_ns(device.CLOCK_BOOTTIME)
    session = context.enter_context(Session())
    session.only(ancestor=os.getpid(), events=1 << ACCEPT4).start()
    before = now()
    blocked = Blocked(context, 1).settle()
    # It is in accept(): no sooner begins the wait. Not the kernel's SO_RCVTIMEO, which
    # is short by as much as jiffies lag behind the clock when the machine stood still.
    waits = now()
    time.sleep(0.3)
    enough = now()
    blocked.release(1)
    after = now()
    event = session.wait()[0]
    context.diag(f"{event.duration_ns / 1e6:.1f} of {(after - before) / 1e6:.1f} ms")
    check(event.duration_ns >= 300e6, "%d ns", event.duration_ns)
    check(before <= event.time_ns <= waits, "began at %d: %d to %d", event.time_ns, before, waits)
    check(enough <= event.end_ns <= after, "ended at %d: %d to %d", event.end_ns, enough, after)


@case("the watermark holds back a wake-up, and latency_ms ends that", "reading")
def _watermark(context):
    module.ensure()
    session = context.enter_context(Session(watermark=10, latency_ms=400))
    few = Burst(context, calls=3, cpu=0)
    many = Burst(context, calls=10, cpu=0)
    session.filter([rule(tgid=few.pid), rule(tgid=many.pid)], REJECT)
    session.start()
    begin = time.monotonic()
    few.go()
    check(session.poll(20000), "never woken")
    took = time.monotonic() - begin
    context.diag(f"3 records, watermark 10, latency 400 ms: {took * 1e3:.0f} ms")
    check(0.38 <= took < 1.5, "woken after %.3f s", took)
    equal(len(session.read()), 3, "records")

    session2 = context.enter_context(Session(watermark=10, latency_ms=10000))
    session2.only(tgid=many.pid).start()
    begin = time.monotonic()
    many.go()
    check(session2.poll(20000), "never woken")
    took = time.monotonic() - begin
    context.diag(f"10 records, watermark 10, latency 10 s: {took * 1e3:.0f} ms")
    check(took < 5, "woken after %.3f s", took)
    equal(len(session2.read()), 10, "records")


@case("a reader that does not block gets records below the watermark", "reading")
def _below_watermark(context):
    module.ensure()
    session = context.enter_context(Session(watermark=100, latency_ms=10000))
    burst = Burst(context, calls=3)
    session.only(tgid=burst.pid).start()
    equal(burst.go().made(), 3)
    equal(len(session.drain()), 3, "records")


@case("two threads read one session: each record goes to one of them", "reading")
def _threads(context):
    module.ensure()
    session = context.enter_context(Session(records_per_cpu=4096))
    burst = Burst(context, calls=1500)
    session.only(tgid=burst.pid).start()
    readers = [Reader(session, 3), Reader(session, 5)]
    equal(burst.go().made(), 1500)
    session.stop()
    events = [e for reader in readers for e in reader.result()]
    equal(len(events), 1500, "records")
    equal(len(set(keys(events))), 1500, "different records")
    for reader in readers:
        equal([e.end_ns for e in reader.events], sorted(e.end_ns for e in reader.events))
    equal(session.stats().balance(), 0, "the law's balance")


@case("a reader's own calls are not traced, unless it asks", "reading")
def _own(context):
    module.ensure()
    quiet = context.enter_context(Session())
    own = context.enter_context(Session(config_flags=device.CONFIG_OWN))
    me = os.getpid()
    child = Child(context, lambda: [socket.socket().close() for _ in range(3)] and 0)
    for session in (quiet, own):
        session.filter([rule(tgid=me), rule(tgid=child.pid)], REJECT)
        session.start()
    for _ in range(5):
        socket.socket().close()
    child.go().wait()
    equal([e.tgid for e in quiet.finish()], [child.pid] * 3, "without CONFIG_OWN")
    equal(sorted(e.tgid for e in own.finish()), sorted([me] * 5 + [child.pid] * 3), "with it")


@case("after STOP come the queued records, then end of file; START goes on", "reading")
def _stop_start(context):
    module.ensure()
    session = context.enter_context(Session())
    bursts = [Burst(context, calls=n) for n in (7, 5, 3)]
    session.filter([rule(tgid=b.pid, events=CALLS) for b in bursts], REJECT)
    session.start()
    session.start()  # a second one does nothing
    bursts[0].go().made()
    session.stop()
    session.stop()
    bursts[1].go().made()
    check(session.poll(0), "not ready at its end")
    first = session.read()
    equal({e.tgid for e in first}, {bursts[0].pid}, "whose records")
    equal(len(first), 7, "records before STOP")
    equal(session.read(), [], "end of file")
    equal(session.read(), [], "end of file again")
    session.start()
    bursts[2].go().made()
    second = session.wait(3)
    equal({e.tgid for e in second}, {bursts[2].pid}, "whose records")
    equal(len(second), 3, "records after START")
    session.stop()
    equal(sum(tiles(first + second).values()), 10, "numbers used")
    check_law(session.stats(), first + second)


@case("a wake-up that STOP cancelled comes after START", "reading")
def _wake_after_restart(context):
    module.ensure()
    burst = Burst(context, calls=1)
    session = context.enter_context(Session(watermark=64, latency_ms=10000))
    session.only(tgid=burst.pid).start()
    burst.go().made()
    session.stop()
    session.start()
    check(session.poll(2000), "nothing tells of the record from before STOP")


@case("FLUSH discards what waits, and says how much", "reading")
def _flush(context):
    module.ensure()
    session = context.enter_context(Session())
    first, second = Burst(context, calls=20), Burst(context, calls=4)
    session.filter([rule(tgid=b.pid, events=CALLS) for b in (first, second)], REJECT)
    session.start()
    first.go().made()
    equal(session.stats().queued, 20, "queued")
    session.flush()
    stats = session.stats()
    equal((stats.queued, stats.flushed), (0, 20), "queued, flushed")
    equal(session.drain(), [], "records")
    second.go().made()
    events = session.finish()
    equal(len(events), 4, "records after it")
    stats = session.stats()
    equal((stats.delivered, stats.balance()), (4, 0), "delivered, balance")


# ---- many readers ----


@case("readers with the same filter each get all events", "readers")
def _same(context):
    module.ensure()
    sessions = [context.enter_context(Session(records_per_cpu=4096)) for _ in range(3)]
    burst = Burst(context, "mix", calls=900, threads=2)
    for session in sessions:
        session.only(tgid=burst.pid).start()
    readers = [Reader(session, size) for session, size in zip(sessions, (1, 64, 7))]
    made = burst.go().made()
    equal(made, 1800, "calls made")
    for session in sessions:
        session.stop()
    results = [reader.result() for reader in readers]
    for session, events in zip(sessions, results):
        equal(len(events), made, "records")
        equal(sum(tiles(events).values()), made, "numbers used")
        check_law(session.stats(), events)
        equal(sorted(keys(events)), sorted(keys(results[0])), "the same calls")


@case("readers with different filters each get just their events", "readers")
def _different(context):
    module.ensure()
    burst = Burst(context, "mix", calls=600)
    other = Burst(context, "mix", calls=300)
    wanted = {
        "connects of one": [rule(tgid=burst.pid, events=1 << CONNECT)],
        "sockets of the other": [rule(tgid=other.pid, events=1 << SOCKET)],
        "accepts of both": [rule(events=1 << ACCEPT4, tgid=b.pid) for b in (burst, other)],
        "nothing": [],
    }
    sessions = {name: context.enter_context(Session(records_per_cpu=1024)) for name in wanted}
    for name, session in sessions.items():
        session.filter(wanted[name], REJECT)
        session.start()
    equal((burst.go().made(), other.go().made()), (600, 300), "calls made")
    got = {}
    for name, session in sessions.items():
        events = session.finish()
        check_law(session.stats(), events)
        got[name] = {}
        for e in events:
            got[name][e.tgid, e.type] = got[name].get((e.tgid, e.type), 0) + 1
    equal(
        got,
        {
            "connects of one": {(burst.pid, CONNECT): 200},
            "sockets of the other": {(other.pid, SOCKET): 100},
            "accepts of both": {(burst.pid, ACCEPT4): 200, (other.pid, ACCEPT4): 100},
            "nothing": {},
        },
    )


@case("a session that comes and goes takes nothing from another", "readers")
def _come_and_go(context):
    module.ensure()
    session = context.enter_context(Session(records_per_cpu=16384))
    burst = Burst(context, "socket", threads=2)
    session.only(tgid=burst.pid).start()
    reader = Reader(session, 512)
    burst.go()
    for _ in range(10):
        with Session() as guest:
            guest.only(tgid=burst.pid).start()
            guest.wait()
    made = burst.made()
    session.stop()
    events = reader.result()
    context.diag(f"calls made: {made}, lost: {lost(events)}")
    equal(given(events) + lost(events), made, "delivered + lost")
    equal(sum(tiles(events).values()), made, "numbers used")
    check_law(session.stats(), events)


# ---- loss ----


def overload(context, session, calls):
    """Counted calls, as many as that on each of two CPUs."""
    bursts = [Burst(context, calls=calls, cpu=cpu) for cpu in two_cpus()]
    session.filter([rule(tgid=b.pid, events=CALLS) for b in bursts], REJECT)
    session.start()
    for burst in bursts:
        burst.go()
    return bursts


def check_overload(context, session, bursts, events, made=None):
    made = made or [burst.made() for burst in bursts]
    context.diag(f"made {sum(made)}, delivered {given(events)}, lost {lost(events)}")
    equal(given(events) + lost(events), sum(made), "delivered + lost")
    equal(tiles(events), dict(zip(two_cpus(), made)), "numbers used, by CPU")
    for e in events:
        if e.type == LOST:
            equal((e.phase, e.lost[1], e.version), (device.POINT, device.LOST_RING_FULL, 1))
        else:
            check(e.tgid in [b.pid for b in bursts])
    check_law(session.stats(), events)


@case("the reader asleep, a ring of 16: delivered + lost is what was made", "loss")
def _asleep(context):
    module.ensure()
    session = context.enter_context(Session(records_per_cpu=16))
    bursts = overload(context, session, 2000)
    for burst in bursts:
        burst.popen.wait()
    events = session.finish()
    check_overload(context, session, bursts, events)
    equal(sum(e.type == LOST for e in events), 2, "LOST records: one for each CPU")
    check(16 <= given(events) / 2 <= 17, "%d records from two rings of 16", given(events))


@case("a slow reader, the smallest ring: delivered + lost is what was made", "loss")
def _slow(context):
    module.ensure()
    session = context.enter_context(Session(records_per_cpu=2))
    check(session.info().records_per_cpu <= 16, "not so small")
    bursts = overload(context, session, 0)  # until they are told to end
    reader = Reader(session, 1)
    proc.wait_until(lambda: sum(e.type == LOST for e in list(reader.events)) > 20, "losses")
    made = [burst.made() for burst in bursts]
    session.stop()
    check_overload(context, session, bursts, reader.result(), made)


@case("a reader that wakes up in between: every loss is told in its place", "loss")
def _between(context):
    module.ensure()
    session = context.enter_context(Session(records_per_cpu=16))
    bursts = [Burst(context, calls=n, cpu=two_cpus()[0]) for n in (100, 16, 3, 500)]
    session.filter([rule(tgid=b.pid, events=CALLS) for b in bursts], REJECT)
    session.start()
    events = []
    for burst in bursts:
        burst.go().made()
        events += session.drain(3)
    session.stop()
    events += session.drain()
    order = [e.tgid for e in events if e.type != LOST]
    equal(order, sorted(order, key=[b.pid for b in bursts].index), "whose records, in order")
    equal(given(events) + lost(events), 619, "delivered + lost")
    equal(tiles(events), {two_cpus()[0]: 619}, "numbers used")
    check_law(session.stats(), events)


@case("a reader stopped by SIGSTOP loses, and knows what", "loss")
def _sigstop(context):
    module.ensure()
    session = context.enter_context(Session(records_per_cpu=64))
    bursts = overload(context, session, 1000)
    out, write = os.pipe()

    def read_all():
        os.kill(os.getpid(), 19)
        events = []
        while True:
            got = session.read()
            if not got:
                break
            events += got
        os.write(write, f"{given(events)} {lost(events)} {sum(tiles(events).values())}".encode())

    child = Child(context, read_all)
    child.go()
    os.waitpid(child.pid, os.WUNTRACED)
    made = sum(b.made() for b in bursts)
    session.stop()
    child.kill(18)
    equal(child.wait(), 0, "the reader's status")
    delivered, gone, numbers = map(int, os.read(out, 100).split())
    os.close(out)
    os.close(write)
    context.diag(f"made {made}, delivered {delivered}, lost {gone}")
    equal(delivered + gone, made, "delivered + lost")
    equal(numbers, made, "numbers used")
    stats = session.stats()
    equal((stats.delivered, stats.dropped, stats.balance()), (delivered, gone, 0))


@case("ten sessions with their own filters: the law holds in each", "loss")
def _ten(context):
    module.ensure()
    bursts = [Burst(context, "mix", calls=300, cpu=cpu) for cpu in two_cpus()]
    sessions = []
    for n in range(10):
        session = context.enter_context(Session(records_per_cpu=16 << n % 4))
        session.filter(
            [
                rule(REJECT, events=1 << (SOCKET, CONNECT, ACCEPT4)[n % 3], tgid=bursts[0].pid),
                rule(tgid=bursts[0].pid, events=CALLS),
                rule(REJECT if n % 2 else ACCEPT, tgid=bursts[1].pid),
            ],
            REJECT,
        )
        sessions.append(session.start())
    for burst in bursts:
        burst.go()
    for burst in bursts:
        equal(burst.made(), 300)
    for n, session in enumerate(sessions):
        events = session.finish()
        # Of the second: three calls a turn, and the connect's LSM record.
        expected = 200 + (0 if n % 2 else 400)
        equal(given(events) + lost(events), expected, f"session {n}: delivered + lost")
        equal(sum(tiles(events).values()), expected, f"session {n}: numbers used")
        check_law(session.stats(), events)


# ---- who calls ----


def know_each_other(context, kind):
    """A connection of that kind: each end's record tells the other's process and name."""
    module.ensure()
    name = f"\0peer-{kind}"
    listener = context.enter_context(socket.socket(socket.AF_UNIX, kind))
    listener.bind(name)
    listener.listen(1)

    def calls():
        os.setresuid(1234, 5678, 0)
        with socket.socket(socket.AF_UNIX, kind) as sock:
            sock.bind(name + "-client")
            sock.connect(name)

    child = Child(context, calls)
    session = context.enter_context(Session(config_flags=device.CONFIG_OWN))
    session.start()
    child.go()
    listener.accept()[0].close()
    equal(child.wait(), 0, "status")
    events = [e for e in session.finish() if e.tgid in (child.pid, os.getpid())]
    (accept,) = [e for e in events if e.type == ACCEPT4]
    (connect,) = [e for e in events if e.type == CONNECT]
    check(accept.flags & connect.flags & device.F_PEERCRED, "flags of %s, %s", accept, connect)
    equal((accept.peer_pid, accept.peer_uid), (child.pid, 5678), "the client")
    equal((connect.peer_pid, connect.peer_uid), (os.getpid(), 0), "the server")
    equal(accept.addr[2:], (name + "-client").encode(), "the client's name")
    equal(accept.local[2:], name.encode(), "the server's name")


@case("both ends of an AF_UNIX stream know the other's process", "unix")
def _peer_credentials(context):
    know_each_other(context, socket.SOCK_STREAM)


@case("both ends of an AF_UNIX SEQPACKET connection know the other's process", "unix")
def _peer_credentials_seqpacket(context):
    if module.kernel() < (6, 1):
        raise Skip("before 6.1 such a socket may lose its peer at any time")
    know_each_other(context, socket.SOCK_SEQPACKET)


@case("who it was: effective and login user, audit session, when the process began", "identity")
def _who(context):
    module.ensure()
    out, write = os.pipe()

    def fact(name):
        return pathlib.Path("/proc/self", name).read_text(encoding="ascii")

    def calls():
        pathlib.Path("/proc/self/loginuid").write_text("4242", encoding="ascii")
        # Field 22, counted behind the name, which may have blanks.
        start = fact("stat").rpartition(")")[2].split()[19]
        os.write(write, f"{fact('loginuid')} {fact('sessionid')} {start}".encode())
        os.setresuid(1001, 1002, -1)
        socket.socket().close()
        thread = threading.Thread(target=lambda: socket.socket().close())
        thread.start()
        thread.join()
        os.execvp("python3", ["python3", "-c", "import socket; socket.socket()"])

    child = Child(context, calls)
    session = context.enter_context(Session())
    session.only(tgid=child.pid).start()
    equal(child.go().wait(), 0, "status")
    login, audit, ticks = map(int, os.read(out, 100).split())
    os.close(out)
    os.close(write)
    events = session.finish()
    equal([(e.uid, e.euid) for e in events], [(1001, 1002)] * 3)
    equal({(e.loginuid, e.sessionid) for e in events}, {(login, audit)})
    equal(login, 4242)
    equal(len({e.start_ns for e in events}), 1, "a process, whatever it runs")
    equal(events[0].start_ns // (10**9 // os.sysconf("SC_CLK_TCK")), ticks, "clock ticks")


@case("in a pid namespace: its own numbers next to the initial ones", "identity")
def _pid_namespace(context):
    module.ensure()
    out, write = os.pipe()

    def calls():
        check(device.libc.unshare(0x20000000) == 0, "unshare(CLONE_NEWPID)")
        pid = os.fork()
        if pid == 0:
            pidns = proc.namespace("pid") if os.path.exists("/proc/self") else 0
            thread = threading.Thread(target=lambda: socket.socket().close())
            socket.socket().close()
            thread.start()
            thread.join()
            os._exit(pidns and 0)
        os.write(write, f"{pid} {proc.namespace('pid_for_children')}".encode())
        os.waitpid(pid, 0)

    child = Child(context, calls)
    session = context.enter_context(Session())
    session.only(ancestor=child.pid).start()
    equal(child.go().wait(), 0, "status")
    pid, pidns = map(int, os.read(out, 100).split())
    os.close(out)
    os.close(write)
    events = session.finish()
    equal([(e.tgid, e.ns_tgid, e.ppid) for e in events], [(pid, 1, child.pid)] * 2)
    equal([e.ns_tid for e in events], [1, 2], "threads in the namespace")
    equal((events[0].tid, events[1].tid != pid), (pid, True), "threads outside")
    equal({e.pidns for e in events}, {pidns}, "the namespace")


@case("in new net and mount namespaces and another cgroup: their numbers", "identity")
def _namespaces(context):
    module.ensure()
    out, write = os.pipe()
    mount = proc.cgroup_mount()
    check(mount, "no cgroup2 is mounted")
    group = f"{mount}/socktrace-test"
    os.makedirs(group, exist_ok=True)
    context.callback(os.rmdir, group)

    def calls():
        with open(f"{group}/cgroup.procs", "w", encoding="ascii") as file:
            file.write("0")
        check(device.libc.unshare(0x40020000) == 0, "unshare(CLONE_NEWNET | CLONE_NEWNS)")
        os.write(write, f"{proc.namespace('net')} {proc.namespace('mnt')}".encode())
        socket.socket().close()

    child = Child(context, calls)
    session = context.enter_context(Session())
    session.only(tgid=child.pid).start()
    equal(child.go().wait(), 0, "status")
    netns, mntns = map(int, os.read(out, 100).split())
    os.close(out)
    os.close(write)
    (event,) = session.finish()
    equal((event.netns, event.mntns), (netns, mntns), "namespaces")
    equal(event.cgroup_id, os.stat(group).st_ino, "cgroup")
    check(netns != proc.namespace("net") and mntns != proc.namespace("mnt"))


@case("real uid and gid, also of a process that changed them", "identity")
def _setuid(context):
    module.ensure()

    def calls():
        socket.socket().close()
        os.setresgid(12345, 1, 2)
        os.setresuid(65534, 1, 0)
        socket.socket().close()

    child = Child(context, calls)
    session = context.enter_context(Session())
    session.only(tgid=child.pid).start()
    equal(child.go().wait(), 0, "status")
    equal([(e.uid, e.gid) for e in session.finish()], [(0, 0), (65534, 12345)])


@case("in a user namespace: uids of the initial one", "identity")
def _user_namespace(context):
    module.ensure()

    def calls():
        os.setresgid(4000, 4000, 4000)
        os.setresuid(4000, 4000, 4000)
        device.libc.prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE: /proc/self is its own
        check(device.libc.unshare(0x10000000) == 0, "unshare(CLONE_NEWUSER)")
        with open("/proc/self/setgroups", "w", encoding="ascii") as file:
            file.write("deny")
        for kind in "ug":
            with open(f"/proc/self/{kind}id_map", "w", encoding="ascii") as file:
                file.write("0 4000 1")
        check(os.getuid() == 0 and os.getgid() == 0)
        socket.socket().close()

    child = Child(context, calls)
    session = context.enter_context(Session())
    session.only(tgid=child.pid).start()
    equal(child.go().wait(), 0, "status")
    equal([(e.uid, e.gid) for e in session.finish()], [(4000, 4000)])


@case("comm: any bytes, as the thread has it at the call", "identity")
def _comm(context):
    module.ensure()
    names = [b"\xff\x01\n\x1b[1m", b"fifteen bytes..", b""]

    def calls():
        for name in names:
            device.libc.prctl(15, name, 0, 0, 0)  # PR_SET_NAME
            socket.socket().close()

    child = Child(context, calls)
    session = context.enter_context(Session())
    session.only(tgid=child.pid).start()
    equal(child.go().wait(), 0, "status")
    equal([e.comm.split(b"\0")[0] for e in session.finish()], names)


@case("a file descriptor's session stays with it: dup, fork, the opener's end", "identity")
def _inherited(context):
    module.ensure()
    out, write = os.pipe()
    burst = Burst(context, calls=2)

    def open_and_leave():
        session = Session()
        session.only(tgid=burst.pid).start()
        keep = os.dup(session.fd)
        os.set_inheritable(keep, True)
        session.close()
        if os.fork() > 0:
            os._exit(0)  # the opener is gone
        os.write(write, b"s")
        session.fd = keep
        events = session.wait(2)
        os.write(write, f"{len(events)} {events[0].tgid}".encode())

    child = Child(context, open_and_leave)
    equal(child.go().wait(), 0, "the opener's status")
    equal(os.read(out, 1), b"s")
    burst.go().made()
    equal(os.read(out, 100).decode().split(), ["2", str(burst.pid)])
    os.close(out)
    os.close(write)


# ---- CPUs ----


@case("CPUs that go off and come back while tracing: nothing is unaccounted for", "cpus")
def _hotplug(context):
    module.ensure()
    switch = f"/sys/devices/system/cpu/cpu{two_cpus()[1]}/online"
    if not os.path.exists(switch):
        raise Skip("no CPU can be switched off")

    def turn(state):
        with open(switch, "w", encoding="ascii") as file:
            file.write(state)

    context.callback(turn, "1")
    session = context.enter_context(Session(records_per_cpu=512))
    burst = Burst(context, "socket", threads=4)
    session.only(tgid=burst.pid).start()
    reader = Reader(session, 128)
    burst.go()
    for _ in range(3):
        for state in "01":
            turn(state)
            before = session.stats().hits
            proc.wait_until(lambda: session.stats().hits > before + 50, "calls go on")
    turn("0")
    late = context.enter_context(Session())  # it starts while a CPU is off
    late.only(tgid=burst.pid).start()
    turn("1")
    seen = set()
    while not seen >= set(two_cpus()):
        seen |= {e.cpu for e in late.wait()}
    made = burst.made()
    session.stop()
    events = reader.result()
    context.diag(f"made {made}, delivered {given(events)}, lost {lost(events)}")
    equal(given(events) + lost(events), made, "delivered + lost")
    equal(sum(tiles(events).values()), made, "numbers used")
    check_law(session.stats(), events)
    late.stop()
    late.drain()
    equal(late.stats().balance(), 0, "the late session's balance")
