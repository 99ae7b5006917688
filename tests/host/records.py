#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Makes records of uapi/socktrace.h, for tests that have no kernel.

As a program: records.py typical|hostile|programs|honest COUNT [SEED] writes records to
standard output. `programs` is `hostile` with process images among them; `honest` likewise,
where a number is always the same image. `typical` is what a busy server makes; `hostile` draws every field at
random, among edge cases and any bytes.
"""
import random
import socket
import struct
import sys

SIZE = 320
SOCKET, CONNECT, ACCEPT4, LSM, MISMATCH, PAIR, PROGRAM, LOST = 1, 2, 3, 4, 5, 6, 30, 31
CONNECTED, BIND, LISTEN, PATH = 7, 8, 9, 28
ENTER, EXIT, POINT = 1, 2, 3
F_SOCK, F_QUEUE, F_PEERCRED = 1, 2, 4
F_LOCAL_TRUNCATED, F_RETURN_MISSED, F_SV, F_BY_DESCRIPTOR = 8, 16, 32, 64
F_ENTERED_BEFORE = 128
F_LATE, F_PEER_PATH, F_OUTCOME_MISSED = 1 << 8, 1 << 10, 1 << 11

# Everything before the union, in order; the same on every machine.
LAYOUT = "=HBBHBBII8Q13I16s3iiHHHBBBBH4I"
FIELDS = """size type phase version abi via flags cpu time_ns duration_ns seq
call_id inode cgroup_id start_ns image tgid tid ppid uid gid euid loginuid
sessionid ns_tgid ns_tid netns mntns pidns comm arg0 arg1 arg2 ret sock_family
sock_type sock_protocol addr_len local_len addr_source toctou reserved1 queue_len
queue_limit peer_pid peer_uid""".split()
ADDRS = 128
assert struct.calcsize(LAYOUT) == SIZE - ADDRS


TEXT = 112
PATH_TEXT = 120
CMDLINE_MAX = 256
SLOTS = 256


def record(addr=b"", local=b"", lost=None, part=None, **fields):
    """One record; what is not named is zero, as the module leaves it."""
    values = dict.fromkeys(FIELDS, 0)
    values.update(size=SIZE, version=1, comm=b"", addr_len=len(addr),
                  local_len=len(local))
    values.update(fields)
    if lost:
        union = struct.pack("=QII", lost[0], lost[1], 0)
    elif part and len(part) == 5:
        union = struct.pack("=3HBB", *part[:-1], 0) + part[-1]
    elif part:
        union = struct.pack("=4HIBBH", *part[:-1], 0) + part[-1]
    else:
        union = addr + bytes(-len(addr) % 8) + local
    union = union[:ADDRS]
    return (struct.pack(LAYOUT, *(values[name] for name in FIELDS)) +
            union + bytes(ADDRS - len(union)))


def program(image, exe, cmdline=b"", size=None, source=1, flags=0, **fields):
    """The records that tell of a process image, in a list."""
    text = exe + cmdline
    parts = max(1, -(-len(text) // TEXT))
    common = dict(PROCESS, type=PROGRAM, phase=POINT, via=0, abi=0, image=image)
    common.update(fields)
    return [record(part=(n, parts, len(exe), len(cmdline), len(cmdline) if size is None else size,
                         source, flags, text[n * TEXT:][:TEXT]), **common)
            for n in range(parts)]


def path(call_id, text, flags=0, **fields):
    """The records that tell of the path of a socket, in a list."""
    parts = -(-len(text) // PATH_TEXT)
    return [record(part=(n, parts, len(text), flags, text[n * PATH_TEXT:][:PATH_TEXT]),
                   type=PATH, phase=POINT, call_id=call_id, **fields)
            for n in range(parts)]


class Paths:
    """What a reader knows of paths of sockets: struct paths."""

    def __init__(self):
        self.coming = {}

    def take(self, data):
        ev = parse(data)
        number, parts, length, flags, _ = struct.unpack("=3HBB", data[SIZE - ADDRS:SIZE - PATH_TEXT])
        if ev["cpu"] >= 8192:
            return
        begun = self.coming.pop(ev["cpu"], None)
        if not number:
            begun = [0, length, ev["call_id"], flags, b""]
        if not begun or not 0 < length <= 4095 or parts != -(-length // PATH_TEXT) or number >= parts:
            return
        if begun[:3] != [number, length, ev["call_id"]]:
            return
        begun[0] += 1
        begun[-1] += data[SIZE - PATH_TEXT:]
        self.coming[ev["cpu"]] = begun

    def find(self, ev):
        """(path, flags), or None."""
        if not ev["flags"] & F_PEER_PATH:
            return None
        number, length, call_id, flags, text = self.coming.get(ev["cpu"], (0, 0, 0, 0, b""))
        if call_id != ev["call_id"] or not length or number != -(-length // PATH_TEXT):
            return None
        return text[:length], flags


class Programs:
    """What a reader knows of process images: struct images."""

    def __init__(self):
        self.known = {}
        self.coming = {}

    def take(self, data):
        """A record of one: what is known of it, if it is whole now."""
        ev = parse(data)
        number, parts, exe, cmdline, size, source, flags, _ = struct.unpack(
            "=4HIBBH", data[SIZE - ADDRS:SIZE - TEXT])
        cpu = ev["image"] >> 48
        if cpu >= 8192 or not ev["image"]:
            return None
        begun = self.coming.pop(cpu, None)
        if not number:
            begun = None
            if exe <= 4095 and cmdline <= CMDLINE_MAX and parts == max(
                    1, -(-(exe + cmdline) // TEXT)):
                begun = [0, ev["image"], exe, cmdline, size, source, flags, b""]
        elif begun and begun[:4] != [number, ev["image"], exe, cmdline]:
            begun = None
        if not begun:
            return None
        begun[0] += 1
        begun[-1] += data[SIZE - TEXT:]
        if begun[0] < max(1, -(-(exe + cmdline) // TEXT)):
            self.coming[cpu] = begun
            return None
        text = begun[-1]
        found = dict(exe=text[:exe], cmdline=text[exe:exe + cmdline], size=begun[4],
                     source=begun[5], flags=begun[6])
        self.known[cpu, ev["image"] % SLOTS] = ev["image"], found
        return found

    def find(self, image):
        number, found = self.known.get((image >> 48, image % SLOTS), (0, None))
        return found if image and number == image else None


def parse(data):
    """The fields of one record as a dictionary, with addr, local and lost."""
    values = dict(zip(FIELDS, struct.unpack(LAYOUT, data[:SIZE - ADDRS])))
    union = data[SIZE - ADDRS:]
    addr_len = min(values["addr_len"], ADDRS)
    start = (addr_len + 7) & ~7
    values["addr"] = union[:addr_len]
    values["local"] = union[start:start + values["local_len"]]
    values["lost"] = struct.unpack("=QI", union[:12])
    values["sv"] = struct.unpack("=ii", union[:8])
    return values


def has_result(ev):
    """The call returned, or it is known how a connect ended."""
    return ev["phase"] == EXIT or ev["type"] == CONNECTED


def inet(ip, port):
    return struct.pack("=H", 2) + struct.pack(">H", port) + socket.inet_aton(ip) + bytes(8)


def inet6(ip, port, flowinfo=0, scope=0):
    return (struct.pack("=H", 10) + struct.pack(">HI", port, flowinfo) +
            socket.inet_pton(socket.AF_INET6, ip) + struct.pack("=I", scope))


def unix(path):
    return struct.pack("=H", 1) + path


PROCESS = dict(tgid=12345, tid=12345, ppid=1200, uid=1000, gid=1000, euid=1000,
               loginuid=1000, sessionid=3, start_ns=7100123456789,
               ns_tgid=12345, ns_tid=12345, netns=4026531840, mntns=4026531841,
               pidns=4026531836, cgroup_id=7312, abi=1, via=1, comm=b"python3")


def typical(count, rng):
    """socket, connect and accept4 by turns, from a few processes."""
    time = 7200 * 10**9
    for i in range(count):
        time += rng.randrange(1000, 200000)
        common = dict(PROCESS, phase=EXIT, cpu=i % 4, seq=i // 4, call_id=i + 1,
                      time_ns=time, duration_ns=rng.randrange(900, 90000),
                      flags=F_SOCK, inode=100000 + i, sock_family=2, sock_type=1,
                      sock_protocol=6)
        common["tgid"] = common["tid"] = common["ns_tgid"] = common["ns_tid"] = 12345 + i % 5
        port = 32768 + i % 28000
        if i % 3 == 0:
            yield record(type=SOCKET, arg0=2, arg1=0o2000001, arg2=6, ret=7, **common)
        elif i % 3 == 1:
            yield record(type=CONNECT, arg0=7, arg1=16, ret=-115, addr_source=1, toctou=1,
                         addr=inet("10.128.3.77", 443), local=inet("192.168.100.23", port),
                         **common)
        else:
            common["flags"] |= F_QUEUE
            yield record(type=ACCEPT4, arg0=4, arg1=0o2000000, ret=9, addr_source=1,
                         addr=inet("10.0.2.15", port), local=inet("192.168.100.23", 8080),
                         queue_len=1, queue_limit=4096, **common)


EDGES = [0, 1, -1, 2**31 - 1, -2**31, 2, 9, 10, 99, 100, 4095, -4095, -4096, 512, -512]
HOSTILE = [b"", b"\n", b"\x1b[2J\x1b[H", b'"', b"\\", b'a"b\\c', b"\xff\xfe", b"\xc0\x80",
           b"\xed\xa0\x80", b"\xf4\x90\x80\x80", "\u00e9\u20ac\U0001f600".encode(),
           "\u202egnp.exe".encode(), "\u2028".encode(), b"\xc2\x9b31m", b"\x7f\t\r\x00x",
           b"\xe2\x82", b'","pid":1,"x":"', b"x\n15:04:05.123456 init[1] "]


def any_bytes(rng, length):
    if rng.random() < 0.5:
        return rng.randbytes(length)
    return b"".join(rng.choice(HOSTILE) for _ in range(length + 1))[:length]


def any_int(rng, bits, signed=False):
    if rng.random() < 0.5:
        value = rng.choice(EDGES)
    else:
        value = rng.getrandbits(rng.randrange(1, bits + 1))
    value &= (1 << bits) - 1
    return value - (1 << bits) if signed and value >> (bits - 1) else value


# CAN, TIPC, Bluetooth, ALG, XDP: several kinds, some by the socket's protocol.
FIELDED = [29, 30, 31, 38, 44]


def any_addr(rng, room):
    """An address of any family, now and then cut anywhere."""
    kind = rng.randrange(10)
    if kind == 0:
        addr = inet(socket.inet_ntoa(rng.randbytes(4)), rng.getrandbits(16))
    elif kind == 1:
        words = [rng.choice([0, 0, 0, 1, 0xffff, rng.getrandbits(16)]) for _ in range(8)]
        ip = struct.pack(">8H", *words)
        addr = inet6(socket.inet_ntop(socket.AF_INET6, ip), rng.getrandbits(16),
                     rng.getrandbits(32), rng.choice([0, rng.getrandbits(32)]))
    elif kind == 2:
        addr = unix(any_bytes(rng, rng.choice([108, rng.randrange(109)])))
    elif kind == 3:
        addr = unix(b"\0" + any_bytes(rng, rng.randrange(108)))
    elif kind == 4:
        addr = struct.pack("=HHII", 16, 0, rng.getrandbits(32), rng.getrandbits(32))
    elif kind == 5:
        addr = struct.pack("=HHIIBxxx", 40, 0, rng.getrandbits(32), rng.getrandbits(32), 0)
    elif kind == 6:
        addr = (struct.pack("=H", 17) + struct.pack(">H", rng.choice([3, 0x800])) +
                struct.pack("=iHBB", any_int(rng, 32, True), 1, rng.randrange(8),
                            rng.randrange(256)) + rng.randbytes(8))
    elif kind == 7:
        addr = struct.pack("=HB", rng.choice(FIELDED), rng.randrange(5))
        addr += any_bytes(rng, rng.choice([13, 21, 85, rng.randrange(125)]))
    else:
        addr = struct.pack("=H", rng.randrange(70)) + any_bytes(rng, rng.randrange(127))
    if rng.random() < 0.2:
        addr = addr[:rng.randrange(len(addr) + 1)]
    return addr[:room]


# Few, so that records name what was told; with twins of a slot, and absurd CPUs.
IMAGES = [0, 1, 2, 257, 1 << 48 | 1, 8191 << 48 | 9, 8192 << 48 | 9, 2**64 - 1]


def any_program(rng, honest):
    """Its records: whole, or parts that are missing, doubled, or of nothing."""
    image = rng.choice(IMAGES)
    of_image = random.Random(image) if honest else rng
    exe = any_bytes(of_image, of_image.choice([0, 1, 20, 111, 112, 113, 300, 4095]))
    cmdline = any_bytes(of_image, of_image.choice([0, 1, 40, 256]))
    parts = program(image, exe, cmdline, len(cmdline) + of_image.choice([0, 0, 1, 2**32 - 300]),
                    of_image.choice([0, 1, 2, 9, 255]), of_image.randrange(4), cpu=rng.randrange(3),
                    comm=any_bytes(rng, 15))
    if rng.random() < 0.3:
        del parts[rng.randrange(len(parts))]
    if parts and rng.random() < 0.1:
        parts.insert(0, rng.choice(parts))
    if rng.random() < 0.1:
        parts.append(record(part=(*(any_int(rng, 16) for _ in range(4)), any_int(rng, 32),
                                  any_int(rng, 8), any_int(rng, 8), rng.randbytes(TEXT)),
                            type=PROGRAM, phase=POINT, image=rng.choice(IMAGES)))
    return parts


def any_path(rng, call_id, cpu):
    """Its records: whole, or parts that are missing, doubled, or of nothing."""
    text = any_bytes(rng, rng.choice([1, 20, 119, 120, 121, 300, 4095]))
    parts = path(call_id, text, rng.randrange(8), cpu=cpu)
    if rng.random() < 0.2 and parts:
        del parts[rng.randrange(len(parts))]
    if parts and rng.random() < 0.1:
        parts.insert(0, rng.choice(parts))
    if rng.random() < 0.1:
        parts.append(record(part=(*(any_int(rng, 16) for _ in range(3)), any_int(rng, 8),
                                  rng.randbytes(PATH_TEXT)),
                            type=PATH, phase=POINT, call_id=call_id, cpu=cpu))
    return parts


def hostile(count, rng, programs=False, honest=False):
    for _ in range(count):
        if programs and rng.random() < 0.3:
            yield from any_program(rng, honest)
        kind = rng.choice([SOCKET, PAIR, CONNECT, CONNECT, ACCEPT4, BIND, LISTEN, LSM, MISMATCH, CONNECTED,
                           LOST])
        common = {name: any_int(rng, 32) for name in
                  "cpu tgid tid ppid uid gid euid loginuid sessionid ns_tgid ns_tid netns mntns pidns "
                  "queue_len queue_limit peer_pid peer_uid".split()}
        common.update((name, any_int(rng, 64)) for name in "seq call_id cgroup_id inode start_ns".split())
        common.update((name, any_int(rng, 32, True)) for name in "arg0 arg1 arg2 ret".split())
        common["image"] = rng.choice(IMAGES) if programs else 0
        common["time_ns"] = rng.choice([0, 1, 10**9 - 1, 10**9, rng.getrandbits(55)])
        common["duration_ns"] = any_int(rng, 64)
        if kind == LOST:
            yield record(type=kind, phase=POINT, lost=(any_int(rng, 64), rng.choice([0, 1, 9])),
                         **common)
            continue
        if kind in (SOCKET, PAIR, CONNECT, ACCEPT4, BIND, LISTEN):
            common["phase"] = rng.choice([ENTER, EXIT, EXIT])
        else:
            common["phase"] = POINT
        common["comm"] = any_bytes(rng, rng.randrange(17))
        common["flags"] = rng.getrandbits(8) | rng.choice([0, F_LATE, F_OUTCOME_MISSED])
        if programs and rng.random() < 0.5:
            common["flags"] |= F_PEER_PATH
            if rng.random() < 0.8:
                yield from any_path(rng, common["call_id"], common["cpu"])
        common["abi"] = rng.choice([0, 1, 2, 3, 4, 13, 14, 255])
        common["via"] = rng.choice([0, 1, 2, 3, 255])
        if rng.random() < 0.7:
            common["arg0"] = rng.choice([0, 1, 2, 3, 10, 16, 17, 29, 31, 40, 45, 46])
            common["arg2"] = rng.choice([0, 1, 2, 6, 17, 58, 262, 263, 0x0300, 0x0008])
        common["arg1"] = rng.choice([common["arg1"], 1, 2, 0o2004003, 0x80000, 0x800, 0])
        common["sock_family"] = rng.choice([0, 1, 2, 10, 16, 17, 29, 46, 65535])
        common["sock_type"] = rng.choice([0, 1, 2, 3, 5, 10, 11, 65535])
        common["sock_protocol"] = rng.choice([0, 1, 6, 17, 255, 262, 65535])
        common["addr_source"] = rng.randrange(6)
        common["toctou"] = rng.randrange(6)
        addr = any_addr(rng, 128)
        local = any_addr(rng, ADDRS - ((len(addr) + 7) & ~7))
        if len(addr) > 1 and rng.random() < 0.5:
            common["sock_family"] = struct.unpack("=H", addr[:2])[0]
            common["sock_protocol"] = rng.randrange(10)
        yield record(type=kind, addr=addr, local=local, **common)


def main():
    make = {"typical": typical, "hostile": hostile,
            "programs": lambda count, rng: hostile(count, rng, True),
            "honest": lambda count, rng: hostile(count, rng, True, True)}[sys.argv[1]]
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    for data in make(int(sys.argv[2]), random.Random(seed)):
        sys.stdout.buffer.write(data)


if __name__ == "__main__":
    main()
