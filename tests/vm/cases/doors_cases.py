# SPDX-License-Identifier: GPL-2.0
"""Connects that are made by neither connect() nor io_uring."""

import ctypes
import errno
import os
import signal
import socket
import struct
import subprocess

from lib import device, module
from lib.device import CONNECT, SOCKET, Session
from lib.proc import Child, wait_until
from lib.tap import Skip, case, check, equal
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


@case("a send with MSG_FASTOPEN is a connect, and tells where to", "doors")
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


@case("a connect that is put off until the first data is told when it is called", "doors")
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


@case("a connect that another connect makes on its way is not told twice", "doors")
def _nested(context):
    module.ensure()
    if subprocess.run(["modprobe", "smc"], check=False).returncode:
        raise Skip("this kernel has no SMC")
    to = listener(context)

    def connect():
        with socket.socket(AF_SMC, socket.SOCK_STREAM, 0) as sock:
            # Python does not know the family: struct sockaddr_in by hand.
            address = struct.pack("=H", socket.AF_INET) + struct.pack("!H", to[1])
            address += socket.inet_aton(to[0]) + bytes(8)
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.connect(sock.fileno(), address, len(address)):
                raise OSError(ctypes.get_errno(), "connect")

    events = connects(context, connect)
    equal([(e.via, shown(e.addr)) for e in events], [(device.VIA_SYSCALL, "%s:%d" % to)])


@case("the kernel's own connects: those of NFS", "doors")
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
