# SPDX-License-Identifier: GPL-2.0
"""Every wrong thing that can be said to the device gets its errno."""

import ctypes
import errno
import os
import signal
import threading

from lib import device, module, proc
from lib.device import (
    ACCEPT,
    CONFIG,
    FILTER,
    FLUSH,
    GET_FILTER,
    GET_INFO,
    GET_STATS,
    INFO_SIZE,
    REJECT,
    RULE,
    SET_CONFIG,
    SET_FILTER,
    START,
    STATS,
    STOP,
    Pages,
    Session,
    ioc,
    ioctl,
    ioctl_at,
    name_of,
    resize,
    rule,
)
from lib.proc import Burst
from lib.tap import case, check, equal

NO_RULE = 0xFFFFFFFF


def opened(context, **config):
    module.ensure()
    return context.enter_context(Session(**config))


def expect(fd, command, data, error, what):
    got, data = ioctl(fd, command, data)
    equal(name_of(got), name_of(error), what)
    return data


def with_records(context, count, **config):
    """A stopped session with that many records in it."""
    session = opened(context, **config)
    burst = Burst(context, calls=count)
    session.only(tgid=burst.pid).start()
    equal(burst.go().made(), count)
    session.stop()
    return session


# ---- commands ----


@case("an unknown command, type or direction: ENOTTY", "ioctl")
def _unknown(context):
    fd = opened(context).fd
    bad = [ioc(0, n, 0) for n in (0, 9, 10, 63, 255)]
    bad += [ioc(2, n, 64) for n in (0, 9, 255)]
    bad += [ioc(0, 5, 0, magic=0xD6), ioc(2, 1, INFO_SIZE, magic=ord("T")), 0x5401, 0, 0xFFFFFFFF]
    bad += [ioc(1, 1, INFO_SIZE), ioc(3, 1, INFO_SIZE), ioc(2, 2, CONFIG.size), ioc(1, 3, FILTER.size)]
    bad += [ioc(2, 4, FILTER.size), ioc(2, 5, 4), ioc(1, 6, 4), ioc(3, 7, STATS.size), ioc(3, 8, 4)]
    for command in bad:
        expect(fd, command, bytes(2048), errno.ENOTTY, f"command {command:#x}")


@case("a size of nothing, or a size where none belongs: EINVAL", "ioctl")
def _no_size(context):
    fd = opened(context).fd
    for command in (GET_INFO, SET_CONFIG, SET_FILTER, GET_FILTER, GET_STATS):
        expect(fd, resize(command, 0), b"", errno.EINVAL, f"command {command:#x} of no size")
    for command in (START, STOP, FLUSH):
        expect(fd, resize(command, 4), bytes(4), errno.EINVAL, f"command {command:#x} of size 4")
    equal(Session.stats(context.enter_context(Session())).hits, 0)


@case("bad pointers: EFAULT, for each command that takes one", "ioctl")
def _pointers(context):
    fd = opened(context).fd
    pages = Pages()
    context.callback(pages.close)
    for command in (GET_INFO, SET_CONFIG, SET_FILTER, GET_FILTER, GET_STATS):
        for address in (0, 1, pages.end, pages.end - 8, 1 << 63, (1 << 64) - 4096):
            got = ioctl_at(fd, command, address)
            equal(name_of(got), "EFAULT", f"command {command:#x} at {address:#x}")
    equal(name_of(ioctl_at(fd, START, 1)), "0", "START, which takes none")


