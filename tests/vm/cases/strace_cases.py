# SPDX-License-Identifier: GPL-2.0
"""Each call against strace, and against what the program knew of it itself.

All of it once for each ABI by which the calls can come.
"""

import collections
import functools
import json
import os
import struct

from lib import device, module, oracle, proc, strace
from lib.abis import ABIS, NATIVE
from lib.device import ACCEPT4, ADDR_KERNEL, CONNECT, F_QUEUE, F_SOCK, LSM_CONNECT, SOCKET, SOCKETPAIR
from lib.device import Session
from lib.tap import Context, case, check, equal

OUT = "/tmp/socktrace-oracle"


class Run:
    """One run of the workload: records, strace's threads, the program's log."""

    def __init__(self, abi):
        abi.need()
        module.ensure()
        prefix = f"{OUT}/{abi.option}"
        os.makedirs(prefix, exist_ok=True)
        log = f"{prefix}/log"
        command = [*strace.COMMAND, f"{prefix}/calls", *abi.calls()]
        with Context() as context, Session(records_per_cpu=4096) as session:
            child = proc.Child(context, command, output=f"{prefix}/output", env={"CALLS_LOG": log})
            session.only(ancestor=child.pid, events=device.EVENTS_ALL).start()
            self.status = child.go().wait()
            self.events = session.finish()
            self.stats = session.stats()
            self.strace_pid = child.pid  # by exec
        self.strace = strace.read_all(f"{prefix}/calls")
        with open(log, encoding="ascii") as file:
            self.log = [dict(word.split("=", 1) for word in line.split()) for line in file]
        self.calls = [e for e in self.events if e.type in oracle.NAMES]
        # What strace itself does is nothing that strace shows, nor comes by the ABI.
        self.traced = [e for e in self.events if e.tgid != self.strace_pid]
        self.recorded = oracle.by_thread(
            oracle.from_event(e) for e in self.traced if e.type in oracle.NAMES
        )

    def pairs(self):
        """The log's lines with their records, thread by thread."""
        records = oracle.by_thread(self.calls)
        pairs = []
        for tid, lines in oracle.by_thread(map(Line, self.log)).items():
            mine = iter(records.get(tid, []))
            for line in lines:
                event = next(mine, None)
                # A restarted call is one for the program.
                while event and event.ret == -strace.ERESTARTSYS != line.ret:
                    event = next(mine, None)
                check(event is not None, "thread %d has no record of %s", tid, line)
                equal(oracle.NAMES[event.type], line.name, f"thread {tid}: {line}")
                equal(event.ret, line.ret, f"thread {tid}: {line}")
                pairs.append((line, event))
        return pairs


class Line:
    """A line of the workload's log."""

    def __init__(self, words):
        self.words = words
        self.tid = int(words["tid"])
        self.name = words["name"]
        self.ret = int(words["ret"])

    def number(self, key):
        return int(self.words[key])

    def bytes(self, key):
        return bytes.fromhex(self.words[key]) if key in self.words else None

    def __str__(self):
        return " ".join(f"{key}={value}" for key, value in self.words.items())


@functools.lru_cache(None)
def the_run(abi):
    return Run(abi)


@functools.lru_cache(None)
def the_pairs(abi):
    return the_run(abi).pairs()


_promises = []


def promise(text):
    """A case of every ABI: function(abi, context)."""

    def register(function):
        _promises.append((text, function))
        return function

    return register


def same_address(one, other):
    """Are two sockaddrs the same? What lies behind a path's end does not count."""
    family = struct.unpack_from("=H", one)[0]
    if family != struct.unpack_from("=H", other)[0]:
        return False
    if family == 2:
        return one[:8] == other[:8]
    if family == 1 and one[2:3] not in (b"", b"\0"):
        return one[2:].split(b"\0")[0] == other[2:].split(b"\0")[0]
    return one == other


def is_nothing(address):
    """A name that says no more than its family."""
    return not any(address[2:])


@promise("every call, read from the device, is as strace saw it")
def _device(abi, context):
    run = the_run(abi)
    equal(run.status, 0, "the workload's status")
    compared, differences = oracle.compare(context, run.strace, run.recorded)
    check(compared > 400, "only %d events", compared)
    equal(differences, 0, "differences")
    equal(run.stats.dropped, 0, "dropped")
    equal(run.stats.missed, 0, "missed")
    equal(run.stats.balance(), 0, "the law's balance")


