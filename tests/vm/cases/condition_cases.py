# SPDX-License-Identifier: GPL-2.0
"""Each condition of a rule, end to end, both sides of it."""

import contextlib
import errno
import ipaddress
import os
import socket

from lib import device, proc
from lib.device import ACCEPT4, CALLS, CONNECT, SOCKET, libc
from lib.judge import judged, mark, marks, tag
from lib.reading import types_of
from lib.tap import case, check, equal

BOTH_PHASES = device.PHASE_ENTER | device.PHASE_EXIT


@case("uid: both bounds of a range, of the real uid", "conditions")
def _uid(context):
    def calls():
        for uid in (0, 999, 1000, 1001, 2000, 2001, 4294967294):
            os.setresuid(uid, 0, 0)
            mark(uid % 100000)

    got = judged(
        context,
        calls,
        {
            "one": {"uid": (1000, 1000)},
            "range": {"uid": (1000, 2000)},
            "root": {"uid": (0, 0)},
            "last": {"uid": (2001, 4294967295)},
            "none": {"uid": (3000, 3999)},
        },
    )
    equal(
        marks(got),
        {
            "one": [1000],
            "range": [1000, 1001, 2000],
            "root": [0],
            "last": [2001, 4294967294 % 100000],
            "none": [],
        },
    )


@case("euid: the effective uid, whatever the real one is", "conditions")
def _euid(context):
    def calls():
        for uid in (999, 1000, 1001, 2000):
            os.setresuid(7, uid, 0)
            mark(uid)
            os.setresuid(0, 0, 0)

    wanted = {
        "one": {"euid": (1000, 1000)},
        "range": {"euid": (1000, 2000)},
        "the real one": {"euid": (7, 7)},
        "both": {"uid": (7, 7), "euid": (1001, 1001)},
        "none": {"uid": (8, 8), "euid": (1001, 1001)},
    }
    equal(
        marks(judged(context, calls, wanted)),
        {"one": [1000], "range": [1000, 1001, 2000], "the real one": [], "both": [1001], "none": []},
    )


@case("loginuid: who logged in, or nobody", "conditions")
def _loginuid(context):
    nobody = 0xFFFFFFFF

    def calls():
        for uid in (nobody, 1000, 1001, 0):
            with open("/proc/self/loginuid", "w", encoding="ascii") as file:
                file.write(str(uid))
            os.setresuid(5000, 5000, 0)
            mark(uid % 100000)
            os.setresuid(0, 0, 0)

    wanted = {
        "one": {"loginuid": (1000, 1000)},
        "range": {"loginuid": (0, 1000)},
        "nobody": {"loginuid": (nobody, nobody)},
        "anybody": {"loginuid": (0, nobody - 1)},
        "none": {"loginuid": (1002, nobody - 1)},
    }
    equal(
        marks(judged(context, calls, wanted)),
        {
            **{"one": [1000], "range": [1000, 0], "nobody": [nobody % 100000]},
            **{"anybody": [1000, 1001, 0], "none": []},
        },
    )


@case("protocol: the socket's, also where socket() left it open", "conditions")
def _protocol(context):
    def calls():
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_INET, kind) as sock:
                tag(sock, "connect", ("127.0.0.1", 1))
        libc.socket(socket.AF_INET, socket.SOCK_STREAM, 250)  # no such protocol
        libc.socket(socket.AF_INET, socket.SOCK_DGRAM, 17)
        libc.accept4(-1, None, None, 0)

    wanted = {n: {"protocol": n} for n in (0, 6, 17, 250)}
    wanted["entry"] = {"protocol": 17, "phases": device.PHASE_ENTER}
    got = judged(context, calls, wanted, phases=BOTH_PHASES)
    got = {name: sorted((e.type, e.phase) for e in events) for name, events in got.items()}
    opened, connected = (SOCKET, device.EXIT), (CONNECT, device.EXIT)
    entered = [(SOCKET, device.ENTER), (CONNECT, device.ENTER)]
    # Of an entry to socket() there is only what its caller asked for.
    equal(got[0], [entered[0]] * 2, "0")
    equal(got[6], [opened, *sorted((entered[1], connected))], "tcp")
    equal(got[17], [entered[0], opened, opened, *sorted((entered[1], connected))], "udp")
    equal(got[250], sorted((entered[0], opened)), "one that there isn't")
    equal(got["entry"], entered, "entries")


