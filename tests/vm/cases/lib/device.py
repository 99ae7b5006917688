# SPDX-License-Identifier: GPL-2.0
"""/dev/socktrace as uapi/socktrace.h has it, down to the raw numbers.

Everything goes by libc with addresses that the caller can choose, so that a
case can hand over a bad one; nothing is retried behind its back.
"""

import ctypes
import dataclasses
import errno
import ipaddress
import os
import select
import struct

DEVICE = "/dev/socktrace"

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
libc.read.restype = ctypes.c_ssize_t
libc.read.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]
libc.readv.restype = libc.preadv2.restype = ctypes.c_ssize_t
libc.readv.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
libc.preadv2.argtypes = [*libc.readv.argtypes, ctypes.c_long, ctypes.c_int]
libc.ioctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p]

SOCKET, CONNECT, ACCEPT4, LSM_CONNECT, ADDR_MISMATCH, SOCKETPAIR, LOST = 1, 2, 3, 4, 5, 6, 31
CONNECTED, BIND, LISTEN, PATH, BIRTH, PROCESS = 7, 8, 9, 28, 29, 30
CALLS = 1 << SOCKET | 1 << CONNECT | 1 << ACCEPT4 | 1 << SOCKETPAIR
EVENTS_DEFAULT = CALLS | 1 << LSM_CONNECT | 1 << ADDR_MISMATCH | 1 << CONNECTED
EVENTS_ALL = EVENTS_DEFAULT | 1 << BIND | 1 << LISTEN
ENTER, EXIT, POINT = 1, 2, 3
PHASE_ENTER, PHASE_EXIT = 1 << ENTER, 1 << EXIT
ABI_X86_64, ABI_I386, ABI_X32 = 1, 2, 3
VIA_UNKNOWN, VIA_SYSCALL, VIA_IO_URING, VIA_KERNEL, VIA_SENDMSG = range(5)
ADDR_NONE, ADDR_KERNEL, ADDR_USER, ADDR_FAULT, ADDR_DESCRIPTOR = range(5)
TOCTOU_NONE, TOCTOU_MATCH, TOCTOU_MISMATCH, TOCTOU_UNREADABLE, TOCTOU_UNCHECKED = range(5)
F_SOCK, F_QUEUE, F_PEERCRED, F_LOCAL_TRUNCATED, F_RETURN_MISSED, F_SV, F_BY_DESCRIPTOR = (
    1 << n for n in range(7)
)
F_ENTERED_BEFORE = 1 << 7
CGROUP_V1 = 1 << 63
F_LATE, F_PEER_PATH, F_OUTCOME_MISSED = 1 << 8, 1 << 10, 1 << 11
LOST_RING_FULL = 1
PROBE_BOUND, PROBE_ARMED, PROBE_FACTS, PROBE_ADDRESS = 1, 2, 4, 16
CONFIG_OWN, CONFIG_PROCESSES, CONFIG_PATHS = 1, 2, 4
EXE_NONE, EXE_EXEC, EXE_MM = range(3)
IMAGE_OTHER_ROOT = 1
PATH_DELETED, PATH_OTHER_MOUNTS = 1, 2
IMAGE_SLOTS = 256
PHASE_POINT = 1 << POINT
# Conditions in the order of their bits: SOCKTRACE_MATCH_*.
MATCHES = (
    *("events", "tgid", "tid", "ancestor", "families", "phases", "types", "uid"),
    *("comm", "comm_prefix", "netns", "mntns", "pidns", "cgroup", "cgroup_tree"),
    *("remote_net", "remote_port", "local_net", "local_port", "path"),
    *("ok", "failed", "error", "duration", "euid", "loginuid", "protocol"),
)
MATCH = {name: 1 << n for n, name in enumerate(MATCHES)}
MATCH_ALL_BITS = (1 << 27) - 1
ACCEPT, REJECT = 1, 2
MAX_RULES = 64
CLOCK_BOOTTIME = 7

