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
    GET_INFLIGHT,
    GET_INFO,
    GET_STATS,
    INFO,
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
    raw_rule,
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
    bad += [ioc(0, 5, 0, magic=0xD6), ioc(3, 1, INFO.size, magic=ord("T")), 0x5401, 0, 0xFFFFFFFF]
    bad += [ioc(1, 1, INFO.size), ioc(2, 1, INFO.size), ioc(2, 2, CONFIG.size), ioc(1, 3, FILTER.size)]
    bad += [ioc(2, 4, FILTER.size), ioc(2, 5, 4), ioc(1, 6, 4), ioc(3, 7, STATS.size), ioc(3, 8, 4)]
    bad += [ioc(1, 9, 32), ioc(2, 9, 32), ioc(3, 10, 32)]
    for command in bad:
        expect(fd, command, bytes(2048), errno.ENOTTY, f"command {command:#x}")


@case("a size of nothing, or a size where none belongs: EINVAL", "ioctl")
def _no_size(context):
    fd = opened(context).fd
    for command in (GET_INFO, SET_CONFIG, SET_FILTER, GET_FILTER, GET_STATS, GET_INFLIGHT):
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
    symbols = {(p.type, p.via, p.flags & device.PROBE_FACTS): p.symbol for p in info.probes}
    fastopen = "tcp_sendmsg_fastopen"
    if not module.has_function(fastopen):
        fastopen = "__inet_stream_connect"
    sock_state = "inet_sock_set_state"
    if not module.has_function(f"__tracepoint_{sock_state}"):
        sock_state = "tcp_set_state"
    sock_error = "tcp_done_with_error"
    if not module.has_function(sock_error):
        sock_error = "sock_def_error_report"
    equal(
        symbols,
        {
            (device.SOCKET, device.VIA_SYSCALL, 0): "__sys_socket",
            (device.CONNECT, device.VIA_SYSCALL, 0): "__sys_connect",
            (device.ACCEPT4, device.VIA_SYSCALL, 0): "__sys_accept4",
            (device.LSM_CONNECT, device.VIA_SYSCALL, 0): "security_socket_connect",
            (device.SOCKET, device.VIA_IO_URING, 0): "__sys_socket_file",
            (device.CONNECT, device.VIA_IO_URING, 0): "__sys_connect_file",
            (device.ACCEPT4, device.VIA_IO_URING, 0): "do_accept",
            (device.CONNECT, device.VIA_KERNEL, 0): "kernel_connect",
            (device.CONNECT, device.VIA_SENDMSG, 0): fastopen,
            (device.SOCKETPAIR, device.VIA_SYSCALL, 0): "__sys_socketpair",
            (device.ACCEPT4, device.VIA_SYSCALL, device.PROBE_FACTS): "security_sock_graft",
            (device.CONNECTED, device.VIA_SYSCALL, 0): sock_state,
            (device.CONNECTED, device.VIA_SYSCALL, device.PROBE_FACTS): sock_error,
            (device.BIND, device.VIA_SYSCALL, 0): "__sys_bind",
            (device.BIND, device.VIA_SYSCALL, device.PROBE_FACTS): "security_socket_bind",
            (device.BIND, device.VIA_IO_URING, 0): "__sys_bind_socket",
            (device.LISTEN, device.VIA_SYSCALL, 0): "__sys_listen",
            (device.LISTEN, device.VIA_SYSCALL, device.PROBE_FACTS): "security_socket_listen",
            (device.LISTEN, device.VIA_IO_URING, 0): "__sys_listen_socket",
            (device.PROCESS, device.VIA_SYSCALL, device.PROBE_FACTS): "security_bprm_committed_creds",
            (device.BIRTH, device.VIA_SYSCALL, device.PROBE_FACTS): "wake_up_new_task",
        },
    )
    bound = {p.symbol: module.has_function(p.symbol) * device.PROBE_BOUND for p in info.probes}
    bound[sock_state] = device.PROBE_BOUND
    facts = ("security_sock_graft", "security_socket_bind", "security_socket_listen")
    for symbol in (*facts, sock_error, "wake_up_new_task", "security_bprm_committed_creds"):
        bound[symbol] |= device.PROBE_FACTS
    for symbol in ("security_socket_connect", "__sys_connect_file"):
        bound[symbol] |= device.PROBE_ADDRESS
    equal({p.symbol: p.flags for p in info.probes}, bound, "flags when nothing is armed")
    missing = [symbol for symbol, flags in bound.items() if not flags & device.PROBE_BOUND]
    check(len(missing) <= 3, "not bound: %s", missing)
    session.start()
    other = context.enter_context(Session(records_per_cpu=100))
    info = other.info()
    offered = {p.symbol for p in info.probes if device.EVENTS_DEFAULT >> p.type & 1}
    armed = {
        symbol: flags | (device.PROBE_ARMED if flags & device.PROBE_BOUND and symbol in offered else 0)
        for symbol, flags in bound.items()
    }
    equal({p.symbol: p.flags for p in info.probes}, armed, "flags")
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
    for command, size in ((GET_STATS, STATS.size),):
        whole = expect(session.fd, command, bytes(size), 0, "its own size")
        older = expect(session.fd, resize(command, 24), b"\xee" * 64, 0, "24 bytes")
        equal(older, whole[:24] + b"\xee" * 40, "what an older caller gets")
        newer = expect(session.fd, resize(command, size + 40), b"\xee" * (size + 48), 0, "more")
        equal(newer, whole + bytes(40) + b"\xee" * 8, "what a newer caller gets")
        for less in (1, 4, 7, size - 1):
            older = expect(session.fd, resize(command, less), b"\xee" * size, 0, f"{less} bytes")
            equal(older, whole[:less] + b"\xee" * (size - less), f"{less} bytes")
    table = ctypes.create_string_buffer(b"\xee" * 90 * 64)
    at = ctypes.addressof(table)
    asked = lambda room, size, *rest: INFO.pack(*[0] * 12, b"", room, size, 0, 0, at, *rest)
    whole = expect(session.fd, GET_INFO, asked(0, 0), 0, "no probes")
    total = INFO.unpack(whole)[15]
    equal(INFO.unpack(whole)[13:], (0, 0, total, 0, at))
    for less in (1, 24, 80, INFO.size - 1):
        expect(session.fd, resize(GET_INFO, less), bytes(96), errno.EINVAL, f"{less} bytes")
    newer = expect(session.fd, resize(GET_INFO, INFO.size + 8), asked(0, 0) + bytes(8), 0, "more")
    equal(newer[INFO.size :], bytes(8), "what a newer caller gets")
    expect(session.fd, resize(GET_INFO, INFO.size + 8), asked(0, 0) + b"1234567\0", errno.E2BIG, "unknown")
    for room, size in ((1, 0), (1, 63), (2, 4097)):
        expect(session.fd, GET_INFO, asked(room, size), errno.EINVAL, f"{room} probes of {size}")
    equal(INFO.unpack(expect(session.fd, GET_INFO, asked(2, 80), 0, "two"))[13:15], (2, 80))
    one, two, rest = table.raw[:80], table.raw[80:160], table.raw[160:]
    equal((one[64:], two[64:], rest.strip(b"\xee")), (bytes(16), bytes(16), b"\0"), "of two")
    equal(INFO.unpack(expect(session.fd, GET_INFO, asked(90, 64), 0, "all"))[13], total)
    check(total > 16, "%d probes", total)
    unmapped = INFO.pack(*[0] * 12, b"", 1, 64, 0, 0, 8)
    expect(session.fd, GET_INFO, unmapped, errno.EFAULT, "nowhere")
    config = device.CONFIG.pack(64, 0, 5, 0, 0, 0)
    fresh = context.enter_context(Session())
    data = expect(fresh.fd, resize(SET_CONFIG, 40), config + bytes(16), 0, "a newer caller's config")
    equal(CONFIG.unpack_from(data), (64, 4, 5, 100, 0, device.EVENTS_DEFAULT), "what is in force")
    check(not any(data[24:]), "what a newer caller gets beyond")


