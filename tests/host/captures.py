#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Captures (userspace/capture/format.h) that no reader wrote, on standard output.

captures.py swap: that of standard input, in the other byte order.
captures.py addresses | facts [PIDNS] | abi ABI | header NAME=VALUE...
"""
import errno
import socket
import struct
import sys

import records

HEADER = "8sIHH4I8I24s"
RECORDS, KNOWN, CGROUP, EXE, END = 1, 2, 3, 4, 5
MAGIC = b"\xd7socktrc"
NUMBERS = (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_NONBLOCK, socket.SOCK_CLOEXEC,
           errno.ECONNREFUSED, errno.ETIMEDOUT, errno.EINPROGRESS, socket.AF_INET6)
OTHER = ">" if sys.byteorder == "little" else "<"


def header(order=0x01020304, version=1, abi=1, native=1, pidns=0, stream=1, machine="x86_64"):
    return struct.pack("=" + HEADER, MAGIC, order, version, 88, abi, records.SIZE, native, pidns,
                       stream, *NUMBERS[1:], machine.encode())


def block(kind, payload):
    payload += bytes(-len(payload) % 8)
    return struct.pack("=II", kind, len(payload)) + payload


def batch(*some, clock=[7200 * 10**9]):
    """Each was read a while after the last one."""
    clock[0] += 10**9
    return block(RECORDS, struct.pack("=qQ", 10**18, clock[0]) + b"".join(some))


def text(kind, number, s):
    return block(kind, struct.pack("=QII", number, len(s), 0) + s)


def end():
    return block(END, bytes(80 + 16))


# --- the other byte order: written here a second time, from the kernel's structures ----------

# By family: sockaddr's fields behind sa_family, and the least of its bytes that is decoded.
def address_layout(addr, protocol):
    family = struct.unpack("=H", addr[:2])[0]
    layouts = {
        (2,): ("6s", 8), (10,): ("22sI" if len(addr) >= 28 else "22s", 24),
        (16,): ("2xII", 12), (40,): ("2xII", 12), (17,): ("2siH", 12),
        (29, 7): ("2xi Q I", 21), (29,): ("2xi", 8), (44,): ("HIII", 16), (38,): ("14sII", 25),
        (31, 0): ("10s", 13), (31, 1): ("HH", 6),
    }
    if family == 30 and len(addr) >= 16:
        return {1: "2sIII", 2: "2sIII", 3: "2sII"}.get(addr[2], "")
    layout, least = layouts.get((family, protocol)) or layouts.get((family,)) or ("", 0)
    return layout.replace(" ", "") if len(addr) >= least else ""


def swap_address(addr, protocol):
    if len(addr) < 2:
        return addr
    layout = "H" + address_layout(addr, protocol)
    size = struct.calcsize("=" + layout)
    # Pad bytes may be anything: they are kept.
    layout = layout.replace("2x", "2s")
    return struct.pack(OTHER + layout, *struct.unpack("=" + layout, addr[:size])) + addr[size:]


def swap_record(data):
    ev = records.parse(data)
    union = data[records.SIZE - records.ADDRS:records.SIZE]
    fields = records.LAYOUT[1:]
    fixed = struct.pack(OTHER + fields, *struct.unpack("=" + fields, data[:records.SIZE - records.ADDRS]))

    def swapped(layout):
        size = struct.calcsize("=" + layout)
        return struct.pack(OTHER + layout, *struct.unpack("=" + layout, union[:size])) + union[size:]

    def protocol(addr):
        same = ev["flags"] & records.F_SOCK and len(addr) >= 2 and \
            struct.unpack("=H", addr[:2])[0] == ev["sock_family"]
        return ev["sock_protocol"] if same else -1

    if ev["type"] == records.LOST:
        union = swapped("QI")
    elif ev["type"] == records.PROGRAM:
        union = swapped("4HI")
    elif ev["type"] == records.PATH:
        union = swapped("3H")
    elif ev["flags"] & records.F_SV:
        union = swapped("2i")
    else:
        addr, local = ev["addr"], ev["local"]
        start = (min(ev["addr_len"], records.ADDRS) + 7) & ~7
        union = swap_address(addr, protocol(addr)) + union[len(addr):]
        union = union[:start] + swap_address(local, protocol(local)) + union[start + len(local):]
    return fixed + union[:records.ADDRS] + data[records.SIZE:]


def swap_records(payload):
    out = b""
    while payload:
        size = struct.unpack("=H", payload[:2])[0]
        out += swap_record(payload[:size])
        payload = payload[size:]
    return out


def swap(data):
    out = struct.pack(OTHER + HEADER, *struct.unpack("=" + HEADER, data[:88]))
    data = data[88:]
    while data:
        kind, size = struct.unpack("=II", data[:8])
        payload, data = data[8:8 + size], data[8 + size:]
        out += struct.pack(OTHER + "II", kind, size)
        if kind == RECORDS:
            out += struct.pack(OTHER + "qQ", *struct.unpack("=qQ", payload[:16])) + swap_records(payload[16:])
        elif kind == KNOWN:
            out += swap_records(payload)
        elif kind in (CGROUP, EXE):
            out += struct.pack(OTHER + "QII", *struct.unpack("=QII", payload[:16])) + payload[16:]
        else:
            out += struct.pack(OTHER + "11Q2I", *struct.unpack("=11Q2I", payload))
    return out


# --- made by hand ------------------------------------------------------------------------------

def addresses():
    """One of each kind whose numbers are in the machine's order."""
    n = 0x010203
    common = dict(records.PROCESS, type=records.CONNECT, phase=records.EXIT, flags=records.F_SOCK,
                  addr_source=1)
    some = [
        records.record(addr=records.inet("1.2.3.4", 80), local=records.inet6("::1", 9, 0, n),
                       sock_family=2, **common),
        records.record(addr=struct.pack("=HHII", 16, 0, n, 4), sock_family=16, **common),
        records.record(addr=struct.pack("=HHII4x", 40, 0, 1024, n), sock_family=40, **common),
        records.record(addr=struct.pack("=H2siHBB8x", 17, b"\x08\0", -2, 772, 1, 6), sock_family=17,
                       **common),
        records.record(addr=struct.pack("=HHiQIB3x", 29, 0, n, 0x0102030405060, n, 9), sock_family=29,
                       sock_protocol=7, **dict(common)),
        records.record(addr=struct.pack("=H", 31) + struct.pack("<H6sHBx", 4097, b"abcdef", 5, 1),
                       sock_family=31, sock_protocol=0, **common),
        records.record(addr=struct.pack("=HHIII", 44, 2, 3, n, 5), sock_family=44, **common),
        records.record(type=records.BIND, addr=records.unix(b"/run/x\0"), **{
            key: value for key, value in common.items() if key != "type"}),
        records.record(type=records.LOST, phase=records.POINT, lost=(n, 1)),
    ]
    pair = bytearray(records.record(type=records.PAIR, **{
        key: value for key, value in dict(common, flags=records.F_SV).items() if key != "type"}))
    pair[192:200] = struct.pack("=ii", 5, 6)
    return header() + batch(*some, bytes(pair)) + end()