@case("GET_INFO tells what is so", "ioctl")
def _info(context):
    session = opened(context)
    info = session.info()
    equal((info.abi_version, info.record_size, info.clock), (1, 320, device.CLOCK_BOOTTIME))
    with open("/sys/devices/system/cpu/possible", encoding="ascii") as file:
        equal(info.possible_cpus, int(file.read().strip().rpartition("-")[2]) + 1, "CPUs")
    equal((info.max_rules, info.reserved), (64, 0))
    equal((info.sessions, info.started, info.memory), (1, 0, 0), "sessions, started, memory")
    with open(f"{module.SYS}/version", encoding="ascii") as file:
        equal(info.module_version, file.read().strip(), "version")
    symbols = {p.type: p.symbol for p in info.probes}
    equal(
        symbols,
        {1: "__sys_socket", 2: "__sys_connect", 3: "__sys_accept4", 4: "security_socket_connect"},
    )
    equal({p.flags for p in info.probes}, {device.PROBE_BOUND}, "flags when nothing is armed")
    session.start()
    other = context.enter_context(Session(records_per_cpu=100))
    info = other.info()
    equal({p.flags for p in info.probes}, {device.PROBE_BOUND | device.PROBE_ARMED}, "flags")
    equal((info.sessions, info.started), (2, 1), "sessions, started")
    equal(info.records_per_cpu, 128, "this session's ring")
    first = info.memory
    check(0 < first <= info.memory_max, "memory %d of %d", first, info.memory_max)
    other.start()
    more = other.info().memory - first
    least = 128 * 320 * info.possible_cpus
    check(least <= more <= least + 4096 * info.possible_cpus, "memory of a ring of 128: %d", more)
    other.close()
    equal(session.info().memory, first, "memory after the close")


@case("GET_INFO and GET_STATS to an older and a newer caller", "ioctl")
def _sizes(context):
    session = with_records(context, 5)
    for command, size in ((GET_INFO, INFO_SIZE), (GET_STATS, STATS.size)):
        whole = expect(session.fd, command, bytes(size), 0, "its own size")
        older = expect(session.fd, resize(command, 24), b"\xee" * 64, 0, "24 bytes")
        equal(older, whole[:24] + b"\xee" * 40, "what an older caller gets")
        newer = expect(session.fd, resize(command, size + 40), b"\xee" * (size + 48), 0, "more")
        equal(newer, whole + bytes(40) + b"\xee" * 8, "what a newer caller gets")


@case("GET_INFO leaves no byte of the kernel's memory: twice the same, zero behind the names", "ioctl")
def _info_zero(context):
    session = opened(context)
    one = expect(session.fd, GET_INFO, b"\xee" * INFO_SIZE, 0, "GET_INFO")
    nr_probes = device.INFO.unpack_from(one)[13]
    check(not any(one[80 + 64 * nr_probes :]), "entries that are not valid")
    for n in range(nr_probes):
        symbol = one[80 + 64 * n :][:40]
        check(not any(symbol[symbol.index(0) :]), "bytes behind a symbol")


# ---- SET_CONFIG ----


@case("SET_CONFIG writes back what is in force", "ioctl")
def _config(context):
    session = opened(context)
    default = session.config()
    equal(default[0], session.info().records_per_cpu, "records")
    equal(default[1:], (device.PHASE_EXIT, 1, default[3], 0, 0), "the other defaults")
    equal(session.config(records_per_cpu=1000)[0], 1024, "rounded up")
    equal(session.config(records_per_cpu=64)[0], 64, "a power of two")
    equal(session.config(watermark=9)[2:4], (9, 100), "watermark and its latency")
    both = device.PHASE_ENTER | device.PHASE_EXIT
    equal(session.config(phases=both, flags=1)[1::3], (both, 1), "phases and flags")
    equal(session.config()[4], 0, "a later one replaces all of it")