EVENT = struct.Struct("=HBBHBBII8Q13I16s3iiHHHBBBBHIIII128s")
assert EVENT.size == 320
PROBE = struct.Struct("=40sQQIHH")
INFO = struct.Struct("=10IQQ16sIIIIQ")
assert INFO.size == 96
CONFIG = struct.Struct("=6I")
RULE = struct.Struct("=8IQ10IQQ16s16sBBHHH16sBBHHH108sBBH")
assert RULE.size == 272
# Its fields: name, offset.
RULE_OFFSETS = {
    **{"match": 0, "action": 4, "events": 8, "phases": 12, "tgid": 16, "tid": 20},
    **{"ancestor": 24, "types": 28, "families": 32, "uid_min": 40, "uid_max": 44},
    **{"euid_min": 48, "euid_max": 52, "loginuid_min": 56, "loginuid_max": 60},
    **{"netns": 64, "mntns": 68, "pidns": 72, "error": 76, "cgroup": 80},
    **{"min_duration_ns": 88, "comm": 96, "remote_addr": 112, "remote_prefix_len": 128},
    **{"remote_reserved": 129, "remote_port_min": 130, "remote_port_max": 132},
    **{"remote_reserved2": 134, "local_addr": 136, "local_prefix_len": 152},
    **{"local_reserved": 153, "local_port_min": 154, "local_port_max": 156},
    **{"local_reserved2": 158, "path": 160, "path_len": 268, "reserved": 269},
    "protocol": 270,
}
INFLIGHT = struct.Struct("=4IQQ")
assert INFLIGHT.size == 32
INFLIGHT_WANTED = 1
FILTER = struct.Struct("=6IQ")
STATS = struct.Struct("=10Q")

MAGIC = 0xD7
_WRITE, _READ = 1, 2


def ioc(direction, number, size, magic=MAGIC):
    """The number that <linux/ioctl.h> makes: _IOC()."""
    return direction << 30 | size << 16 | magic << 8 | number


GET_INFO = ioc(_READ | _WRITE, 1, INFO.size)
SET_CONFIG = ioc(_READ | _WRITE, 2, CONFIG.size)
SET_FILTER = ioc(_READ | _WRITE, 3, FILTER.size)
GET_FILTER = ioc(_READ | _WRITE, 4, FILTER.size)
START = ioc(0, 5, 0)
STOP = ioc(0, 6, 0)
GET_STATS = ioc(_READ, 7, STATS.size)
FLUSH = ioc(0, 8, 0)
GET_INFLIGHT = ioc(_READ | _WRITE, 9, INFLIGHT.size)


def resize(command, size):
    """The same command, as somebody calls it whose structure is of this size."""
    return command & ~(0x3FFF << 16) | size << 16


def oserror(number, what):
    return OSError(number, os.strerror(number), what)


def ioctl_at(fd, command, address):
    """An ioctl with any address: 0 or the errno."""
    ctypes.set_errno(0)
    return ctypes.get_errno() if libc.ioctl(fd, command, address) < 0 else 0


def ioctl(fd, command, data=b""):
    """An ioctl with these bytes: errno, and the bytes as they are after it."""
    buffer = ctypes.create_string_buffer(bytes(data), max(len(data), 1))
    error = ioctl_at(fd, command, ctypes.addressof(buffer))
    return error, buffer.raw[: len(data)]


def read_at(fd, address, size):
    """A read() to any address: bytes read, or the negative errno."""
    ctypes.set_errno(0)
    got = libc.read(fd, address, size)
    return -ctypes.get_errno() if got < 0 else got


def read(fd, size):
    """A read(): the bytes, or the negative errno."""
    buffer = ctypes.create_string_buffer(size)
    got = read_at(fd, ctypes.addressof(buffer), size)
    return got if got < 0 else buffer.raw[:got]