def facts(pidns=0):
    common = dict(records.PROCESS, type=records.ACCEPT4, phase=records.EXIT, comm=b"nginx", tgid=4711,
                  tid=4711, ns_tgid=7, ns_tid=7, pidns=4026532000)
    pid = 7 if pidns else 4711
    return (header(pidns=pidns) + text(CGROUP, 5, b"/system.slice") +
            text(CGROUP, 6, b"/system.slice/nginx.service") + text(EXE, pid, b"/usr/sbin/nginx") +
            batch(records.record(**dict(common, cgroup_id=6))) + text(EXE, pid, b"") +
            batch(records.record(**dict(common, cgroup_id=6)), records.record(**dict(common, cgroup_id=5))) +
            batch(records.record(**dict(common, cgroup_id=99, ns_tgid=8, tgid=4712))) + end())


def main():
    what, *rest = sys.argv[1:]
    if what == "swap":
        data = swap(sys.stdin.buffer.read())
    elif what == "addresses":
        data = addresses()
    elif what == "facts":
        data = facts(*map(int, rest))
    elif what == "abi":
        data = header(native=int(rest[0])) + batch(
            records.record(**dict(records.PROCESS, type=records.SOCKET, phase=records.EXIT))) + end()
    else:
        values = dict(word.split("=") for word in rest)
        data = header(**{key: value if key == "machine" else int(value) for key, value in values.items()})
    sys.stdout.buffer.write(data)


if __name__ == "__main__":
    main()
