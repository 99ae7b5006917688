# SPDX-License-Identifier: GPL-2.0
"""Connects that are made by neither connect() nor io_uring; and socketpair()."""

import ctypes
import errno
import mmap
import os
import re
import resource
import signal
import socket
import struct
import subprocess
import threading

from lib import device, module
from lib.absent import Absent
from lib.device import CONNECT, SOCKET, SOCKETPAIR, Session, libc
from lib.proc import Child, wait_until
from lib.tap import Skip, case, check, equal
from reader_cases import read
from uring_cases import shown

MSG_FASTOPEN = 0x20000000
AF_SMC = 43


def listener(context):
    """Where somebody listens on loopback."""
    sock = context.enter_context(socket.socket())
    sock.bind(("127.0.0.1", 0))
    sock.listen(8)
    return sock.getsockname()


def connects(context, function, **config):
    """What a child that runs this does, as records of connects and sockets."""
    child = Child(context, function)
    session = context.enter_context(Session(**config))
    session.only(tgid=child.pid, events=1 << CONNECT | 1 << SOCKET).start()
    equal(child.go().wait(), 0, "status")
    events = session.finish()
    equal(session.stats().balance(), 0, "balance")
    return [e for e in events if e.type == CONNECT]


@case("a send with MSG_FASTOPEN is a connect, and tells where to", "entry-points")
def _fastopen(context):
    module.ensure()
    to = listener(context)

    def send():
        with socket.socket() as sock:
            sock.sendto(b"hello", MSG_FASTOPEN, to)
            print(*sock.getsockname(), flush=True)
        with socket.socket() as sock:
            sock.connect(to)
            sock.send(b"hello")

    out = "/tmp/socktrace-fastopen"
    child = Child(context, send, output=out)
    session = context.enter_context(Session())
    session.only(tgid=child.pid, events=1 << CONNECT).start()
    equal(child.go().wait(), 0, "status")
    sent, called = session.finish()
    with open(out, encoding="ascii") as file:
        names = file.read().split()
    equal((sent.via, called.via), (device.VIA_SENDMSG, device.VIA_SYSCALL), "via")
    equal(shown(sent.addr), "%s:%d" % to, "address")
    equal(shown(sent.local), ":".join(names), "local")
    equal((sent.addr_source, sent.args[:2]), (device.ADDR_KERNEL, (-1, 16)), str(sent))
    check(sent.ret in (0, -errno.EINPROGRESS) and sent.inode, "%s", sent)


@case("a connect that is put off until the first data is told when it is called", "entry-points")
def _put_off(context):
    module.ensure()
    to = listener(context)

    def send():
        with socket.socket() as sock:
            sock.setsockopt(socket.IPPROTO_TCP, 30, 1)  # TCP_FASTOPEN_CONNECT
            sock.connect(to)
            sock.send(b"hello")

    events = connects(context, send)
    equal([(e.via, e.ret, shown(e.addr)) for e in events], [(device.VIA_SYSCALL, 0, "%s:%d" % to)])


def smc_call(call, sock, to):
    """connect() or bind() of an AF_SMC socket, which Python does not know."""
    address = struct.pack("=H", socket.AF_INET) + struct.pack("!H", to[1])
    address += socket.inet_aton(to[0]) + bytes(8)
    if call(sock.fileno(), address, len(address)):
        raise OSError(ctypes.get_errno(), call.__name__)


def smc_name(sock):
    """The struct sockaddr_in that it is bound to."""
    name, length = ctypes.create_string_buffer(16), ctypes.c_int(16)
    libc.getsockname(sock.fileno(), name, ctypes.byref(length))
    return name.raw


def smc_connect(to):
    """By AF_SMC: its connect makes another one, of TCP. The inode of its descriptor."""
    with socket.socket(AF_SMC, socket.SOCK_STREAM, 0) as sock:
        smc_call(libc.connect, sock, to)
        return os.fstat(sock.fileno()).st_ino


def needs_smc():
    if subprocess.run(["modprobe", "smc"], check=False).returncode:
        raise Skip("this kernel has no SMC")


@case("a connect that another connect makes on its way is not told twice", "entry-points")
def _nested(context):
    module.ensure()
    needs_smc()
    to = listener(context)
    events = connects(context, lambda: smc_connect(to) and None)
    equal([(e.via, shown(e.addr)) for e in events], [(device.VIA_SYSCALL, "%s:%d" % to)])