def readv_at(fd, segments, flags=0):
    """A readv() to any addresses and sizes, or preadv2() if there are flags, as read_at()."""
    iov = ctypes.create_string_buffer(b"".join(struct.pack("=QQ", *s) for s in segments))
    ctypes.set_errno(0)
    if flags:
        got = libc.preadv2(fd, iov, len(segments), -1, flags)
    else:
        got = libc.readv(fd, iov, len(segments))
    return -ctypes.get_errno() if got < 0 else got


PAGE = 4096


class Pages:
    """Two pages, of which the second is gone."""

    def __init__(self):
        address = libc.mmap(None, 2 * PAGE, 3, 0x22, -1, 0)
        if address in (None, ctypes.c_void_p(-1).value):
            raise oserror(ctypes.get_errno(), "mmap")
        libc.munmap(address + PAGE, PAGE)
        self.address = address
        self.end = address + PAGE

    def close(self):
        libc.munmap(self.address, PAGE)


@dataclasses.dataclass
class Event:
    """One record; `addr` and `local` are its sockaddr bytes."""

    # pylint: disable=too-many-instance-attributes
    size: int
    type: int
    phase: int
    version: int
    abi: int
    via: int
    flags: int
    cpu: int
    time_ns: int
    duration_ns: int
    seq: int
    call_id: int
    inode: int
    cgroup_id: int
    start_ns: int
    image: int
    tgid: int
    tid: int
    ppid: int
    uid: int
    gid: int
    euid: int
    loginuid: int
    sessionid: int
    ns_tgid: int
    ns_tid: int
    netns: int
    mntns: int
    pidns: int
    comm: bytes
    args: tuple
    ret: int
    sock_family: int
    sock_type: int
    sock_protocol: int
    addr_len: int
    local_len: int
    addr_source: int
    toctou: int
    reserved1: int
    queue_len: int
    queue_limit: int
    peer_pid: int
    peer_uid: int
    addrs: bytes

    @property
    def addr(self):
        return self.addrs[: self.addr_len]

    @property
    def local(self):
        begin = (self.addr_len + 7) & ~7
        return self.addrs[begin : begin + self.local_len]

    @property
    def lost(self):
        """Of a LOST record: count and reason."""
        return struct.unpack_from("=QI", self.addrs)

    @property
    def sv(self):
        """Of a SOCKETPAIR record: its descriptors; None: they are not told."""
        return struct.unpack_from("=ii", self.addrs) if self.flags & F_SV else None

    @property
    def part(self):
        """Of a PROCESS record: what it tells of its image, in its order there."""
        return Part(*struct.unpack("=4HIBBH112s", self.addrs))

    @property
    def path_part(self):
        """Of a PATH record: number, parts, length, flags, reserved, text."""
        return struct.unpack("=3HBB120s", self.addrs)

    @property
    def end_ns(self):
        return self.time_ns + self.duration_ns

    def __str__(self):
        return (
            f"type={self.type} phase={self.phase} cpu={self.cpu} seq={self.seq} "
            f"call={self.call_id} tid={self.tid} args={self.args} ret={self.ret} "
            f"addr={self.addr.hex()} source={self.addr_source} flags={self.flags:#x}"
        )


@dataclasses.dataclass
class Part:
    """A part of an image."""

    number: int
    parts: int
    exe_len: int
    cmdline_len: int
    cmdline_size: int
    exe_source: int
    flags: int
    reserved3: int
    text: bytes


def parse(data):
    """The records of a read(); their form is checked on the way."""
    events = []
    at = 0
    while at < len(data):
        fields = EVENT.unpack_from(data, at)
        at_args = 30
        event = Event(*fields[:at_args], fields[at_args : at_args + 3], *fields[at_args + 3 :])
        if event.size < EVENT.size or event.size % 8 or at + event.size > len(data):
            raise ValueError(f"record of {event.size} bytes at {at} of {len(data)}")
        events.append(event)
        at += event.size
    return events


