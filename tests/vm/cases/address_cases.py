# SPDX-License-Identifier: GPL-2.0
"""Addresses of every family that the kernel has, and what an accept knows of its peer."""

import ctypes
import dataclasses
import json
import os
import pickle
import socket
import struct
import subprocess

from lib import module, proc
from lib.device import ACCEPT4, ADDR_KERNEL, ADDR_NONE, CONNECT, F_BY_DESCRIPTOR, F_QUEUE, F_SOCK
from lib.device import TOCTOU_MATCH, Session, libc
from lib.tap import case, check, equal
from reader_cases import Live, tracing

EFAULT, EINVAL = 14, 22


def call(name, *args):
    """A call of libc, with any arguments: its result, or the negative errno."""
    ctypes.set_errno(0)
    got = getattr(libc, name)(*args)
    return -ctypes.get_errno() if got < 0 else got


def name_of(what, fd):
    """getsockname() or getpeername(): the bytes; b"": none."""
    buffer = ctypes.create_string_buffer(128)
    length = ctypes.c_int(128)
    if call(what, fd, buffer, ctypes.byref(length)) < 0:
        return b""
    return buffer.raw[: length.value]


class Watched(proc.Child):
    """A child that makes calls under a session, and says something of them."""

    def __init__(self, context, calls, events=1 << CONNECT | 1 << ACCEPT4):
        module.ensure()
        self._told, tell = os.pipe()

        def run():
            with os.fdopen(tell, "wb") as pipe:
                pickle.dump(calls(), pipe)

        super().__init__(context, run)
        os.close(tell)
        self.session = context.enter_context(Session())
        self.session.only(tgid=self.pid, events=events).start()

    def finish(self):
        """What it said, and the records of its calls."""
        self.go()
        with os.fdopen(self._told, "rb") as pipe:
            data = pipe.read()
        equal(self.wait(), 0, "the child's status")
        return pickle.loads(data), self.session.finish()


# ---- connect ----


@dataclasses.dataclass
class Row:
    """A connect: of which socket, to which address, and how the reader writes it."""

    socket: tuple
    address: bytes
    text: str
    json: dict
    modules: tuple = ()
    built_in: str = ""  # a function of what is no module anywhere

    @property
    def family(self):
        return struct.unpack_from("=H", self.address)[0]


def _sa(form, *values):
    return struct.pack("=" + form, *values)