@case("comm: all of it, or its beginning", "conditions")
def _comm(context):
    names = [b"nginx", b"nginx: worker", b"ngin", b"", b"fifteen bytes..", b"\xff\x01 x"]

    def calls():
        for number, name in enumerate(names):
            libc.prctl(15, name, 0, 0, 0)  # PR_SET_NAME
            mark(number)

    got = judged(
        context,
        calls,
        {
            "nginx": {"comm": b"nginx"},
            "nginx*": {"comm_prefix": b"nginx"},
            "ngin*": {"comm_prefix": b"ngin"},
            "all 15 bytes": {"comm": b"fifteen bytes.."},
            "14 of them": {"comm": b"fifteen bytes."},
            "14 of them*": {"comm_prefix": b"fifteen bytes."},
            "any bytes": {"comm": b"\xff\x01 x"},
            "ginx": {"comm_prefix": b"ginx"},
            "longer": {"comm_prefix": b"nginxx"},
        },
    )
    equal(
        marks(got),
        {
            "nginx": [0],
            "nginx*": [0, 1],
            "ngin*": [0, 1, 2],
            "all 15 bytes": [4],
            "14 of them": [],
            "14 of them*": [4],
            "any bytes": [5],
            "ginx": [],
            "longer": [],
        },
    )


@case("namespaces: net, mnt and pid, the new one and the first", "conditions")
def _namespaces(context):
    gates = [os.pipe() for _ in range(2)]

    def forked(number, gate):
        if os.fork() == 0:
            os.read(gate[0], 1)
            mark(number)
            os._exit(0)

    def setup():
        forked(1, gates[0])
        check(libc.unshare(0x60020000) == 0, "unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID)")
        forked(2, gates[1])
        return [proc.namespace(kind) for kind in ("net", "mnt", "pid_for_children")]

    def calls():
        for _, gate in gates:
            os.write(gate, b"g")
            os.wait()
        mark(3)

    def wanted(numbers):
        conditions = {}
        for kind, number in zip(("net", "mnt", "pid"), numbers):
            conditions[f"new {kind}"] = {f"{kind}ns": number}
            conditions[f"first {kind}"] = {f"{kind}ns": proc.namespace(kind)}
            conditions[f"no {kind}"] = {f"{kind}ns": 1}
        conditions["both"] = {"netns": numbers[0], "pidns": numbers[2]}
        return conditions

    got = marks(judged(context, calls, wanted, setup))
    for gate in gates:
        os.close(gate[0])
        os.close(gate[1])
    # The one that unshared stays in the first pid namespace itself.
    for kind, new, first in (("net", [2, 3], [1]), ("mnt", [2, 3], [1]), ("pid", [2], [1, 3])):
        equal(got[f"new {kind}"], new, f"new {kind}")
        equal(got[f"first {kind}"], first, f"first {kind}")
        equal(got[f"no {kind}"], [], f"no {kind}")
    equal(got["both"], [2], "net and pid")


@case("cgroup: that one alone, or all below it", "conditions")
def _cgroup(context):
    top = f"{proc.cgroup_mount()}/socktrace-filter"
    groups = [top, f"{top}/a", f"{top}/a/b", f"{top}/ab"]
    for group in groups:
        os.makedirs(group, exist_ok=True)
        context.callback(os.rmdir, group)
    ids = [os.stat(group).st_ino for group in groups]

    def calls():
        mark(9)
        for number, group in enumerate(groups):
            proc.join_cgroup(group)
            mark(number)

    wanted = {"root tree": {"cgroup_tree": os.stat(proc.cgroup_mount()).st_ino}}
    for number, group in enumerate(ids):
        wanted[f"{number}"] = {"cgroup": group}
        wanted[f"{number} tree"] = {"cgroup_tree": group}
    wanted["none"] = {"cgroup": 999999999}
    wanted["none tree"] = {"cgroup_tree": 999999999}
    got = marks(judged(context, calls, wanted))
    equal(got.pop("root tree"), [9, 0, 1, 2, 3], "root tree")
    equal((got.pop("none"), got.pop("none tree")), ([], []), "an id that nobody has")
    trees = ([0, 1, 2, 3], [1, 2], [2], [3])
    for number in range(4):
        equal(got[f"{number}"], [number], f"{number}")
        equal(got[f"{number} tree"], trees[number], f"{number} tree")