@case("a socket of SMC that went over to TCP is told by its descriptor's inode", "entry-points")
def _smc_inode(context):
    module.ensure()
    needs_smc()
    to = listener(context)
    out = "/tmp/socktrace-smc"

    def calls():
        connected = smc_connect(to)
        with socket.socket(AF_SMC, socket.SOCK_STREAM, 0) as server, socket.socket() as client:
            smc_call(libc.bind, server, ("127.0.0.1", 0))
            server.listen(1)
            port = struct.unpack("!H", smc_name(server)[2:4])[0]
            client.connect(("127.0.0.1", port))
            fd = libc.accept4(server.fileno(), None, None, 0)
            accepted = os.fstat(fd).st_ino
            failed = libc.connect(fd, b"\2\0" + bytes(14), 16)
        print(connected, accepted, failed, flush=True)

    child = Child(context, calls, output=out)
    session = context.enter_context(Session())
    session.only(tgid=child.pid, events=1 << CONNECT | 1 << device.ACCEPT4).start()
    equal(child.go().wait(), 0, "status")
    with open(out, encoding="ascii") as file:
        connected, accepted, failed = map(int, file.read().split())
    events = session.finish()
    (accept,) = [e for e in events if e.type == device.ACCEPT4]
    of_smc, _of_tcp, again = [e for e in events if e.type == CONNECT]
    equal((accept.ret >= 0, accept.inode), (True, accepted), f"accept: {accept}")
    equal((of_smc.ret, of_smc.inode), (0, connected), f"connect: {of_smc}")
    equal((again.ret < 0, again.inode), (failed < 0, accepted), f"connect of the accepted: {again}")


def kernel_connects(session):
    (probe,) = [p for p in session.info().probes if p.via == device.VIA_KERNEL]
    return probe.hits


@case("nor if nobody follows that one: its entry alone is asked for, or it is refused", "entry-points")
def _nested_in_unfollowed(context):
    module.ensure()
    needs_smc()
    to = listener(context)
    for phases, events, told in (
        (device.PHASE_ENTER, 1 << CONNECT, 1),
        (device.PHASE_EXIT, 1 << device.SOCKET, 0),
    ):
        child = Child(context, lambda: smc_connect(to) and None)
        session = context.enter_context(Session(phases=phases))
        before = kernel_connects(session)
        session.only(tgid=child.pid, events=events).start()
        equal(child.go().wait(), 0, "status")
        equal(kernel_connects(session), before, "hits of what the kernel connects by itself")
        made = [e.via for e in session.finish() if e.type == CONNECT]
        equal(made, [device.VIA_SYSCALL] * told, "records of connects")
        session.close()


@case("the kernel's own connects: those of NFS", "entry-points")
def _kernel(context):
    module.ensure()
    if subprocess.run(["modprobe", "nfsv4"], check=False).returncode:
        raise Skip("this kernel has no NFS")
    session = context.enter_context(Session())
    session.only(events=1 << CONNECT, remote_net="127.0.0.0/8").start()
    options = b"vers=4.0,addr=127.0.0.1,clientaddr=127.0.0.1,port=1,proto=tcp,soft,retrans=0,timeo=5"

    def mount():
        os.makedirs("/tmp/socktrace-nfs", exist_ok=True)
        libc = ctypes.CDLL(None, use_errno=True)
        libc.mount(b"127.0.0.1:/", b"/tmp/socktrace-nfs", b"nfs4", 0, options)

    child = Child(context, mount).go()
    events = wait_until(lambda: [e for e in session.drain() if e.via == device.VIA_KERNEL], "connect")
    child.kill(signal.SIGKILL)
    first = events[0]
    context.diag(f"{first.comm}: {first}")
    equal((shown(first.addr), first.abi), ("127.0.0.1:1", 0), str(first))
    check(first.ret < 0 and first.duration_ns and first.inode, "%s", first)
    session.stop()
    equal(session.stats().balance(), 0, "balance")


# ---- socketpair() ----

BOTH_PHASES = device.PHASE_ENTER | device.PHASE_EXIT
AF_TIPC = 30


def make_pair(domain, kind, protocol=0, at=None):
    """A socketpair(): 0 or the negative errno, and what stands in its memory."""
    sv = (ctypes.c_int * 2)(-1, -1)
    ctypes.set_errno(0)
    got = libc.socketpair(domain, kind, protocol, sv if at is None else ctypes.c_void_p(at))
    return (-ctypes.get_errno() if got < 0 else got), tuple(sv)