@case("GET_INFO leaves no byte of the kernel's memory: twice the same, zero behind the names", "ioctl")
def _info_zero(context):
    session = opened(context)
    table = ctypes.create_string_buffer(b"\xee" * 64 * 64)
    asked = INFO.pack(*[(1 << 32) - 1] * 10, 5, 6, b"\xee" * 16, 64, 64, 9, 9, ctypes.addressof(table))
    told = INFO.unpack(expect(session.fd, GET_INFO, asked, 0, "GET_INFO"))
    equal(told[16], 0, "reserved")
    check(not any(told[12][told[12].index(0) :]), "bytes behind the version")
    equal(table.raw[64 * told[13] :].strip(b"\xee"), b"\0", "behind the probes")
    for n in range(told[13]):
        symbol = table.raw[64 * n :][:40]
        check(not any(symbol[symbol.index(0) :]), "bytes behind a symbol")


# ---- SET_CONFIG ----


@case("SET_CONFIG writes back what is in force", "ioctl")
def _config(context):
    session = opened(context)
    default = session.config()
    equal(default[0], session.info().records_per_cpu, "records")
    equal(default[1:], (device.PHASE_EXIT, 1, default[3], 0, device.EVENTS_DEFAULT), "the other defaults")
    equal(session.config(records_per_cpu=1000)[0], 1024, "rounded up")
    equal(session.config(records_per_cpu=64)[0], 64, "a power of two")
    equal(session.config(watermark=9)[2:4], (9, 100), "watermark and its latency")
    both = device.PHASE_ENTER | device.PHASE_EXIT
    equal(session.config(phases=both, flags=1)[1:5:3], (both, 1), "phases and flags")
    equal(session.config(events=1 << device.BIND)[5], 1 << device.BIND, "events")
    equal(session.config(events=device.EVENTS_ALL)[5], device.EVENTS_ALL, "all events")
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
        (0, 0, 0, 0, device.CONFIG_PATHS << 1, 0),
        (0, 0, 0, 0, 1 << 31, 0),
        (0, 0, 0, 0, 0, 1),
        (0, 0, 0, 0, 0, 1 << 10),
        (0, 0, 0, 0, 0, 1 << device.LOST),
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
    expect(session.fd, SET_CONFIG, CONFIG.pack(0, 0, 0, 0, device.CONFIG_PATHS << 1, 0), errno.EINVAL, "wrong anyway")
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
    for size in (0, 40, RULE.size - 8, RULE.size - 1, 4097):
        equal(set_filter(fd, good, rule_size=size), ("EINVAL", NO_RULE, 4), f"rule_size {size}")
    equal(set_filter(fd, good, rule_size=0xFFFFFFFF)[0], "EINVAL", "a huge rule_size")
    equal(set_filter(fd, good * 65)[0], "E2BIG", "65 rules")
    equal(set_filter(fd, good, nr_rules=0xFFFFFFFF)[0], "E2BIG", "2^32 - 1 rules")
    equal(set_filter(fd, good * 64)[0], "0", "64 rules")


