# SPDX-License-Identifier: GPL-2.0
"""What becomes of connects that are under way when their call returns.

The second observer is the program itself: what SO_ERROR says of each socket.
"""

import errno
import functools
import json
import os
import pathlib
import select
import signal
import socket
import struct
import subprocess
import threading
import time

from lib import device, module
from lib.device import CONNECT, CONNECTED, F_LATE, REJECT, Session, libc, rule
from lib.proc import Child
from lib.tap import Skip, case, check, equal
import uring_cases

EVENTS = 1 << CONNECT | 1 << CONNECTED
CLONE_NEWNET = 0x40000000
TCP_SYNCNT, TCP_FASTOPEN_CONNECT, IPPROTO_MPTCP = 7, 30, 262
ERESTARTSYS = 512
LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}


def run(command):
    subprocess.run(command.split(), check=True, stdout=subprocess.DEVNULL)


def network(delay_ms=0):
    """For a child: a network of its own, where loopback takes that long each way."""
    check(libc.unshare(CLONE_NEWNET) == 0, "unshare(CLONE_NEWNET)")
    run("ip link set lo up")
    if delay_ms:
        run(f"tc qdisc add dev lo root netem delay {delay_ms}ms")


def hole():
    """Where what is sent to 10.9.0.2 is never heard of again."""
    run("ip link add hole type dummy")
    run("ip addr add 10.9.0.1/24 dev hole")
    run("ip link set hole up")


def nobody(**neighbours):
    """Where nobody else is in 10.8.0.0/24, which is noticed as the kernel is told."""
    run("ip link add here type veth peer name there")
    for name, value in neighbours.items():
        path = pathlib.Path(f"/proc/sys/net/ipv4/neigh/here/{name}")
        path.write_text(str(value), encoding="ascii")
    run("ip addr add 10.8.0.1/24 dev here")
    run("ip link set here up")
    run("ip link set there up")


@functools.lru_cache(None)
def has_delay():
    """Some kernels of the tests' own have no netem."""
    pid = os.fork()
    if pid == 0:
        try:
            network(1)
        except BaseException:  # pylint: disable=broad-except
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0


def needs_delay():
    module.ensure()
    if not has_delay():
        raise Skip("this kernel has no netem, to make loopback slow")


def delays():
    module.ensure()
    return (0, 30) if has_delay() else (0,)


def listener(family=socket.AF_INET):
    sock = socket.socket(family)
    sock.bind((LOOPBACK[family], 0))
    sock.listen(1024)
    return sock


def free_port(family=socket.AF_INET):
    with socket.socket(family) as sock:
        sock.bind((LOOPBACK[family], 0))
        return sock.getsockname()[1]


def begin(port, family=socket.AF_INET, address=None, protocol=0):
    """A connect that doesn't wait: the socket, and what the call said."""
    sock = socket.socket(family, socket.SOCK_STREAM, protocol)
    sock.setblocking(False)
    return sock, sock.connect_ex((address or LOOPBACK[family], port))


def outcome(sock, milliseconds=20000):
    """What SO_ERROR says when it is over."""
    poller = select.poll()
    poller.register(sock, select.POLLOUT)
    check(poller.poll(milliseconds), "nothing became of it")
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


def inode(sock):
    return os.fstat(sock.fileno()).st_ino


def traced(context, what, events=EVENTS, **conditions):
    """Runs it in a child: what it returned by JSON, its records, and the session."""
    out, write = os.pipe()

    def child():
        result = json.dumps(what()).encode()
        while result:
            result = result[os.write(write, result) :]

    process = Child(context, child)
    session = context.enter_context(Session(records_per_cpu=4096))
    session.only(tgid=process.pid, events=events, **conditions).start()
    process.go()
    os.close(write)
    with os.fdopen(out, "rb") as file:
        said = file.read()
    equal(process.wait(), 0, "status")
    records = session.finish()
    equal(session.stats().balance(), 0, "balance")
    return json.loads(said), records, session


def of(records, kind):
    return [e for e in records if e.type == kind]