_BDADDR = bytes((6, 5, 4, 3, 2, 0xA1))
ROWS = [
    Row(
        (16, socket.SOCK_RAW, 0),
        _sa("HHII", 16, 0, 0, 5),
        "AF_NETLINK pid=0 groups=0x5",
        {"nl_pid": 0, "nl_groups": 5},
    ),
    Row(
        (17, socket.SOCK_RAW, 0x0300),
        _sa("HHiHBB8s", 17, 0x0008, 1, 772, 4, 6, b"\1\2\3\4\5\6xy"),
        "AF_PACKET proto=0x800 if=1 hw=010203040506",
        {"protocol": 0x800, "ifindex": 1, "hatype": 772, "pkttype": 4, "hwaddr": "01:02:03:04:05:06"},
    ),
    Row(
        (40, socket.SOCK_STREAM, 0),
        _sa("HHIIB3x", 40, 0, 5555, 1, 0),
        "AF_VSOCK 1:5555",
        {"cid": 1, "port": 5555},
        ("vsock", "vsock_loopback"),
    ),
    Row(
        (38, socket.SOCK_SEQPACKET, 0),
        _sa("H14sII64s", 38, b"skcipher", 1, 2, b"cbc(aes)\n"),
        'AF_ALG alg_type="skcipher" alg_name="cbc(aes)\\x0a" feat=0x1 mask=0x2',
        {"alg_type": "skcipher", "alg_name": "cbc(aes)\n", "feat": 1, "mask": 2},
        ("af_alg",),
    ),
    Row(
        (30, socket.SOCK_RDM, 0),
        _sa("HBbIII", 30, 2, 2, 18888, 17, 0x1001001),
        "AF_TIPC service=18888 instance=17 domain=0x1001001 scope=2",
        {"service": 18888, "instance": 17, "domain": 0x1001001, "scope": 2},
        ("tipc",),
    ),
    Row(
        (30, socket.SOCK_RDM, 0),
        _sa("HBbIII", 30, 1, -1, 18888, 1, 4),
        "AF_TIPC service=18888 lower=1 upper=4 scope=-1",
        {"service": 18888, "lower": 1, "upper": 4, "scope": -1},
        ("tipc",),
    ),
    Row(
        (30, socket.SOCK_RDM, 0),
        _sa("HBbII4x", 30, 3, 0, 77, 0x1001002),
        "AF_TIPC ref=77 node=0x1001002 scope=0",
        {"ref": 77, "node": 0x1001002, "scope": 0},
        ("tipc",),
    ),
    Row(  # one byte too short
        (30, socket.SOCK_RDM, 0),
        _sa("HBbII3x", 30, 3, 0, 77, 0),
        "AF_TIPC raw 03004d0000000000000000" + "00" * 2,
        {"raw": "03004d0000000000000000" + "00" * 2},
        ("tipc",),
    ),
    Row(
        (29, socket.SOCK_DGRAM, 2),
        _sa("HHiII8x", 29, 0, 1, 0x123, 0x321),
        "AF_CAN ifindex=1",
        {"ifindex": 1},
        ("can", "can-bcm"),
    ),
    Row(
        (29, socket.SOCK_DGRAM, 7),
        _sa("HHiQIB3x", 29, 0, 1, 0x89ABCDEF00000001, 0x3FFFF, 0x20),
        "AF_CAN ifindex=1 j1939_name=0x89abcdef00000001 pgn=0x3ffff j1939_addr=0x20",
        {"ifindex": 1, "j1939_name": 0x89ABCDEF00000001, "pgn": 0x3FFFF, "j1939_addr": 0x20},
        ("can", "can-j1939"),
    ),
    Row(
        (31, socket.SOCK_SEQPACKET, 0),
        _sa("HH6sHBx", 31, 25, _BDADDR, 64, 1),
        "AF_BLUETOOTH bdaddr=a1:02:03:04:05:06 psm=25 cid=64 bdaddr_type=1",
        {"bdaddr": "a1:02:03:04:05:06", "psm": 25, "cid": 64, "bdaddr_type": 1},
        ("bluetooth",),
    ),
    Row(
        (31, socket.SOCK_RAW, 1),
        _sa("HHH", 31, 3, 1),
        "AF_BLUETOOTH hci_dev=3 hci_channel=1",
        {"hci_dev": 3, "hci_channel": 1},
        ("bluetooth",),
    ),
    Row(
        (31, socket.SOCK_SEQPACKET, 2),
        _sa("H6s", 31, _BDADDR),
        "AF_BLUETOOTH bdaddr=a1:02:03:04:05:06",
        {"bdaddr": "a1:02:03:04:05:06"},
        ("bluetooth",),
    ),
    Row(
        (31, socket.SOCK_STREAM, 3),
        _sa("H6sBx", 31, _BDADDR, 7),
        "AF_BLUETOOTH bdaddr=a1:02:03:04:05:06 channel=7",
        {"bdaddr": "a1:02:03:04:05:06", "channel": 7},
        ("bluetooth", "rfcomm"),
    ),
    Row(
        (44, socket.SOCK_RAW, 0),
        _sa("HHIII", 44, 4, 1, 2, 9),
        "AF_XDP ifindex=1 queue_id=2 xdp_flags=0x4 shared_umem_fd=9",
        {"ifindex": 1, "queue_id": 2, "xdp_flags": 4, "shared_umem_fd": 9},
        built_in="xsk_create",
    ),
    # A family without a decoder, two that are not the socket's, a number that is none's.
    Row(
        (35, socket.SOCK_DGRAM, 0),
        _sa("HBBB11s", 35, 1, 2, 3, b"\xff" * 11),
        "AF_PHONET raw 010203" + "ff" * 11,
        {"raw": "010203" + "ff" * 11},
        ("phonet",),
    ),
    Row(  # its protocol's number is RFCOMM's, but its family is not
        (2, socket.SOCK_RAW, 3),
        _sa("H6sBx", 31, _BDADDR, 7),
        "AF_BLUETOOTH raw 0605040302a10700",
        {"raw": "0605040302a10700"},
    ),
    Row(
        (2, socket.SOCK_DGRAM, 0),
        _sa("H14s", 1, b"/no/path\0junk"),
        'AF_UNIX "/no/path"',
        {"path": "/no/path"},
    ),
    Row((2, socket.SOCK_DGRAM, 0), _sa("H3s", 999, b"\n\0\xff"), "999 raw 0a00ff", {"raw": "0a00ff"}),
]