def bad_rules():
    """Each field's bad values: its name, and a rule that is wrong there alone."""
    match = device.MATCH
    yield "match", raw_rule(1 << 27)
    yield "match", raw_rule(1 << 31)
    yield "action", raw_rule(action=0)
    yield "action", raw_rule(action=3)
    # A condition on nothing.
    for name in ("events", "phases", "tgid", "tid", "ancestor", "types", "families"):
        yield name, raw_rule(match[name])
    for name in ("netns", "mntns", "pidns", "error", "comm"):
        yield name, raw_rule(match[name])
    yield "comm", raw_rule(match["comm_prefix"])
    yield "cgroup", raw_rule(match["cgroup"])
    yield "cgroup", raw_rule(match["cgroup_tree"])
    yield "path_len", raw_rule(match["path"])
    # A field whose condition is not asked for, and those that are reserved.
    for name in device.RULE_OFFSETS:
        if name not in ("match", "action"):
            text = name in ("comm", "path", "remote_addr", "local_addr")
            yield name, raw_rule(**{name: b"\1" if text else 1})
    yield "events", raw_rule(match["tgid"], tgid=1, events=2)
    for end in ("remote", "local"):
        yield f"{end}_reserved", raw_rule(match[f"{end}_net"], **{f"{end}_reserved": 1})
        yield f"{end}_port_max", raw_rule(match[f"{end}_net"], **{f"{end}_port_max": 1})
        yield f"{end}_prefix_len", raw_rule(match[f"{end}_port"], **{f"{end}_prefix_len": 1})
        # Values that can't be.
        yield f"{end}_prefix_len", raw_rule(match[f"{end}_net"], **{f"{end}_prefix_len": 129})
        for bits, addr in ((0, b"\x80"), (7, b"\1"), (8, b"\1\1"), (127, bytes(15) + b"\1")):
            fields = {f"{end}_prefix_len": bits, f"{end}_addr": addr}
            yield f"{end}_addr", raw_rule(match[f"{end}_net"], **fields)
        fields = {f"{end}_port_min": 2, f"{end}_port_max": 1}
        yield f"{end}_port_max", raw_rule(match[f"{end}_port"], **fields)
    for events in (1, 1 << 10, 1 << 31, 1 << 31 | 2):
        yield "events", raw_rule(match["events"], events=events)
    for phases in (1, 1 << 4, 1 << 31 | 2):
        yield "phases", raw_rule(match["phases"], phases=phases)
    yield "types", raw_rule(match["types"], types=1 << 16)
    for name in ("uid", "euid", "loginuid"):
        yield f"{name}_max", raw_rule(match[name], **{f"{name}_min": 2, f"{name}_max": 1})
    yield "error", raw_rule(match["error"], error=4096)
    yield "comm", raw_rule(match["comm"], comm=b"sixteen bytes...")
    yield "comm", raw_rule(match["comm_prefix"], comm=b"a\0b")
    yield "path_len", raw_rule(match["path"], path=b"/" * 108, path_len=109)
    yield "path", raw_rule(match["path"], path=b"/ab", path_len=2)