def pairs(context, calls, **config):
    """What a child says of its socketpair()s, a line each; the records of them."""
    module.ensure()
    out = "/tmp/socktrace-pairs"
    child = Child(context, calls, output=out)
    session = context.enter_context(Session(**config))
    session.only(tgid=child.pid, events=1 << SOCKETPAIR).start()
    before = session.info().of_calls()[SOCKETPAIR].hits
    equal(child.go().wait(), 0, "status")
    events = session.finish()
    equal(session.stats().balance(), 0, "balance")
    with open(out, encoding="ascii") as file:
        said = [tuple(map(int, line.split())) for line in file]
    hits = session.info().of_calls()[SOCKETPAIR].hits - before
    check(hits >= len(said), "%d hits of %d calls", hits, len(said))
    return said, events


@case("each socketpair() is told, with both descriptors and the first one's socket", "entry-points")
def _pairs(context):
    cloexec, nonblock = socket.SOCK_CLOEXEC, socket.SOCK_NONBLOCK
    calls = (
        *((1, kind | flags, 0) for kind in (1, 2, 3, 5) for flags in (0, cloexec | nonblock)),
        *((1, 1, 1), (1, 1, 77), (1, 4, 0), (1, 0x101, 0), (99, 1, 0), (-1, 1, 0), (2, 1, 6)),
    )

    def run():
        def tell(call, got, sv):
            inode = os.fstat(sv[0]).st_ino if got == 0 else 0
            print(*call, got, *sv, inode, flush=True)

        for call in calls:
            tell(call, *make_pair(*call))
        tell((1, 1, 0), *make_pair(1, 1, at=1))
        resource.setrlimit(resource.RLIMIT_NOFILE, (5, 5))
        tell((1, 1, 0), *make_pair(1, 1))

    said, events = pairs(context, run, phases=BOTH_PHASES)
    equal(len(said), len(calls) + 2, "calls")
    results = {name: -getattr(errno, name) for name in (
        *("EPROTONOSUPPORT", "ESOCKTNOSUPPORT", "EINVAL", "EAFNOSUPPORT", "EOPNOTSUPP"),
        *("EFAULT", "EMFILE"),
    )}
    equal({line[3] for line in said}, {0, *results.values()}, "results")
    entries, returns = ([e for e in events if e.phase == phase] for phase in (device.ENTER, device.EXIT))
    equal([e.call_id for e in entries], [e.call_id for e in returns], "calls of both phases")
    for line, entry, event in zip(said, entries, returns, strict=True):
        domain, kind, protocol, got, *sv, inode = line
        for e in (entry, event):
            equal((e.type, e.via, e.abi), (SOCKETPAIR, device.VIA_SYSCALL, device.ABI_X86_64), str(e))
            equal(e.args, (domain, kind, protocol), str(e))
            equal((e.addr_len, e.local_len, e.addr_source), (0, 0, device.ADDR_NONE), str(e))
        equal((entry.flags, entry.sv, any(entry.addrs)), (0, None, False), str(entry))
        equal((event.ret, event.inode), (got, inode), str(event))
        check(event.duration_ns > 0, "%s", event)
        if got:
            equal((event.flags, event.sv, any(event.addrs)), (0, None, False), str(event))
            continue
        equal(event.flags, device.F_SOCK | device.F_SV | device.F_BY_DESCRIPTOR, str(event))
        equal(list(event.sv), sv, str(event))
        # One of SOCK_RAW is made one of datagrams.
        made = kind & 15 if kind & 15 != 3 else 2
        equal((event.sock_family, event.sock_type, event.sock_protocol), (1, made, 0), str(event))


@case("a pair of AF_TIPC is told, too", "entry-points")
def _tipc(context):
    module.ensure()
    if subprocess.run(["modprobe", "tipc"], check=False).returncode:
        raise Skip("this kernel has no TIPC")

    def run():
        for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
            got, sv = make_pair(AF_TIPC, kind)
            print(got, *sv, os.fstat(sv[0]).st_ino, kind, flush=True)

    said, events = pairs(context, run)
    got = [(e.ret, *(e.sv or ()), e.inode, e.sock_type) for e in events]
    equal(got, said, "pairs")
    equal({e.sock_family for e in events}, {AF_TIPC}, "families")