@case("cgroups of v1: those of one hierarchy, and no other of the same number", "conditions")
def _cgroup_v1(context):
    top = proc.v1_cgroups(context)
    groups = [f"{top}/a", f"{top}/a/b", f"{proc.cgroup_mount()}/socktrace-v1"]
    for group in groups:
        os.mkdir(group)
        context.callback(os.rmdir, group)
    a, b, v2 = (os.stat(group).st_ino for group in groups)
    v1, root = device.CGROUP_V1, os.stat(proc.cgroup_mount()).st_ino

    def calls():
        mark(9)
        for number, group in enumerate(groups):
            proc.join_cgroup(group)
            mark(number)

    wanted = {
        "a": {"cgroup": v1 | a}, "a tree": {"cgroup_tree": v1 | a}, "b tree": {"cgroup_tree": v1 | b},
        "v1": {"cgroup_tree": v1 | os.stat(top).st_ino}, "v2": {"cgroup": v2},
        "not of v2": {"cgroup": a}, "not of v1": {"cgroup_tree": v1 | v2}, "all": {"cgroup_tree": root},
    }
    got = judged(context, calls, wanted)
    told = {event.args[2]: event.cgroup_id for event in got["all"]}
    equal(told, {9: root, 0: v1 | a, 1: v1 | b, 2: v2}, "ids")
    # One that is in a cgroup of v2, too, is still where it was in v1.
    equal(marks(got), {
        "a": [0], "a tree": [0, 1, 2], "b tree": [1, 2], "v1": [9, 0, 1, 2], "v2": [2],
        "not of v2": [], "not of v1": [], "all": [9, 0, 1, 2],
    }, "by condition")


@case("socket types: the argument, its flags aside, or the socket's", "conditions")
def _types(context):
    def calls():
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
            with socket.socket(socket.AF_UNIX, kind | socket.SOCK_NONBLOCK) as sock:
                tag(sock, "connect", "/nowhere")
                libc.accept4(sock.fileno(), None, None, 0)
        libc.socket(2, 13, 0)  # there is none such
        libc.accept4(-1, None, None, 0)
        libc.connect(-1, None, 0)

    got = judged(
        context,
        calls,
        {n: {"types": n} for n in ((1,), (2,), (5,), (1, 5), (13,), (3,), tuple(range(16)))},
    )
    got = {name: types_of(events) for name, events in got.items()}
    each = {SOCKET: 1, CONNECT: 1, ACCEPT4: 1}
    equal([got[1,], got[2,], got[5,]], [each] * 3, "one type")
    equal(got[1, 5], {kind: 2 for kind in each}, "two types")
    equal((got[13,], got[3,]), ({SOCKET: 1}, {}), "one that there isn't, and raw")
    equal(got[tuple(range(16))], {SOCKET: 4, CONNECT: 3, ACCEPT4: 3}, "all: not what has none")


@case("phases: entry, return, and the points between", "conditions")
def _phases(context):
    def calls():
        with socket.socket(socket.AF_UNIX) as sock:
            tag(sock, "connect", "/nowhere")

    events = CALLS | 1 << device.LSM_CONNECT
    point = device.PHASE_POINT
    masks = (device.PHASE_ENTER, device.PHASE_EXIT, point, device.PHASE_ENTER | point)
    wanted = {mask: {"phases": mask, "events": events} for mask in masks}
    got = judged(context, calls, wanted, phases=BOTH_PHASES)
    got = {mask: sorted((e.type, e.phase) for e in records) for mask, records in got.items()}
    enter = [(SOCKET, device.ENTER), (CONNECT, device.ENTER)]
    lsm = [(device.LSM_CONNECT, device.POINT)]
    equal(got[device.PHASE_ENTER], enter, "entry")
    equal(got[device.PHASE_EXIT], [(SOCKET, device.EXIT), (CONNECT, device.EXIT)], "return")
    equal(got[point], lsm, "points")
    equal(got[device.PHASE_ENTER | point], enter + lsm, "entry and points")


def as_v6(text):
    address = ipaddress.ip_address(text)
    return ipaddress.ip_address(f"::ffff:{text}") if address.version == 4 else address


def as_v6_net(text):
    net = ipaddress.ip_network(text)
    if net.version == 4:
        net = ipaddress.ip_network(f"::ffff:{net.network_address}/{net.prefixlen + 96}")
    return net