def available(row):
    """Has this kernel the socket? Where it has the modules or the function, it must."""
    missing = [
        name
        for name in row.modules
        if subprocess.run(["modprobe", name], capture_output=True, check=False).returncode
    ]
    if row.built_in and not module.has_function(row.built_in):
        missing.append(row.built_in)
    fd = call("socket", *row.socket)
    if fd >= 0:
        os.close(fd)
    check(fd >= 0 or missing, "no socket of %s: %d", row, fd)
    return fd >= 0


@case("a connect's address is told as it was passed, in whatever family", "families")
def _families(context):
    rows = [row for row in ROWS if available(row)]
    lacking = sorted({str(row.socket) for row in ROWS} - {str(row.socket) for row in rows})
    context.diag(f"connects: {len(rows)} of {len(ROWS)}; sockets that are not in this kernel: {lacking}")

    def calls():
        results = []
        for row in rows:
            fd = call("socket", *row.socket)
            results.append(call("connect", fd, row.address, len(row.address)))
            os.close(fd)
        return results

    child = Watched(context, calls)
    readers = [
        Live(context, "-q", "-o", form, "-e", "connect", "-p", child.pid) for form in ("json", "text")
    ]
    for reader in readers:
        tracing(reader, 3)
    results, events = child.finish()
    lines = [reader.end()[1].splitlines() for reader in readers]
    equal([len(events), *map(len, lines)], [len(rows)] * 3, "records, objects, lines")
    for row, ret, e, as_json, as_text in zip(rows, results, events, *lines):
        equal(e.ret, ret, f"result of {row}")
        expected = (ADDR_KERNEL, TOCTOU_MATCH, row.socket[0])
        equal((e.addr_source, e.toctou, e.sock_family), expected, str(row))
        # A path goes up to its NUL; all else is told to its end.
        length = 2 + len("/no/path\0") if row.family == 1 else len(row.address)
        equal(e.addr, row.address[:length], f"address of {row}")
        got = json.loads(as_json)["addr"]
        name = row.text.split()[0]
        equal(got, {"family": name, "family_id": row.family, **row.json}, f"JSON of {row}")
        check(f", {{{row.text}}}, {len(row.address)})" in as_text, "%s: %s", row.text, as_text)


@case("a client that the kernel names as it connects is told by that name", "families")
def _autobind(context):
    def calls():
        names = []
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_UNIX, kind) as server:
                server.bind(f"\0autobind-{kind}")
                if kind == socket.SOCK_STREAM:
                    server.listen(1)
                with socket.socket(socket.AF_UNIX, kind) as client:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
                    client.connect(f"\0autobind-{kind}")
                    names.append(name_of("getsockname", client.fileno()))
        return names

    names, events = Watched(context, calls).finish()
    check(all(len(name) == 8 for name in names), "%s", names)  # \0, five digits
    equal([e.local for e in events], names, "local addresses")


# ---- accept ----