def pair(records, ret=None):
    """The only connect among the records, and its outcome."""
    calls, ends = of(records, CONNECT), of(records, CONNECTED)
    if ret is not None:
        calls = [e for e in calls if e.ret == ret]
    equal((len(calls), len(ends)), (1, 1), f"records: {[str(e) for e in records]}")
    check_pair(calls[0], ends[0])
    return calls[0], ends[0]


SAME = """call_id tgid tid ppid uid gid euid start_ns ns_tgid ns_tid netns mntns pidns cgroup_id
comm args inode sock_family sock_type sock_protocol addr local addr_source via abi time_ns""".split()


def check_pair(call, end):
    for name in SAME:
        equal(getattr(end, name), getattr(call, name), f"{name}: {call}; {end}")
    equal((end.phase, end.toctou), (device.POINT, 0), str(end))
    check(end.duration_ns >= call.duration_ns, "over before its call: %s %s", call, end)


@case("a connect that doesn't wait is told when it is established, by its socket", "connected")
def _established(context):
    module.ensure()
    for family in LOOPBACK:
        for delay in delays():

            def one():
                network(delay)
                server = listener(family)
                sock, said = begin(server.getsockname()[1], family)
                return said, outcome(sock), inode(sock)

            said, records, _ = traced(context, one)
            equal(said[:2], [errno.EINPROGRESS, 0], "the program")
            call, end = pair(records)
            equal((call.ret, end.ret, end.inode), (-errno.EINPROGRESS, 0, said[2]), str(end))
            equal(end.flags & F_LATE, 0, f"late: {end}")
            check(end.duration_ns >= 2 * delay * 10**6, "sooner than it can be: %s", end)


@case("... or refused", "connected")
def _refused(context):
    module.ensure()
    for family in LOOPBACK:
        for delay in delays():

            def one():
                network(delay)
                sock, said = begin(free_port(family), family)
                return said, outcome(sock)

            said, records, _ = traced(context, one)
            equal(said[1], errno.ECONNREFUSED, "the program")
            if not delay and said[0] == errno.ECONNREFUSED:
                continue
            _, end = pair(records)
            equal(end.ret, -errno.ECONNREFUSED, str(end))
            equal(end.flags & F_LATE, 0, f"late: {end}")


@case("... timed out, or unreachable", "connected")
def _nobody(context):
    needs_delay()

    def both():
        network()
        hole()
        nobody()
        result = []
        socks = []
        for address, tries in (("10.9.0.2", 1), ("10.8.0.2", 3)):
            sock = socket.socket()
            sock.setsockopt(socket.IPPROTO_TCP, TCP_SYNCNT, tries)
            sock.setblocking(False)
            said = sock.connect_ex((address, 9))
            socks.append(sock)
            result.append([said, inode(sock)])
        return [[*one, outcome(sock)] for one, sock in zip(result, socks)]

    said, records, _ = traced(context, both)
    equal([one[2] for one in said], [errno.ETIMEDOUT, errno.EHOSTUNREACH], "the program")
    ends = {e.inode: e for e in of(records, CONNECTED)}
    for _, number, error in said:
        equal((ends[number].ret, ends[number].flags & F_LATE), (-error, 0), str(ends[number]))
        check(ends[number].duration_ns > 5 * 10**8, "too soon: %s", ends[number])


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def segment(source, target, ports, sequence, flags):
    """A TCP segment without data, in its IP packet."""
    ends = socket.inet_aton(source) + socket.inet_aton(target)
    tcp = struct.pack("!HHIIBBHHH", *ports, sequence, 0, 5 << 4, flags, 1024, 0, 0)
    sum_of = checksum(ends + struct.pack("!BBH", 0, socket.IPPROTO_TCP, len(tcp)) + tcp)
    tcp = tcp[:16] + struct.pack("!H", sum_of) + tcp[18:]
    return struct.pack("!BBHHHBBH", 0x45, 0, 40, 1, 0, 64, socket.IPPROTO_TCP, 0) + ends + tcp