@promise("the calls come by that ABI")
def _numbers(abi, _context):
    seen = {call.syscall for calls in the_run(abi).strace.values() for call in calls}
    equal(seen, set(abi.numbers.items()), "names and numbers")


@promise("the program's log has the same calls and results")
def _log(abi, context):
    context.diag(f"lines compared: {len(the_pairs(abi))}")
    check(len(the_pairs(abi)) > 400)


@promise("every record has its whole form: version, size, zeroes where nothing is")
def _form(abi, _context):
    for e in the_run(abi).events:
        equal((e.size, e.version, e.image, e.reserved1), (320, 1, 0, 0), str(e))
        equal(e.via, device.VIA_SYSCALL, f"via of {e}")
        equal(e.comm[-1], 0, "the end of comm")
        used = ((e.addr_len + 7) & ~7) + e.local_len if e.local_len else e.addr_len
        if e.sv:
            equal((e.type, e.phase, e.ret, used), (SOCKETPAIR, device.EXIT, 0, 0), str(e))
            used = 8
        check(not any(e.addrs[used:]), "bytes behind the addresses: %s", e)
        check(not any(e.addrs[e.addr_len : (e.addr_len + 7) & ~7]), "bytes between: %s", e)
        late = device.F_LATE if e.type == device.CONNECTED else 0
        check(e.flags & ~late < 1 << 7, "flags: %s", e)
        if not e.flags & F_SOCK:
            equal((e.inode, e.sock_family, e.sock_type), (0, 0, 0), f"socket of {e}")
        if e.phase != device.EXIT and e.type != device.CONNECTED:
            equal((e.duration_ns, e.ret), (0, 0), f"duration, result of {e}")


@promise("every record has the ABI of the call")
def _abi(abi, _context):
    equal({e.abi for e in the_run(abi).traced}, {abi.code}, "ABIs")


@promise("every call has a number of its own")
def _call_ids(abi, _context):
    ids = [e.call_id for e in the_run(abi).calls]
    check(0 not in ids)
    equal(len(set(ids)), len(ids), "different numbers")


@promise("records come in the order of their completion")
def _order(abi, _context):
    ends = [e.end_ns for e in the_run(abi).events]
    check(len(ends) > 380)
    check(ends == sorted(ends))


@promise("time and duration lie within what the caller measured")
def _time(abi, _context):
    for line, event in the_pairs(abi):
        begin, end = line.number("begin"), line.number("end")
        check(event.end_ns <= end, "ended after %d: %s", end, event)
        # The log's call began with the first of a restarted call's records.
        check(begin <= event.time_ns, "began before %d: %s", begin, event)


@promise("who called is told as the caller knows it")
def _who(abi, _context):
    for line, event in the_pairs(abi):
        expected = [line.number(key) for key in ("pid", "tid", "ppid", "uid", "gid")]
        equal([event.tgid, event.tid, event.ppid, event.uid, event.gid], expected, str(event))
        equal(event.comm.rstrip(b"\0"), b"calls", "comm")


@promise("namespaces and cgroup are those of /proc")
def _namespaces(abi, _context):
    expected = [proc.namespace(kind) for kind in ("net", "mnt", "pid")]
    for e in the_run(abi).events:
        equal([e.netns, e.mntns, e.pidns], expected, "namespaces")
        equal((e.ns_tgid, e.ns_tid), (e.tgid, e.tid), "in the initial pid namespace")
    cgroup = proc.cgroup_id()
    if cgroup:
        equal({e.cgroup_id for e in the_run(abi).events}, {cgroup}, "cgroup")


@promise("the socket's inode, family, type and protocol are those of its descriptor")
def _socket(abi, context):
    seen = 0
    for line, event in the_pairs(abi):
        if "inode" not in line.words:
            continue
        seen += 1
        check(event.flags & F_SOCK, "no socket: %s", event)
        equal(event.inode, line.number("inode"), f"inode of {event}")
        kind = [line.number(key) for key in ("family", "type", "protocol")]
        equal([event.sock_family, event.sock_type, event.sock_protocol], kind, str(event))
    context.diag(f"sockets compared: {seen}")
    check(seen > 250)


@promise("a socketpair's descriptors are those that the program got")
def _sv(abi, context):
    results = {}
    for line, event in the_pairs(abi):
        if line.name == "socketpair":
            wanted = tuple(map(int, line.words["sv"].split(","))) if line.ret == 0 else None
            equal(event.sv, wanted, f"descriptors of {event}")
            results[line.ret] = results.get(line.ret, 0) + 1
    context.diag(f"pairs compared, by result: {results}")
    check(results.get(0, 0) >= 8 and len(results) >= 5)