@case("what another thread writes over a socketpair()'s result is never told as one", "entry-points")
def _overwritten(context):
    turns = 3000
    shared = mmap.mmap(-1, mmap.PAGESIZE)
    sv = (ctypes.c_int * 2).from_buffer(shared)
    # A socket of the same family, of which the other is no peer.
    other = context.enter_context(socket.socket(socket.AF_UNIX))

    def overwrite():
        while True:
            sv[0] = other.fileno()

    def run():
        got, (first, second) = make_pair(1, 1)
        os.close(first)
        os.close(second)
        for _ in range(turns):
            # The lowest free descriptors: known without that memory.
            got = libc.socketpair(1, 1, 0, sv)
            print(got, first, second, flush=True)
            os.close(first)
            os.close(second)

    Child(context, overwrite).go()
    untold = rounds = 0
    while not untold:
        rounds += 1
        check(rounds < 10, "never overwritten in time")
        said, events = pairs(context, run, records_per_cpu=8192)
        equal(len(events), turns + 1, "records")
        for line, event in zip(said, events[1:], strict=True):
            equal(event.ret, line[0], str(event))
            if event.sv is None:
                untold += 1
                equal((event.flags, event.inode, any(event.addrs)), (0, 0, False), str(event))
            else:
                equal(event.sv, line[1:], str(event))
    context.diag(f"pairs: {rounds * turns}, of them overwritten in time: {untold}")


@case("a socketpair() that waits is in flight, and one that is missed is told at its entry", "entry-points")
def _waits(context):
    module.ensure("maxactive=1")
    context.callback(module.ensure)
    Absent()  # or Skip
    gate, release = os.pipe()

    def wait():
        os.close(release)
        absent = Absent()
        thread = threading.Thread(target=make_pair, args=(1, 5, 0, absent.page))
        thread.start()
        os.read(gate, 1)
        absent.appear()
        thread.join()
        print(*(ctypes.c_int * 2).from_address(absent.page), flush=True)

    out = "/tmp/socktrace-waits"
    child = Child(context, wait, output=out)
    other = Child(context, lambda: make_pair(1, 2)[0])
    session = context.enter_context(Session())
    pids = (child.pid, other.pid)
    session.filter([device.rule(tgid=pid, events=1 << SOCKETPAIR) for pid in pids], device.REJECT)
    session.start()
    child.go()
    wait_until(lambda: session.inflight()[1], "a socketpair() in flight")
    (call,), _, _ = session.inflight()
    equal((call.type, call.tgid, call.args), (SOCKETPAIR, child.pid, (1, 5, 0)), str(call))
    equal((call.via, call.abi), (device.VIA_SYSCALL, device.ABI_X86_64), str(call))
    equal(other.go().wait(), 0, "status")
    (missed,) = session.drain()
    equal((missed.tgid, missed.args, missed.phase), (other.pid, (1, 2, 0), device.ENTER), str(missed))
    equal((missed.flags, missed.sv), (device.F_RETURN_MISSED, None), str(missed))
    os.write(release, b"g")
    equal(child.wait(), 0, "status")
    (event,) = session.finish()
    with open(out, encoding="ascii") as file:
        equal(event.sv, tuple(map(int, file.read().split())), str(event))
    equal((event.call_id, event.ret), (call.call_id, 0), str(event))
    stats = session.stats()
    equal((stats.missed, stats.balance()), (1, 0), str(stats))


@case("the reader shows a socketpair() as strace does, unless other events are asked for", "entry-points")
def _reader(_context):
    module.ensure()
    program = "import socket; socket.socketpair(); socket.socketpair(1, 2)[0].close()"
    command = ("--", "/usr/bin/python3", "-c", program)
    shape = r"socketpair\(AF_UNIX, %s\|SOCK_CLOEXEC, 0, \[(\d+), (\d+)\]\) += 0 <0\.\d{6}>$"
    for options in ((), ("-e", "socketpair"), ("--filter", "socketpair and family unix and ok")):
        status, _, said = read("-q", *options, *command)
        equal(status, 0, f"status: {said}")
        lines = [line for line in said.splitlines() if "socketpair(" in line]
        for kind in ("SOCK_STREAM", "SOCK_DGRAM"):
            shown_so = [line for line in lines if re.search(shape % kind, line)]
            equal(len(shown_so), 1, f"{options}, {kind}: {said}")
        equal(len(lines), 2, f"{options}: {said}")
    for options in (("-e", "socket,connect"), ("--filter", "socketpair and net 0/0"), ("--failed",)):
        status, _, said = read("-q", *options, *command)
        equal((status, "socketpair(" in said), (0, False), f"{options}: {said}")