@case("... or reset, when both ends had begun", "connected")
def _reset(context):
    syn, rst = 2, 4
    module.ensure()

    def both_begin():
        network()
        hole()
        for name in ("all", "lo"):
            with open(f"/proc/sys/net/ipv4/conf/{name}/rp_filter", "w", encoding="ascii") as file:
                file.write("0")
        sock, said = begin(9, address="10.9.0.2")
        number = inode(sock)
        ports = 9, sock.getsockname()[1]
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
            # Its own SYN, and not an answer to ours; then what ends that.
            for sequence, flags in ((1000, syn), (1001, rst)):
                raw.sendto(segment("10.9.0.2", "10.9.0.1", ports, sequence, flags), ("10.9.0.1", 0))
        return [said, number, outcome(sock)]

    said, records, _ = traced(context, both_begin)
    equal((said[0], said[2]), (errno.EINPROGRESS, errno.ECONNRESET), "the program")
    call, end = pair(records)
    equal((call.inode, end.ret, end.flags & F_LATE), (said[1], -errno.ECONNRESET, 0), str(end))


@case("... or given up: closed, shut down, disconnected, the process killed", "connected")
def _given_up(context):
    needs_delay()

    def close(sock):
        sock.close()

    def shut(sock):
        sock.shutdown(socket.SHUT_RDWR)

    def disconnect(sock):
        address = struct.pack("=H14x", socket.AF_UNSPEC)
        libc.connect(sock.fileno(), address, len(address))

    def die(_sock):
        os.kill(os.getpid(), signal.SIGKILL)

    for how in (close, shut, disconnect):

        def one():
            network(200)
            server = listener()
            sock, said = begin(server.getsockname()[1])
            how(sock)
            return said

        said, records, _ = traced(context, one)
        equal(said, errno.EINPROGRESS, "the program")
        _, end = pair(records, -errno.EINPROGRESS)
        equal((end.ret, end.flags & F_LATE), (-errno.ECANCELED, 0), f"{how.__name__}: {end}")
        check(end.duration_ns < 4 * 10**8, "not when it was given up: %s", end)

    def killed():
        network(2000)
        server = listener()
        sock, _ = begin(server.getsockname()[1])
        die(sock)

    child = Child(context, killed)
    session = context.enter_context(Session())
    session.only(tgid=child.pid, events=EVENTS).start()
    equal(child.go().wait(), -signal.SIGKILL, "status")
    _, end = pair(session.finish())
    equal((end.ret, end.flags & F_LATE, end.tgid), (-errno.ECANCELED, 0, child.pid), str(end))


@case("a connect that was interrupted, or waited no longer, has its outcome once", "connected")
def _interrupted(context):
    needs_delay()

    def interrupted():
        network(200)
        server = listener()
        sock = socket.socket()
        signal.signal(signal.SIGALRM, lambda *_: None)
        signal.siginterrupt(signal.SIGALRM, True)
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        address = struct.pack("=H", socket.AF_INET) + struct.pack(
            "!H4s8x", server.getsockname()[1], socket.inet_aton("127.0.0.1")
        )
        first = libc.connect(sock.fileno(), address, len(address))
        # It asks how it ended: no connect of its own.
        second = libc.connect(sock.fileno(), address, len(address))
        return first, second

    def restarted():
        network(200)
        server = listener()
        sock = socket.socket()
        signal.signal(signal.SIGALRM, lambda *_: None)
        signal.siginterrupt(signal.SIGALRM, False)
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        address = struct.pack("=H", socket.AF_INET) + struct.pack(
            "!H4s8x", server.getsockname()[1], socket.inet_aton("127.0.0.1")
        )
        return libc.connect(sock.fileno(), address, len(address))

    def timeo():
        network(200)
        server = listener()
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@qq", 0, 100000))
        said = sock.connect_ex(server.getsockname())
        return said, outcome(sock)

    said, records, _ = traced(context, interrupted)
    equal(said, [-1, 0], "the program")
    _, end = pair(records, -ERESTARTSYS)
    equal((end.ret, end.flags & F_LATE), (0, 0), str(end))
    said, records, _ = traced(context, restarted)
    equal(said, 0, "the program")
    _, end = pair(records, -ERESTARTSYS)
    equal((end.ret, end.flags & F_LATE), (0, 0), str(end))
    said, records, _ = traced(context, timeo)
    equal(said, [errno.EINPROGRESS, 0], "the program")
    _, end = pair(records)
    equal((end.ret, end.flags & F_LATE), (0, 0), str(end))