@case("remote network: IPv4, IPv6, and IPv4 seen by an IPv6 socket", "conditions")
def _remote_net(context):
    addresses = (
        *("9.255.255.255", "10.0.0.0", "10.127.255.255", "10.128.0.0", "10.255.255.255"),
        *("11.0.0.0", "127.0.0.1", "127.0.0.2", "255.255.255.255", "0.0.0.0"),
        *("::1", "::2", "fd00::1", "fdff:ffff::", "fe00::1", "2001:db8::1", "2001:db9::"),
        *("::ffff:10.1.2.3", "::ffff:11.0.0.0", "::ffff:127.0.0.1", "::fffe:10.0.0.1"),
    )
    nets = (
        *("10.0.0.0/8", "10.128.0.0/9", "127.0.0.1/32", "127.0.0.0/31", "0.0.0.0/0"),
        *("::/0", "::1/128", "::/127", "fd00::/8", "2001:db8::/32", "2001:db8::/31"),
        *("::ffff:0:0/96", "::ffff:10.0.0.0/104", "192.168.0.0/16"),
    )

    def calls():
        for number, address in enumerate(addresses):
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            with socket.socket(family, socket.SOCK_DGRAM) as sock:
                # Most of them have no route; the call says where to, all the same.
                tag(sock, "connect", (address, 1000 + number))

    got = judged(context, calls, {net: {"remote_net": net} for net in nets})
    for net in nets:
        expected = [n for n, a in enumerate(addresses) if as_v6(a) in as_v6_net(net)]
        seen = [int.from_bytes(e.addr[2:4], "big") - 1000 for e in got[net]]
        equal(seen, expected, net)
        equal({e.type for e in got[net]} <= {CONNECT}, True, "types")


@case("ports and networks of both ends, of connects and accepts", "conditions")
def _ports(context):
    ports = (1, 1022, 1023, 1024, 65535)

    def setup():
        return None

    def calls():
        for port in ports:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.bind(("127.0.0.3", 4000 + port % 1000))
                sock.connect(("127.0.0.1", port))
        # One listener, for IPv6 and IPv4, with a client of each.
        with socket.create_server(("::", 5555), family=socket.AF_INET6, dualstack_ipv6=True) as server:
            for number, address in enumerate(("127.0.0.2", "::1")):
                family = socket.AF_INET6 if ":" in address else socket.AF_INET
                with socket.socket(family) as client:
                    client.bind((address, 6000 + number))
                    client.connect((address, 5555))
                    server.accept()[0].close()

    connects, accepts = 1 << CONNECT, 1 << ACCEPT4
    wanted = {
        "to 1-1023": {"remote_port": (1, 1023), "events": connects},
        "to 1023": {"remote_port": (1023, 1023), "events": connects},
        "to 1024-": {"remote_port": (1024, 65535), "events": connects},
        "to 2-1021": {"remote_port": (2, 1021), "events": connects},
        "from 4001-4022": {"local_port": (4001, 4022), "events": connects},
        "from 127.0.0.3": {"local_net": "127.0.0.3/32", "events": connects},
        "from 127.0.0.3 to 1-1023": {
            **{"local_net": "127.0.0.3/32", "remote_port": (1, 1023), "events": connects}
        },
        "at 5555": {"local_port": (5555, 5555), "events": accepts},
        "at 5554": {"local_port": (0, 5554), "events": accepts},
        "peer 6001": {"remote_port": (6001, 7000), "events": accepts},
        "peer 127.0.0.2": {"remote_net": "127.0.0.2/32", "events": accepts},
        "peer ::1": {"remote_net": "::1/128", "events": accepts},
        "at 127.0.0.2": {"local_net": "127.0.0.0/8", "events": accepts},
        "peer 127.0.0.2 with the other's port": {
            **{"remote_net": "127.0.0.2/32", "remote_port": (6001, 6001), "events": accepts}
        },
    }
    got = judged(context, calls, wanted, setup)
    got = {name: [int.from_bytes(e.addr[2:4], "big") for e in events] for name, events in got.items()}
    equal(
        got,
        {
            "to 1-1023": [1, 1022, 1023],
            "to 1023": [1023],
            "to 1024-": [1024, 65535, 5555, 5555],
            "to 2-1021": [],
            "from 4001-4022": [1, 1022],
            "from 127.0.0.3": list(ports),
            "from 127.0.0.3 to 1-1023": [1, 1022, 1023],
            "at 5555": [6000, 6001],
            "at 5554": [],
            "peer 6001": [6001],
            "peer 127.0.0.2": [6000],
            "peer ::1": [6001],
            "at 127.0.0.2": [6000],
            "peer 127.0.0.2 with the other's port": [],
        },
    )