LISTENERS = {
    "inet": (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
    "inet6": (socket.AF_INET6, socket.SOCK_STREAM, ("::1", 0)),
    "v4-mapped": (socket.AF_INET6, socket.SOCK_STREAM, ("::ffff:127.0.0.1", 0)),
    "unix": (socket.AF_UNIX, socket.SOCK_STREAM, "\0listener"),
    "unix packets": (socket.AF_UNIX, socket.SOCK_SEQPACKET, "\0listener"),
    "vsock": (socket.AF_VSOCK, socket.SOCK_STREAM, (1, 5556)),
}


def listeners():
    """Those that this kernel has, and whose peers it lets be told."""
    lacking = set()
    if not available(Row((40, socket.SOCK_STREAM, 0), b"", "", {}, ("vsock", "vsock_loopback"))):
        lacking.add("vsock")
    if module.kernel() < (6, 1):
        lacking.add("unix packets")  # such a socket may lose its peer at any time
    return [key for key in LISTENERS if key not in lacking]


def listen(key, clients):
    """A listener of a limit of 7, with clients that wait at it."""
    family, kind, address = LISTENERS[key]
    listener = socket.socket(family, kind)
    listener.bind(address)
    listener.listen(7)
    made = [socket.socket(family, kind) for _ in range(clients)]
    for client in made:
        client.connect(listener.getsockname())
    return listener, made


def accepts(events):
    return [e for e in events if e.type == ACCEPT4]


@case("accept tells peer, own address and queue in every family, accept4 alike", "accept")
def _accept(context):
    keys = listeners()

    def calls():
        names = []
        for key in keys:
            listener, clients = listen(key, 4)
            room, length = ctypes.create_string_buffer(128), ctypes.c_int(128)
            short = ctypes.c_int(4)
            for fd in (
                call("accept", listener.fileno(), room, ctypes.byref(length)),
                call("accept4", listener.fileno(), room, ctypes.byref(short), 0),
                call("accept", listener.fileno(), None, None),
                call("accept4", listener.fileno(), None, None, socket.SOCK_CLOEXEC),
            ):
                names.append((fd, name_of("getpeername", fd), name_of("getsockname", fd)))
                os.close(fd)
            for one in (listener, *clients):
                one.close()
        return names

    names, events = Watched(context, calls).finish()
    events = accepts(events)
    equal(len(events), 4 * len(keys), "accepts")
    context.diag(f"families: {', '.join(keys)}")
    for number, (e, (fd, peer, own)) in enumerate(zip(events, names)):
        what = f"{keys[number // 4]}, accept {number % 4}"
        equal((e.ret, e.addr_source), (fd, ADDR_KERNEL), f"result, source: {what}")
        equal((e.addr, e.local), (peer, own), f"peer, own address: {what}")
        check(e.flags & F_QUEUE and e.flags & F_SOCK, "flags: %s", what)
        equal((e.queue_len, e.queue_limit), (3 - number % 4, 7), f"queue: {what}")


def from_here(name):
    """A client's own name as its peer sees it: of AF_VSOCK it leaves the machine open."""
    family, _, port, cid = struct.unpack_from("=HHII", name.ljust(12, b"\0"))
    if (family, cid) != (socket.AF_VSOCK, socket.VMADDR_CID_ANY):
        return name
    return struct.pack("=HHII4x", family, 0, port, 1)


@case("an accept that can't write the peer's address has lost the connection, and says whose", "accept")
def _accept_fault(context):
    keys = listeners()

    def calls():
        told = []
        for key in keys:
            listener, clients = listen(key, 4)
            peers = [from_here(name_of("getsockname", client.fileno())) for client in clients]
            ends = [name_of("getpeername", client.fileno()) for client in clients]
            room, length = ctypes.create_string_buffer(128), ctypes.c_int(128)
            bad, negative = ctypes.c_void_p(1), ctypes.c_int(-1)
            results = [
                call("accept", listener.fileno(), bad, ctypes.byref(length)),
                call("accept4", listener.fileno(), room, bad, 0),
                call("accept", listener.fileno(), room, ctypes.byref(negative)),
            ]
            last = call("accept", listener.fileno(), None, None)
            # The kernel took three connections, and closed them.
            for client in clients[:3]:
                client.settimeout(10)
                try:
                    equal(client.recv(1), b"", f"end of {key}")
                except ConnectionResetError:
                    pass
            clients[3].setblocking(False)
            try:
                raise RuntimeError(f"{key} has come to its end: {clients[3].recv(1)}")
            except BlockingIOError:
                pass
            inode = os.fstat(listener.fileno()).st_ino
            told.append((results, inode, peers, ends))
            os.close(last)
            for one in (listener, *clients):
                one.close()
        return told

    told, events = Watched(context, calls).finish()
    events = accepts(events)
    equal(len(events), 4 * len(keys), "accepts")
    for key, (results, inode, peers, ends) in zip(keys, told):
        equal(results, [-EFAULT, -EFAULT, -EINVAL], f"results: {key}")
        for number, ret in enumerate(results):
            e = events.pop(0)
            what = f"{key}, accept {number}"
            # The ends are of the connection that it took, the socket is the listener.
            equal((e.ret, e.addr_source), (ret, ADDR_KERNEL), what)
            equal((e.addr, e.local), (peers[number], ends[number]), f"ends: {what}")
            equal((e.inode, e.flags & F_BY_DESCRIPTOR), (inode, 0), f"socket: {what}")
            equal((e.queue_len, e.queue_limit), (3 - number, 7), f"queue: {what}")
        check(events.pop(0).ret >= 0, "the last one of %s", key)