@case("each condition at its bounds is taken, and given back", "ioctl")
def _good_rules(context):
    fd = opened(context).fd
    ends = ("remote", "local")
    for conditions in (
        *({"events": 2}, {"events": 1 << 6}, {"events": device.EVENTS_ALL}, {"phases": 2}, {"phases": 14}),
        *({"families": [0]}, {"families": range(64)}, {"types": [0]}, {"types": range(16)}),
        *(
            {name: ids}
            for name in ("uid", "euid", "loginuid")
            for ids in ((0, 0), (0, NO_RULE), (NO_RULE, NO_RULE))
        ),
        *({"protocol": 0}, {"protocol": 65535}),
        *({"comm": b"a"}, {"comm": b"fifteen bytes.."}, {"comm_prefix": b"\xff"}),
        *({name: n} for name in ("netns", "mntns", "pidns") for n in (1, NO_RULE)),
        *({"tgid": 1}, {"tid": 1}, {"ancestor": 1}),
        *({name: n} for name in ("cgroup", "cgroup_tree") for n in (1, (1 << 64) - 1)),
        *({"error": 1}, {"error": 4095}, {"duration": 0}, {"duration": (1 << 64) - 1}),
        *({"path": b"\0"}, {"path": b"/"}, {"path": b"x" * 108}, {"path": bytes(108)}),
        *({f"{end}_net": net} for end in ends for net in ("::/0", "0.0.0.0/0", "ff::1/128", "fe00::/7")),
        *({f"{end}_port": ports} for end in ends for ports in ((0, 0), (0, 65535), (65535, 65535))),
        *({"ok": True}, {"failed": True}, {"ok": True, "failed": True}, {}),
        {"comm": b"a", "comm_prefix": b"a", "remote_net": "10.0.0.0/8", "remote_port": (1, 2)},
    ):
        for action in (ACCEPT, REJECT):
            wanted = rule(action, **conditions)
            equal(set_filter(fd, [wanted])[0], "0", str(conditions))
            equal(get_filter(fd, 1)[3], [wanted], str(conditions))