@case("SET_CONFIG refuses each wrong value: EINVAL", "ioctl")
def _config_values(context):
    session = opened(context)
    limit = session.info().records_per_cpu_max
    before = session.info().records_per_cpu
    for values in (
        (limit + 1, 0, 0, 0, 0, 0),
        (0xFFFFFFFF, 0, 0, 0, 0, 0),
        (1 << 31, 0, 0, 0, 0, 0),
        (0, 1, 0, 0, 0, 0),
        (0, 1 << 3, 0, 0, 0, 0),
        (0, 0xFFFFFFFF, 0, 0, 0, 0),
        (64, 0, 65, 0, 0, 0),
        (0, 0, 0xFFFFFFFF, 0, 0, 0),
        (0, 0, 0, 10001, 0, 0),
        (0, 0, 0, 0xFFFFFFFF, 0, 0),
        (0, 0, 0, 0, 2, 0),
        (0, 0, 0, 0, 1 << 31, 0),
        (0, 0, 0, 0, 0, 1),
    ):
        expect(session.fd, SET_CONFIG, CONFIG.pack(*values), errno.EINVAL, f"{values}")
    equal(session.info().records_per_cpu, before, "nothing of it was taken")
    for values in ((limit, 0, 0, 0, 0, 0), (64, 0, 64, 0, 0, 0), (0, 0, 0, 10000, 0, 0), (1, 0, 0, 0, 0, 0)):
        expect(session.fd, SET_CONFIG, CONFIG.pack(*values), 0, f"{values}, the bound")


@case("SET_CONFIG and SET_FILTER of other sizes: EINVAL below the first, E2BIG for unknown bytes", "ioctl")
def _struct_sizes(context):
    fd = opened(context).fd
    header = FILTER.pack(0, RULE.size, ACCEPT, 0, 0, 0, 0)
    for command, data in ((SET_CONFIG, bytes(CONFIG.size)), (SET_FILTER, header)):
        size = len(data)
        for less in (1, 4, size - 8, size - 1):
            expect(fd, resize(command, less), data, errno.EINVAL, f"{less} of {size} bytes")
        for more in (1, 8, 500, 8000):
            what = f"{more} bytes more"
            expect(fd, resize(command, size + more), data + bytes(more), 0, what)
            bad = data + bytes(more - 1) + b"\1"
            expect(fd, resize(command, size + more), bad, errno.E2BIG, what + ", not zero")


@case("SET_CONFIG after the start: EBUSY, also after STOP", "ioctl")
def _config_busy(context):
    session = opened(context)
    session.start()
    expect(session.fd, SET_CONFIG, bytes(24), errno.EBUSY, "started")
    session.stop()
    expect(session.fd, SET_CONFIG, bytes(24), errno.EBUSY, "stopped")
    expect(session.fd, SET_CONFIG, CONFIG.pack(0, 0, 0, 0, 4, 0), errno.EINVAL, "wrong anyway")
    reader = context.enter_context(Session(os.O_NONBLOCK))
    equal(device.read(reader.fd, 320), -errno.EAGAIN)
    expect(reader.fd, SET_CONFIG, bytes(24), errno.EBUSY, "started by read()")


@case("ring memory beyond the limit: ENOMEM at START, and all is as before", "ioctl")
def _memory(context):
    module.ensure("max_memory_mb=4")
    context.callback(module.ensure)
    # Both must be closed before the module goes.
    with Session(records_per_cpu=65536) as big, Session(records_per_cpu=64) as small:
        equal(small.info().memory_max, 4 << 20, "the limit")
        expect(big.fd, START, b"", errno.ENOMEM, "START")
        equal(device.read(big.fd, 320), -errno.ENOMEM, "read()")
        check(big.poll(0) & 8, "poll(): no POLLERR")
        equal((small.info().started, small.info().memory), (0, 0), "started, memory")
        equal(module.registered_probes(), [], "probes")
        small.start()
        big.config(records_per_cpu=64)
        big.start()


# ---- filters ----


def set_filter(fd, rules, *, nr_rules=None, rule_size=RULE.size, default=REJECT, flags=0, address=None):
    """SET_FILTER with anything: errno, error_rule, error_field."""
    table = ctypes.create_string_buffer(b"".join(rules) + b"\0")
    header = FILTER.pack(
        len(rules) if nr_rules is None else nr_rules,
        rule_size,
        default,
        flags,
        77,
        78,
        ctypes.addressof(table) if address is None else address,
    )
    error, header = ioctl(fd, SET_FILTER, header)
    return (name_of(error), *FILTER.unpack(header)[4:6])