@dataclasses.dataclass
class Probe:
    symbol: str
    hits: int
    missed: int
    type: int
    flags: int
    via: int


@dataclasses.dataclass
class Info:
    abi_version: int
    record_size: int
    clock: int
    possible_cpus: int
    records_per_cpu: int
    records_per_cpu_max: int
    max_rules: int
    maxactive: int
    sessions: int
    started: int
    memory: int
    memory_max: int
    module_version: str
    nr_probes: int
    probe_size: int
    total_probes: int
    reserved: int
    probes: list

    def of_calls(self):
        """The probe points that system calls pass, by event."""
        return {
            p.type: p
            for p in self.probes
            if p.via == VIA_SYSCALL and not p.flags & PROBE_FACTS
        }


@dataclasses.dataclass
class Stats:
    hits: int
    delivered: int
    queued: int
    filtered: int
    dropped: int
    missed: int
    flushed: int
    lost_told: int
    members: int
    members_missed: int

    def balance(self):
        """What the law says is 0."""
        return self.hits - (
            self.delivered
            + self.queued
            + self.filtered
            + self.dropped
            + self.missed
            + self.flushed
        )


def raw_rule(match=0, action=ACCEPT, **fields):
    """The bytes of a rule by its fields' names, whatever they make of it."""
    defaults = {"s": b"", "n": 0}
    kinds = dict.fromkeys(("comm", "remote_addr", "local_addr", "path"), "s")
    fields = {"match": match, "action": action, **fields}
    unknown = fields.keys() - RULE_OFFSETS.keys()
    if unknown:
        raise KeyError(unknown)
    return RULE.pack(
        *(fields.get(name, defaults[kinds.get(name, "n")]) for name in RULE_OFFSETS)
    )


def _bits(numbers):
    return sum(1 << n for n in set(numbers))


def _net(text):
    """Bytes and prefix of a network, as a rule has them: IPv4 is v4-mapped."""
    net = ipaddress.ip_network(text)
    if net.version == 4:
        return bytes(10) + b"\xff\xff" + net.network_address.packed, net.prefixlen + 96
    return net.network_address.packed, net.prefixlen


def rule(action=ACCEPT, **conditions):
    """The bytes of a rule, by its conditions: rule(tgid=5), rule(REJECT, ok=True).

    Masks are given as lists of numbers (families, types) or as masks (events,
    phases); ranges as pairs (*uid, *_port); networks as text (*_net).
    """
    fields = {}
    for name, value in conditions.items():
        if name in ("families", "types"):
            fields[name] = _bits(value)
        elif name in ("uid", "euid", "loginuid"):
            fields[f"{name}_min"], fields[f"{name}_max"] = value
        elif name.endswith("_port"):
            fields[f"{name}_min"], fields[f"{name}_max"] = value
        elif name.endswith("_net"):
            end = name[: -len("_net")]
            fields[f"{end}_addr"], fields[f"{end}_prefix_len"] = _net(value)
        elif name == "comm_prefix":
            fields["comm"] = value
        elif name == "cgroup_tree":
            fields["cgroup"] = value
        elif name == "duration":
            fields["min_duration_ns"] = value
        elif name == "path":
            fields["path"], fields["path_len"] = value, len(value)
        elif name not in ("ok", "failed"):
            fields[name] = value
    return raw_rule(sum(MATCH[name] for name in conditions), action, **fields)