@case("a filter's bad rule is refused with its number and the field", "ioctl")
def _filter_rules(context):
    session = opened(context)
    session.filter([rule(tgid=os.getpid())], REJECT)
    good = rule(tgid=1)
    for field, bad in bad_rules():
        for before in (0, 3, 63):
            got = set_filter(session.fd, [good] * before + [bad])
            equal(got, ("EINVAL", before, device.RULE_OFFSETS[field]), f"{field}: {bad.hex()}")
    equal(get_filter(session.fd, 64)[1:], (1, REJECT, [rule(tgid=os.getpid())]), "the old one is in force")


@case("a filter's rules of another size: unknown bytes must be zero", "ioctl")
def _filter_rule_size(context):
    fd = opened(context).fd
    rules = [rule(tgid=1), rule(REJECT, path=b"/" * 108)]
    for more in (8, 16, 4096 - RULE.size):
        size = RULE.size + more
        wide = [r + bytes(more) for r in rules]
        equal(set_filter(fd, wide, rule_size=size)[0], "0", f"{more} zero bytes more")
        equal(get_filter(fd, 2)[1:], (2, REJECT, rules))
        for at in (RULE.size, size - 1):
            bad = wide[1][:at] + b"\1" + wide[1][at + 1 :]
            got = set_filter(fd, [wide[0], bad], rule_size=size)
            equal(got, ("E2BIG", 1, RULE.size), "not zero, and where")


@case("GET_FILTER's header and SET_FILTER's, of a newer caller: zero, or E2BIG", "ioctl")
def _filter_header_size(context):
    fd = opened(context).fd
    table = ctypes.create_string_buffer(rule(tgid=1), 2 * RULE.size)
    header = FILTER.pack(1, RULE.size, REJECT, 0, 0, 0, ctypes.addressof(table))
    size = FILTER.size
    for command in (SET_FILTER, GET_FILTER):
        for less in (1, 8, size - 8, size - 1):
            expect(fd, resize(command, less), header, errno.EINVAL, f"{less} of {size} bytes")
        data = expect(fd, resize(command, size + 24), header + bytes(24), 0, "24 zero bytes more")
        equal(data, header + bytes(24), "what comes back")
        for at in (0, 23):
            bad = header + bytes(at) + b"\1" + bytes(23 - at)
            expect(fd, resize(command, size + 24), bad, errno.E2BIG, "24 bytes more, not zero")
    # What was wrong is told to a newer caller, too, and zero beyond.
    bad = FILTER.pack(1, RULE.size, REJECT, 4, 7, 7, ctypes.addressof(table)) + bytes(8)
    data = expect(fd, resize(SET_FILTER, size + 8), bad, errno.EINVAL, "flags")
    equal(FILTER.unpack_from(data)[4:6], (NO_RULE, 12), "where")


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
        rule(REJECT, events=1 << 1 | 1 << 5, tgid=2, families=[0, 63]),
        rule(ACCEPT, tid=2, ancestor=1),
        rule(REJECT),
    ]
    session.filter(rules, REJECT)
    equal(get_filter(session.fd, 64), ("0", 3, REJECT, rules))
    equal(get_filter(session.fd, 3), ("0", 3, REJECT, rules), "just enough room")
    equal(get_filter(session.fd, 2)[:2], ("ENOSPC", 3), "room for two")
    equal(get_filter(session.fd, 0)[:2], ("ENOSPC", 3), "no room")
    wide = [r + bytes(16) for r in rules]
    size = RULE.size + 16
    equal(get_filter(session.fd, 5, size), ("0", 3, REJECT, wide), "to a newer caller")
    for size in (0, 40, RULE.size - 1, 4097):
        equal(get_filter(session.fd, 5, size)[0], "EINVAL", f"rules of {size} bytes")
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