@case("asking again how it ends gives no second outcome; connecting again does", "connected")
def _again(context):
    needs_delay()

    def ask():
        network(50)
        server = listener()
        name = server.getsockname()
        sock, said = begin(name[1])
        results = [said]
        while results[-1] not in (0, errno.EISCONN):
            results.append(sock.connect_ex(name))
            time.sleep(0.005)
        results.append(sock.connect_ex(name))
        return sorted(set(results), key=results.index)

    said, records, _ = traced(context, ask)
    equal(said, [errno.EINPROGRESS, errno.EALREADY, 0, errno.EISCONN], "the program")
    pair(records, -errno.EINPROGRESS)

    def anew():
        network(20)
        sock, first = begin(free_port())
        error = outcome(sock)
        server = listener()
        second = sock.connect_ex(server.getsockname())
        if second == errno.ECONNABORTED:  # tells of the first
            second = sock.connect_ex(server.getsockname())
        return first, error, second, outcome(sock)

    said, records, _ = traced(context, anew)
    under_way = errno.EINPROGRESS
    equal(said, [under_way, errno.ECONNREFUSED, under_way, 0], "the program")
    ends = of(records, CONNECTED)
    equal([(e.ret, e.flags & F_LATE) for e in ends], [(-errno.ECONNREFUSED, 0), (0, 0)])
    equal(len({e.call_id for e in ends}), 2, "calls")


@case("a Fast Open's connect is told when its first data makes the connection", "connected")
def _fastopen(context):
    needs_delay()

    def put_off():
        network(30)
        pathlib.Path("/proc/sys/net/ipv4/tcp_fastopen").write_text("1", encoding="ascii")
        server = listener()
        # Without a cookie the first one is not put off.
        sock = socket.socket()
        sock.connect(server.getsockname())
        sock.close()
        pathlib.Path("/proc/sys/net/ipv4/tcp_fastopen").write_text("7", encoding="ascii")
        sock = socket.socket()
        sock.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1)
        sock.setblocking(False)
        said = sock.connect_ex(server.getsockname())
        time.sleep(0.1)
        sent = sock.send(b"data")
        return said, sent, outcome(sock), inode(sock)

    said, records, _ = traced(context, put_off)
    equal(said[:3], [0, 4, 0], "the program")
    records = [e for e in records if e.inode == said[3]]
    _, end = pair(records)
    equal((end.ret, end.flags & F_LATE), (0, 0), str(end))
    check(end.duration_ns > 10**8, "before the data: %s", end)

    def sent():
        network(30)
        server = listener()
        sock = socket.socket()
        sock.setblocking(False)
        try:
            sock.sendto(b"data", socket.MSG_FASTOPEN, server.getsockname())
            said = 0
        except OSError as error:
            said = error.errno
        return said, outcome(sock)

    said, records, _ = traced(context, sent)
    context.diag(f"MSG_FASTOPEN: {said}")
    equal(said, [errno.EINPROGRESS, 0], "the program")
    call, end = pair(records)
    equal((call.via, end.ret), (device.VIA_SENDMSG, 0), str(end))


@case("MPTCP's connects have theirs, as far as the kernel shows it", "connected")
def _mptcp(context):
    needs_delay()
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP).close()
    except OSError as error:
        raise Skip(f"no MPTCP: {error}") from error

    def one(port_of):
        network(30)
        server = listener()
        sock, said = begin(port_of(server), protocol=IPPROTO_MPTCP)
        return said, outcome(sock)

    for error, port_of in ((0, lambda server: server.getsockname()[1]),
                           (errno.ECONNREFUSED, lambda server: free_port())):
        said, records, _ = traced(context, lambda: one(port_of))
        equal(said, [errno.EINPROGRESS, error], "the program")
        _, end = pair(records)
        context.diag(f"{end}: late {bool(end.flags & F_LATE)}")
        check(end.ret == -error or end.flags & F_LATE, "%s", end)