@case("a filter's bad header is refused with the field that is wrong", "ioctl")
def _filter_header(context):
    fd = opened(context).fd
    good = [rule(tgid=1)]
    equal(set_filter(fd, good, default=0), ("EINVAL", NO_RULE, 8), "default_action 0")
    equal(set_filter(fd, good, default=3), ("EINVAL", NO_RULE, 8), "default_action 3")
    equal(set_filter(fd, good, flags=1), ("EINVAL", NO_RULE, 12), "flags")
    equal(set_filter(fd, good, rule_size=31), ("EINVAL", NO_RULE, 4), "rule_size 31")
    equal(set_filter(fd, good, rule_size=0), ("EINVAL", NO_RULE, 4), "rule_size 0")
    equal(set_filter(fd, good, rule_size=0xFFFFFFFF)[0], "EINVAL", "a huge rule_size")
    equal(set_filter(fd, good * 65)[0], "E2BIG", "65 rules")
    equal(set_filter(fd, good, nr_rules=0xFFFFFFFF)[0], "E2BIG", "2^32 - 1 rules")
    equal(set_filter(fd, good * 64)[0], "0", "64 rules")


@case("a filter's bad rule is refused with its number and the field", "ioctl")
def _filter_rules(context):
    session = opened(context)
    session.filter([rule(tgid=4711)], REJECT)
    good = rule(tgid=1)
    for offset, bad in (
        (0, RULE.pack(1 << 5, 1, 0, 0, 0, 0, 0)),
        (0, RULE.pack(1 << 31, 1, 0, 0, 0, 0, 0)),
        (4, RULE.pack(0, 0, 0, 0, 0, 0, 0)),
        (4, RULE.pack(0, 3, 0, 0, 0, 0, 0)),
        (8, RULE.pack(1, 1, 1 << 6, 0, 0, 0, 0)),
        (8, RULE.pack(1, 1, 1 << 31, 0, 0, 0, 0)),
        (8, RULE.pack(1, 1, 1, 0, 0, 0, 0)),
        # A field whose condition is not asked for.
        (8, RULE.pack(0, 1, 2, 0, 0, 0, 0)),
        (12, RULE.pack(0, 1, 0, 1, 0, 0, 0)),
        (16, RULE.pack(0, 1, 0, 0, 1, 0, 0)),
        (20, RULE.pack(0, 1, 0, 0, 0, 1, 0)),
        (24, RULE.pack(0, 1, 0, 0, 0, 0, 1)),
        (24, RULE.pack(0, 1, 0, 0, 0, 0, 1 << 63)),
    ):
        for before in (0, 3, 63):
            got = set_filter(session.fd, [good] * before + [bad])
            equal(got, ("EINVAL", before, offset), f"rule {bad.hex()}")
    equal(get_filter(session.fd, 64)[1:], (1, REJECT, [rule(tgid=4711)]), "the old one is in force")


@case("a filter's rules of another size: unknown bytes must be zero", "ioctl")
def _filter_rule_size(context):
    fd = opened(context).fd
    wide = [rule(tgid=1) + bytes(16), rule(tgid=2) + bytes(16)]
    equal(set_filter(fd, wide, rule_size=48)[0], "0", "zero")
    equal(get_filter(fd, 2)[1:], (2, REJECT, [rule(tgid=1), rule(tgid=2)]))
    wide[1] = wide[1][:-1] + b"\1"
    equal(set_filter(fd, wide, rule_size=48)[:2], ("E2BIG", 1), "not zero, and where")