@case("UNIX path: its beginning, at either end; an abstract name begins with NUL", "conditions")
def _path(context):
    where = "/tmp/socktrace-path"
    os.makedirs(where, exist_ok=True)
    long = f"{where}/" + "x" * (106 - len(where))  # 107 bytes, and a NUL
    names = [f"{where}/sock", f"{where}/none", f"{where}2", "\0socktrace-abc", "\0socktrac", long]

    def calls():
        for name in names:
            with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
                if name != names[1]:
                    with contextlib.suppress(OSError):
                        os.unlink(name) if name[0] != "\0" else None
                    server.bind(name)
                    server.listen(1)
                tag(client, "connect", name)
                if name != names[1]:
                    server.accept()[0].close()
                    if name[0] != "\0":
                        os.unlink(name)

    ends = ("/", f"{where}/", f"{where}/s", where, "\0", "\0socktrace-", "\0socktrace-abcd", long, "x")
    wanted = {end: {"path": end.encode()} for end in ends}
    got = judged(context, calls, wanted)
    os.rmdir(where)
    for end in ends:
        expected = [n for n, name in enumerate(names) if name.startswith(end)]
        path = lambda e: (e.addr if e.type == CONNECT else e.local)[2:].rstrip(b"\0")
        numbers = [[n.encode() for n in names].index(path(e)) for e in got[end] if e.type == CONNECT]
        equal(numbers, expected, f"connects to {end!r}")
        listening = [n for n in expected if n != 1]
        numbers = [[n.encode() for n in names].index(path(e)) for e in got[end] if e.type == ACCEPT4]
        equal(numbers, listening, f"accepts at {end!r}")
        equal({e.type for e in got[end]} <= {CONNECT, ACCEPT4}, True, "types")


@case("results: done, failed, or one errno; nothing of an entry or a point", "conditions")
def _results(context):
    def calls():
        with socket.socket(socket.AF_UNIX) as sock:  # 0
            libc.socket(70, 0, 0)  # EAFNOSUPPORT
            tag(sock, "connect", "/nowhere")  # ENOENT
            libc.accept4(sock.fileno(), None, None, 0)  # EINVAL
            libc.accept4(-1, None, None, 0)  # EBADF
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:  # 0
            sock.connect(("127.0.0.1", 9))  # 0

    wanted = {
        "all": {},
        "ok": {"ok": True},
        "failed": {"failed": True},
        "both": {"ok": True, "failed": True},
        "ENOENT": {"error": errno.ENOENT},
        "EBADF": {"error": errno.EBADF},
        "EBADF and ok": {"error": errno.EBADF, "ok": True},
        "4095": {"error": 4095},
    }
    wanted = {name: {"events": device.EVENTS_ALL, **conditions} for name, conditions in wanted.items()}
    got = judged(context, calls, wanted, phases=BOTH_PHASES)
    equal(len(got.pop("all")), 16, "entries, returns, points")
    for name, events in got.items():
        equal({e.phase for e in events} <= {device.EXIT}, True, f"phases of {name}")
        got[name] = [-e.ret if e.ret < 0 else 0 for e in events]
    bad = [errno.EAFNOSUPPORT, errno.ENOENT, errno.EINVAL, errno.EBADF]
    equal(
        got,
        {
            "ok": [0, 0, 0],
            "failed": bad,
            "both": [],
            "ENOENT": [errno.ENOENT],
            "EBADF": [errno.EBADF],
            "EBADF and ok": [],
            "4095": [],
        },
    )


@case("shortest duration: an accept that waited, and calls that did not", "conditions")
def _duration(context):
    def calls():
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(None)
            server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, device.struct.pack("qq", 0, 400000))
            tag(server, "accept")

    least = (0, 200 * 10**6, 20 * 10**9, (1 << 64) - 1)
    wanted = {ns: {"duration": ns} for ns in least}
    got = judged(context, calls, wanted, phases=BOTH_PHASES)
    got = {ns: [(e.type, e.phase) for e in events] for ns, events in got.items()}
    slow = [(ACCEPT4, device.EXIT)]
    equal(got, {0: [(SOCKET, device.EXIT)] + slow, least[1]: slow, least[2]: [], least[3]: []})