@case("a connect whose SYN found no room is told when it does, or when it is closed", "connected")
def _crowded(context):
    module.ensure()

    def crowd():
        network()
        server = socket.socket()
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        socks = [begin(server.getsockname()[1])[0] for _ in range(6)]
        given_up = socks.pop()
        result = {inode(given_up): errno.ECANCELED}
        given_up.close()
        # Only now is there room: whoever found none comes again after a second.
        threading.Thread(target=lambda: [server.accept() for _ in socks], daemon=True).start()
        result.update((inode(sock), outcome(sock)) for sock in socks)
        return result

    said, records, _ = traced(context, crowd)
    calls = {e.call_id: e for e in of(records, CONNECT)}
    ends = of(records, CONNECTED)
    for end in ends:
        check_pair(calls[end.call_id], end)
    equal({str(e.inode): -e.ret for e in ends}, said, "outcomes")
    check(max(e.duration_ns for e in ends) > 10**9 // 2, "none had to wait")
    equal([str(e) for e in ends if e.flags & F_LATE], [], "late")


@case("io_uring's connects have theirs", "connected")
def _uring(context):
    module.ensure()
    _, done, records = uring_cases.traced(context, events=EVENTS)
    lines = [line for line in done if (line[0], line[4]) == ("connect", "io_uring")]
    calls = [e for e in of(records, CONNECT) if e.via == device.VIA_IO_URING]
    ends = {e.call_id: e for e in of(records, CONNECTED)}
    equal(len(calls), len(lines), "connects")
    equal(set(ends), {e.call_id for e in calls if e.ret == -errno.EINPROGRESS}, "under way")
    check(ends, "none was under way")
    for call, line in zip(calls, lines):
        if call.call_id in ends:
            check_pair(call, ends[call.call_id])
            equal(ends[call.call_id].ret, int(line[1]), f"{line}: {call}")


PROCESSES, EACH = 5, 100


def many():
    """Connects at once, half of them to nobody: what SO_ERROR said of each inode."""
    network(20)
    server = listener()
    ports = [server.getsockname()[1], free_port()]
    socks = [begin(ports[n % 2])[0] for n in range(EACH)]
    said = {}
    while socks:
        _, ready, _ = select.select([], socks, [], 20)
        for sock in ready:
            said[inode(sock)] = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            sock.close()
        socks = [sock for sock in socks if sock not in ready]
    return said


@case("500 connects at once of several processes: each outcome is what SO_ERROR says", "connected")
def _many(context):
    needs_delay()
    out, write = os.pipe()

    def one():
        os.write(write, json.dumps(many()).encode() + b"\n")

    children = [Child(context, one) for _ in range(PROCESSES)]
    session = context.enter_context(Session(records_per_cpu=4096))
    session.filter([rule(tgid=child.pid, events=EVENTS) for child in children], REJECT)
    session.start()
    for child in children:
        child.go()
    os.close(write)
    said = {}
    with os.fdopen(out, "rb") as file:
        for line in file:
            said.update(json.loads(line))
    for child in children:
        equal(child.wait(), 0, "status")
    records = session.finish()
    equal(session.stats().balance(), 0, "balance")
    equal(session.stats().missed, 0, "missed")
    calls = {e.call_id: e for e in of(records, CONNECT) if e.ret == -errno.EINPROGRESS}
    ends = of(records, CONNECTED)
    context.diag(f"{len(said)} sockets, {len(ends)} outcomes, "
                 f"{sum(bool(e.flags & F_LATE) for e in ends)} late")
    equal(len(said), PROCESSES * EACH, "sockets")
    for end in ends:
        check_pair(calls[end.call_id], end)
    wrong = [str(e) for e in ends if -e.ret != said[str(e.inode)]]
    equal(wrong, [], "differences")
    equal(sorted(str(e.inode) for e in ends), sorted(said), "sockets with an outcome")


@case("records come in the order of their ends, outcomes among them", "connected")
def _order(context):
    needs_delay()
    _, records, _ = traced(context, many)
    ends = [e.end_ns for e in records if not e.flags & F_LATE]
    equal(ends, sorted(ends), "order")


@case("a session that stops leaves no socket held, and the module can go", "connected")
def _stop(context):
    needs_delay()
    ready, write = os.pipe()
    end, over = os.pipe()

    def hold():
        network(5000)
        server = listener()
        socks = [begin(server.getsockname()[1])[0] for _ in range(50)]
        os.write(write, b"r")
        os.read(end, 1)
        for sock in socks:
            sock.close()

    child = Child(context, hold)
    with Session() as session, Session() as other:
        session.only(tgid=child.pid, events=EVENTS).start()
        other.only(tgid=child.pid, events=1 << CONNECT).start()
        child.go()
        os.read(ready, 1)
        armed = {p.symbol: p for p in session.info().probes if p.type == CONNECTED}
        check(all(p.flags & device.PROBE_ARMED for p in armed.values()), "armed: %s", armed)
        records = session.finish()
        equal((len(of(records, CONNECT)), len(of(records, CONNECTED))), (50, 0), "records")
        equal(session.stats().balance(), 0, "balance")
        # Of the two that are open the other doesn't ask for it.
        armed = {p.symbol: p for p in other.info().probes if p.type == CONNECTED}
        check(not any(p.flags & device.PROBE_ARMED for p in armed.values()), "armed: %s", armed)
        session.start()
    module.unload()
    os.write(over, b"o")
    equal(child.wait(), 0, "status")
    module.ensure()


@case("a full table is told: by the connect's flag, and as missed", "connected")
def _full(context):
    needs_delay()
    module.ensure("maxactive=32")

    def crowd():
        network(3000)
        server = listener()
        socks = [begin(server.getsockname()[1])[0] for _ in range(80)]
        return len(socks)

    _, records, session = traced(context, crowd)
    stats = session.stats()
    calls = of(records, CONNECT)
    ends = of(records, CONNECTED)
    flagged = [e for e in calls if e.flags & device.F_OUTCOME_MISSED]
    context.diag(f"{len(calls)} connects, {len(ends)} followed: {stats}")
    equal(len(calls), 80, "connects")
    check(0 < len(ends) < 80, "%d followed", len(ends))
    equal((len(flagged), stats.missed), (80 - len(ends), 80 - len(ends)), "missed")
    equal({e.ret for e in ends}, {-errno.ECANCELED}, "outcomes")


@case("filters by result and duration are about the outcome", "connected")
def _filters(context):
    needs_delay()

    def both():
        network(30)
        server = listener()
        results = []
        for port in (server.getsockname()[1], free_port()):
            sock, _ = begin(port)
            results.append(outcome(sock))
        return results

    refused = -errno.ECONNREFUSED
    for conditions, expected in (
        ({"failed": True}, [(CONNECTED, refused)]),
        ({"ok": True}, [(CONNECTED, 0)]),
        ({"error": errno.ECONNREFUSED}, [(CONNECTED, refused)]),
        ({"error": errno.EINPROGRESS}, [(CONNECT, -errno.EINPROGRESS)] * 2),
        ({"duration": 50 * 10**6}, [(CONNECTED, 0), (CONNECTED, refused)]),
        ({"ancestor": os.getpid(), "failed": True}, [(CONNECTED, refused)]),
        ({"ancestor": 2, "failed": True}, []),
        ({"cgroup_tree": os.stat("/sys/fs/cgroup").st_ino, "ok": True}, [(CONNECTED, 0)]),
        ({"cgroup_tree": 987654321, "ok": True}, []),
        ({"uid": (7, 9)}, []),
    ):
        said, records, session = traced(context, both, **conditions)
        equal(said, [0, errno.ECONNREFUSED], "the program")
        equal([(e.type, e.ret) for e in records], expected, f"{conditions}")
        stats = session.stats()
        # Two connects, and two outcomes unless both were refused at their entry.
        equal(stats.hits, 4 if expected else 2, f"{conditions}: hits of {stats}")