@case("a filter at a bad address: EFAULT", "ioctl")
def _filter_address(context):
    fd = opened(context).fd
    pages = Pages()
    context.callback(pages.close)
    for address in (0, 1, pages.end, pages.end - RULE.size, 1 << 63, (1 << 64) - 8):
        got = set_filter(fd, [], nr_rules=2, address=address)
        equal(got[0], "EFAULT", f"rules at {address:#x}")
    equal(set_filter(fd, [], address=1)[0], "0", "no rules at a bad address")


def get_filter(fd, room, rule_size=RULE.size):
    """GET_FILTER: errno, number, default action, rules."""
    table = ctypes.create_string_buffer(b"\xee" * (rule_size * max(1, room)))
    header = FILTER.pack(room, rule_size, 0, 0, 0, 0, ctypes.addressof(table))
    error, header = ioctl(fd, GET_FILTER, header)
    number, _, default, *_ = FILTER.unpack(header)
    rules = [table.raw[n * rule_size :][:rule_size] for n in range(number if not error else 0)]
    return name_of(error), number, default, rules


@case("GET_FILTER gives back what is set; ENOSPC says how much there is", "ioctl")
def _get_filter(context):
    session = opened(context)
    equal(get_filter(session.fd, 64), ("0", 0, ACCEPT, []), "the first filter")
    rules = [
        rule(REJECT, events=1 << 1 | 1 << 5, tgid=5, families=[0, 63]),
        rule(ACCEPT, tid=7, ancestor=1),
        rule(REJECT),
    ]
    session.filter(rules, REJECT)
    equal(get_filter(session.fd, 64), ("0", 3, REJECT, rules))
    equal(get_filter(session.fd, 3), ("0", 3, REJECT, rules), "just enough room")
    equal(get_filter(session.fd, 2)[:2], ("ENOSPC", 3), "room for two")
    equal(get_filter(session.fd, 0)[:2], ("ENOSPC", 3), "no room")
    wide = [r + bytes(16) for r in rules]
    equal(get_filter(session.fd, 5, 48), ("0", 3, REJECT, wide), "to a newer caller")
    equal(get_filter(session.fd, 5, 31)[0], "EINVAL", "rules too small")
    header = FILTER.pack(3, RULE.size, 0, 0, 0, 0, 1)
    expect(session.fd, GET_FILTER, header, errno.EFAULT, "a bad address")


# ---- read ----


@case("read() into less than a record: EINVAL", "ioctl")
def _small(context):
    session = with_records(context, 2)
    for size in (0, 1, 319):
        equal(device.read_at(session.fd, 0, size), -errno.EINVAL, f"{size} bytes")
    equal(len(session.drain()), 2, "records afterwards")


@case("read() gives whole records only", "ioctl")
def _whole(context):
    session = with_records(context, 7)
    equal(len(device.read(session.fd, 320)), 320)
    equal(len(device.read(session.fd, 639)), 320)
    equal(len(device.read(session.fd, 700)), 640)
    equal(len(device.read(session.fd, 5000)), 960)
    equal(device.read(session.fd, 5000), b"", "end of file")


@case("read() to a bad address: EFAULT, and the record is still there", "ioctl")
def _fault(context):
    session = with_records(context, 4)
    pages = Pages()
    context.callback(pages.close)
    for address in (1, pages.end, pages.end - 8, pages.end - 319, 1 << 63):
        got = device.read_at(session.fd, address, 320)
        equal(got, -errno.EFAULT, f"at {address:#x}")
    equal(session.stats().queued, 4, "queued")
    # One and a half records fit; what the first page holds is given.
    got = device.read_at(session.fd, pages.end - 480, 4 * 320)
    equal(got, 320, "bytes of whole records")
    first = device.parse(ctypes.string_at(pages.end - 480, 320))
    rest = session.drain()
    equal([e.seq for e in first + rest], sorted(e.seq for e in first + rest))
    equal(len({(e.cpu, e.seq) for e in first + rest}), 4, "different records")
    stats = session.stats()
    equal((stats.delivered, stats.balance()), (4, 0), "delivered, balance")