@promise("the local address is getsockname's")
def _local(abi, context):
    seen = 0
    for line, event in the_pairs(abi):
        local = line.bytes("local")
        if local is None or event.sock_family not in (1, 2, 10):
            continue
        if event.local_len:
            seen += 1
            check(same_address(local, event.local), "%s: %s", local.hex(), event.local.hex())
        else:
            # A raw socket's protocol is its port from the first; told later.
            new_raw = event.type == SOCKET and event.sock_type == 3
            check(new_raw or is_nothing(local), "no local address: %s, %s", local.hex(), event)
    context.diag(f"addresses compared: {seen}")
    check(seen > 100)


@promise("accept's peer is getpeername's")
def _peer(abi, context):
    families = {}
    for line, event in the_pairs(abi):
        if event.type == ACCEPT4 and event.ret >= 0:
            equal(event.addr_source, ADDR_KERNEL, f"source of {event}")
            if "peer" not in line.words:
                continue  # the client has gone, and with it the name
            peer = line.bytes("peer")
            check(same_address(peer, event.addr), "%s: %s", peer.hex(), event)
            families[event.sock_family] = families.get(event.sock_family, 0) + 1
    context.diag(f"peers compared, by family: {families}")
    check(families.keys() >= {1, 2, 10})


@promise("accept(NULL) has its peer")
def _null(abi, context):
    families = {}
    for line, event in the_pairs(abi):
        if event.type == ACCEPT4 and event.ret >= 0 and line.number("null") and "peer" in line.words:
            check(same_address(line.bytes("peer"), event.addr), "%s: %s", line, event)
            families[event.sock_family] = families.get(event.sock_family, 0) + 1
    context.diag(f"peers compared, by family: {families}")
    check(families.keys() >= {1, 2, 10})


@promise("accept tells how many still wait, and listen()'s limit")
def _queue(abi, _context):
    accepts = [e for line, e in the_pairs(abi) if e.type == ACCEPT4 and "limit" in line.words]
    check(len(accepts) > 30)
    for e in accepts:
        check(e.flags & F_QUEUE, "no queue: %s", e)
        equal(e.queue_limit, 7, f"limit of {e}")
    inet = [e.queue_len for e in accepts if e.sock_family == 2]
    check([2, 1, 0] in [inet[n : n + 3] for n in range(len(inet))], "lengths: %s", inet)
    check(set(inet) == {0, 1, 2}, "lengths: %s", inet)


@promise("a connect that reached the kernel's check has a record of it with the same address")
def _lsm(abi, context):
    run = the_run(abi)
    points = {}
    for e in run.events:
        if e.type == LSM_CONNECT:
            check(e.call_id not in points, "twice: %s", e)
            points[e.call_id] = e
            equal(e.phase, device.POINT, "phase")
            check(e.flags & F_SOCK, "no socket: %s", e)
    connects = {e.call_id: e for e in run.calls if e.type == CONNECT}
    check(points.keys() <= connects.keys(), "hooks outside of any call")
    # What ends before the hook: no descriptor, no socket, no address.
    before = {-9, -88, -14}
    for call, e in connects.items():
        point = points.get(call)
        if point is None:
            check(e.ret in before or not 0 <= e.args[1] <= 128, "no hook: %s", e)
            check(e.addr_source != ADDR_KERNEL, "source of %s", e)
            continue
        check(e.ret not in before, "a hook, but %s", e)
        equal(point.args[:2], e.args[:2], f"arguments of {e}")
        equal((point.addr, point.inode, point.tid), (e.addr, e.inode, e.tid), str(e))
        if e.addr:
            equal(e.addr_source, ADDR_KERNEL, f"source of {e}")
            equal(e.toctou, device.TOCTOU_MATCH, f"verdict on {e}")
        check(e.time_ns <= point.time_ns <= e.end_ns, "time of %s", point)
    check(not any(e.type == device.ADDR_MISMATCH for e in run.events), "an invented mismatch")
    context.diag(f"connects: {len(connects)}, of them at the hook: {len(points)}")
    check(len(points) > 100)


@promise("a bad pointer is told as fault")
def _fault(abi, _context):
    faults = [e for e in the_run(abi).calls if e.type == CONNECT and e.ret == -14]
    equal(len(faults), 4, "connects with EFAULT")
    for e in faults:
        equal((e.addr_source, e.addr_len), (device.ADDR_FAULT, 0), str(e))
        equal(e.args[1], 16, "length")