class Session:
    """An open device."""

    def __init__(self, flags=os.O_RDONLY, config_flags=0, **config):
        if config_flags:
            config["flags"] = config_flags
        self.fd = os.open(DEVICE, flags | os.O_CLOEXEC)
        try:
            if config:
                self.config(**config)
        except BaseException:
            self.close()
            raise

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1

    def __enter__(self):
        return self

    def __exit__(self, *_unused):
        self.close()

    def _ioctl(self, command, data=b"", what=""):
        error, data = ioctl(self.fd, command, data)
        if error:
            raise oserror(error, what)
        return data

    def info(self):
        table = ctypes.create_string_buffer(64 * PROBE.size)
        asked = INFO.pack(*[0] * 12, b"", 64, PROBE.size, 0, 0, ctypes.addressof(table))
        fields = list(INFO.unpack(self._ioctl(GET_INFO, asked, "GET_INFO")))
        fields[12] = fields[12].rstrip(b"\0").decode()
        probes = []
        for n in range(fields[13]):
            symbol, *rest = PROBE.unpack_from(table.raw, n * PROBE.size)
            probes.append(Probe(symbol.rstrip(b"\0").decode(), *rest))
        return Info(*fields[:-1], probes)

    # pylint: disable-next=too-many-arguments,too-many-positional-arguments
    def config(self, records_per_cpu=0, phases=0, watermark=0, latency_ms=0, flags=0, events=0):
        data = CONFIG.pack(records_per_cpu, phases, watermark, latency_ms, flags, events)
        return CONFIG.unpack(self._ioctl(SET_CONFIG, data, "SET_CONFIG"))

    def filter(self, rules=(), default=ACCEPT):
        """SET_FILTER: accepts what the rules do not say, unless told."""
        table = ctypes.create_string_buffer(b"".join(rules), max(1, RULE.size * len(rules)))
        data = FILTER.pack(
            len(rules), RULE.size, default, 0, 0, 0, ctypes.addressof(table) if rules else 0
        )
        self._ioctl(SET_FILTER, data, "SET_FILTER")

    def only(self, **conditions):
        """A filter that lets through what one rule says, of all calls."""
        conditions.setdefault("events", CALLS)
        self.filter([rule(ACCEPT, **conditions)], REJECT)
        return self

    def start(self):
        self._ioctl(START, what="START")
        return self

    def stop(self):
        self._ioctl(STOP, what="STOP")

    def flush(self):
        self._ioctl(FLUSH, what="FLUSH")

    def stats(self):
        return Stats(*STATS.unpack(self._ioctl(GET_STATS, bytes(STATS.size), "GET_STATS")))

    def inflight(self, room=1024, flags=0):
        """Records of calls in flight, at most `room` of them; how many there are; when."""
        table = ctypes.create_string_buffer(max(1, EVENT.size * room))
        data = INFLIGHT.pack(room, EVENT.size, 0, flags, 0, ctypes.addressof(table))
        data = self._ioctl(GET_INFLIGHT, data, "GET_INFLIGHT")
        number, _, total, _, now, _ = INFLIGHT.unpack(data)
        return parse(table.raw[: number * EVENT.size]), total, now

    def read(self, records=64):
        """Records of one read(); [] at the end of file."""
        data = read(self.fd, records * EVENT.size)
        if isinstance(data, int):
            raise oserror(-data, "read")
        return parse(data)

    def drain(self, records=256):
        """All that is queued now."""
        events = []
        blocking = os.get_blocking(self.fd)
        os.set_blocking(self.fd, False)
        try:
            while True:
                got = self.read(records)
                if not got:
                    return events
                events += got
        except BlockingIOError:
            return events
        finally:
            os.set_blocking(self.fd, blocking)

    def finish(self):
        """Stops, and gives all that was queued."""
        self.stop()
        return self.drain()

    def wait(self, records=1, seconds=20):
        """Reads until there are that many records."""
        events = []
        while len(events) < records:
            if not self.poll(seconds * 1000):
                raise TimeoutError(f"{len(events)} of {records} records")
            events += self.read()
        return events

    def poll(self, milliseconds):
        poller = select.poll()
        poller.register(self.fd, select.POLLIN)
        got = poller.poll(milliseconds)
        return got[0][1] if got else 0


def name_of(number):
    return errno.errorcode.get(number, str(number))