@case("read() with O_NONBLOCK and nothing there: EAGAIN", "ioctl")
def _again(context):
    session = opened(context, flags=os.O_RDWR | os.O_NONBLOCK)
    session.filter([], REJECT)
    for _ in range(3):
        equal(device.read(session.fd, 320), -errno.EAGAIN)
    session.stop()
    equal(device.read(session.fd, 320), b"", "end of file")


@case("a blocked read() is interrupted by a signal: EINTR", "ioctl")
def _interrupted(context):
    session = opened(context)
    session.filter([], REJECT)
    session.start()
    signal.signal(signal.SIGUSR1, lambda *_: None)  # without SA_RESTART
    me = os.getpid()

    def interrupt():
        def blocked():
            with open(f"/proc/{me}/syscall", encoding="ascii") as file:
                return file.read().startswith("0 ")  # read

        proc.wait_until(blocked, "a blocked read")
        os.kill(me, signal.SIGUSR1)

    child = proc.Child(context, interrupt)
    child.go()
    equal(device.read(session.fd, 320), -errno.EINTR)
    equal(child.wait(), 0, "the child's status")


@case("STOP ends a read() that blocks in another thread", "ioctl")
def _stop_wakes(context):
    session = opened(context)
    session.filter([], REJECT)
    session.start()
    got = []
    tid = []

    def read():
        tid.append(threading.get_native_id())
        got.append(device.read(session.fd, 320))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()

    def blocked():
        if not tid:
            return False
        with open(f"/proc/self/task/{tid[0]}/syscall", encoding="ascii") as file:
            return file.read().startswith("0 ")

    proc.wait_until(blocked, "a blocked read")
    session.stop()
    thread.join(10)
    check(not thread.is_alive(), "it still blocks")
    equal(got, [b""], "end of file")


@case("write(), lseek(), mmap(), pread() have no meaning here", "ioctl")
def _others(context):
    session = opened(context, flags=os.O_RDWR)
    for what, call in (
        ("write", lambda: os.write(session.fd, b"x" * 320)),
        ("lseek", lambda: os.lseek(session.fd, 0, os.SEEK_SET)),
        ("pread", lambda: os.pread(session.fd, 320, 0)),
    ):
        try:
            call()
        except OSError as error:
            check(error.errno in (errno.EINVAL, errno.ESPIPE, errno.EBADF), "%s: %s", what, error)
        else:
            check(False, "%s: no error", what)
    address = device.libc.mmap(None, 4096, 1, 1, session.fd, 0)
    equal(address, ctypes.c_void_p(-1).value, "mmap")
    equal(name_of(ctypes.get_errno()), "ENODEV", "mmap")


@case("random ioctls and reads: an errno each, and the session still works", "ioctl")
def _random(context):
    import random  # pylint: disable=import-outside-toplevel

    session = opened(context)
    chance = random.Random(20240101)
    buffer = ctypes.create_string_buffer(16384)
    errors = set()
    for _ in range(1500):
        command = ioc(chance.choice((0, 1, 2, 3)), chance.randrange(0, 11), chance.choice((0, 8, 24, 32, 64, 100, 1104, 4000)))
        if command in (START,):
            continue
        buffer.raw = chance.randbytes(64) + bytes(16320)
        address = chance.choice((ctypes.addressof(buffer),) * 3 + (0, 1 << 63))
        errors.add(name_of(ioctl_at(session.fd, command, address)))
    context.diag("errors met: " + " ".join(sorted(errors)))
    check(errors <= {"0", "EINVAL", "ENOTTY", "EFAULT", "E2BIG", "ENOSPC"}, "%s", errors)
    session.filter([], ACCEPT)
    burst = Burst(context, calls=3)
    session.only(tgid=burst.pid).start()
    burst.go().made()
    equal(len(session.finish()), 3, "records")