@promise("an interrupted accept shows ERESTARTSYS, and a restarted one both its parts")
def _restart(abi, _context):
    run = the_run(abi)
    tids = [e.tid for e in run.calls if e.ret == -strace.ERESTARTSYS]
    # Interrupted, restarted, killed in the call.
    equal(len(tids), 3, "ERESTARTSYS")
    equal(len(set(tids)), 2, "threads of it")


# ---- the reader, with the same oracle ----


def reader_run(context, abi, name, *command):
    """A command under strace under the reader: strace's threads, JSON's lines."""
    abi.need()
    module.ensure()
    prefix = f"{OUT}/{abi.option}"
    os.makedirs(prefix, exist_ok=True)
    prefix = f"{prefix}/{name}"
    out = f"{prefix}.json.lines"
    argv = [abi.reader, "-q", "-o", f"json:{out}", "--", *strace.COMMAND, f"{prefix}.s", *command]
    child = proc.Child(context, argv, output=f"{prefix}-output")
    status = child.go().wait()
    with open(f"{prefix}-output", encoding="utf-8", errors="replace") as file:
        said = file.read()
    check(status == 0, "status %s: %s", status, said[-2000:])
    with open(out, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    return strace.read_all(f"{prefix}.s"), lines


def compare_json(context, abi, calls, lines, least):
    check(not any(line["event"] == "lost" for line in lines), "lost records")
    # What strace itself does is nothing that strace shows.
    ended = [
        line
        for line in lines
        if line["event"] in oracle.NAMES.values() and line["comm"] != "strace"
    ]
    equal({line["phase"] for line in ended}, {"exit"}, "phases")
    equal({line["abi"] for line in ended}, {abi.json_name}, "ABIs")
    recorded = oracle.by_thread(map(oracle.from_json, ended))
    compared, differences = oracle.compare(context, calls, recorded)
    check(compared >= least, "only %d events", compared)
    equal(differences, 0, "differences")


@functools.lru_cache(None)
def reader_lines(abi):
    """Strace's threads and the reader's lines of one run of the workload."""
    with Context() as context:
        return reader_run(context, abi, "reader", *abi.calls())


@promise("every call, in the reader's JSON, is as strace saw it")
def _reader(abi, context):
    compare_json(context, abi, *reader_lines(abi), 400)


def shape(event):
    """What every run of the workload gives alike: descriptors have their numbers by chance."""
    args = tuple("fd" if 0 <= arg < 1000 else arg for arg in event.args[:1]) + event.args[1:]
    made = event.type in (SOCKET, ACCEPT4) and event.ret >= 0
    return (
        oracle.NAMES.get(event.type, event.type),
        event.phase,
        event.args if event.type in (SOCKET, SOCKETPAIR) else args,
        "fd" if made else event.ret,
        (event.via, event.flags, event.addr_source, event.toctou),
        (event.sock_family, event.sock_type, event.sock_protocol),
        (event.addr_len, event.local_len),
        (event.queue_len, event.queue_limit, event.peer_uid),
    )


def _like_native(abi, context):
    native = collections.Counter(map(shape, the_run(NATIVE).traced))
    ours = collections.Counter(map(shape, the_run(abi).traced))
    differences = sum(((native - ours) + (ours - native)).values())
    context.diag(f"records compared: {ours.total()}, differences: {differences}")
    for what, counts in (("only here", ours - native), ("only x86_64", native - ours)):
        for record, number in list(counts.items())[:10]:
            context.diag(f"{what}, {number}: {record}")
    check(ours.total() > 500, "only %d records", ours.total())
    equal(differences, 0, "differences")


def _register():
    for abi in ABIS:
        promises = list(_promises)
        if abi is not NATIVE:
            promises.append(("the records are x86_64's, but for the ABI", _like_native))
        for text, function in promises:
            name = text if abi is NATIVE else f"{abi.name}: {text}"
            case(name, "strace")(functools.partial(function, abi))


_register()


@case("every call of real programs, in the reader's JSON, is as strace saw it", "strace")
def _programs(context):
    script = os.path.join(os.path.dirname(__file__), "programs.sh")
    calls, lines = reader_run(context, NATIVE, "programs", "/bin/bash", script)
    compare_json(context, NATIVE, calls, lines, 15)
    comms = {line["comm"] for line in lines}
    context.diag("programs: " + ", ".join(sorted(comms)))
    for comm in ("curl", "python3", "ss", "getent"):
        check(comm in comms, "%s is not among %s", comm, comms)
