# SPDX-License-Identifier: GPL-2.0
"""Descendants: whoever was made by one is one, whatever became of its parent."""

import collections
import contextlib
import errno
import json
import os
import select
import socket
import subprocess
import threading
import time
import traceback

from lib import device, module, proc
from lib.device import ACCEPT, REJECT, SOCKET, Session, libc, rule
from lib.proc import Child, Program, wait_until
from lib.reading import check_law
from lib.tap import Skip, case, check, equal

READER = os.environ.get("SOCKTRACE_READER", "socktrace-read")
BIRTHS = "wake_up_new_task"
LAST_PID = "/proc/sys/kernel/ns_last_pid"

Call = collections.namedtuple("Call", "name pid called done born")


def kin(context, kind, number=1):
    program = Program(context, "kin", kind, number)
    equal(program.line(), ["ready"], "kin")
    return program


def told_by(text):
    lines = [line.rsplit(maxsplit=4) for line in text.decode().splitlines()]
    return [Call(name, *map(int, numbers)) for name, *numbers in lines]


def go(program):
    """Lets it make its processes; what all of them told, when the last one has ended."""
    program.write()
    program.popen.stdin.close()
    text = program.popen.stdout.read()
    equal(program.popen.wait(), 0, "status")
    return told_by(text)


def follows(session, pid):
    return session.only(ancestor=pid, events=1 << SOCKET)


def names(calls, pids):
    of = {c.pid: c.name for c in calls}
    return sorted(of.get(pid, f"unknown {pid}") for pid in pids)


def births(session):
    return next(p for p in session.info().probes if p.symbol == BIRTHS)


def now():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


WAYS = {
    "daemonize": "the double fork of a daemon, with setsid()",
    "root_ends": "children of a root that ended",
    "clone_parent": "clone(CLONE_PARENT)",
    "vfork": "vfork() and exec",
    "threads": "a thread that forks",
    "exec_thread": "a thread that executes a program, which forks",
}


def _way(kind):
    def run(context):
        module.ensure()
        program = kin(context, kind)
        session = context.enter_context(Session())
        follows(session, program.pid).start()
        calls = go(program)
        if kind == "clone_parent":
            os.wait()  # one was made as our child
        check(len(calls) > 1, "%s", calls)
        events = session.finish()
        equal(names(calls, [e.tgid for e in events]), sorted(c.name for c in calls), "seen")
        stats = session.stats()
        check_law(stats, events)
        equal(stats.members_missed, 0, "members missed")

    return run


for _kind, _what in WAYS.items():
    case(f"descendants: {_what}", "lineage")(_way(_kind))


def chain(context, depth):
    """Processes, each the child of the one before, that call when go is written to."""
    out, told = os.pipe()
    gate, opens = os.pipe()

    def link(left):
        os.write(told, f"{os.getpid()}\n".encode())
        if left and os.fork() == 0:
            link(left - 1)
        os.read(gate, 1)
        socket.socket().close()
        if left:
            os.wait()
        os._exit(0)

    root = Child(context, lambda: link(depth)).go()
    with os.fdopen(out, encoding="ascii") as lines:
        pids = [int(lines.readline()) for _ in range(depth + 1)]
    os.close(told)
    os.close(gate)

    def finish():
        os.write(opens, b"g" * len(pids))
        os.close(opens)
        equal(root.wait(), 0, "status")

    return pids, finish


@case("descendants: those that live at START, and at SET_FILTER of a started session", "lineage")
def _living(context):
    module.ensure()
    pids, finish = chain(context, 9)
    sessions = {
        "at START": context.enter_context(Session()),
        "filter after START": context.enter_context(Session()),
        "from the fifth on": context.enter_context(Session()),
        "another filter before": context.enter_context(Session()),
    }
    follows(sessions["at START"], pids[0]).start()
    follows(sessions["filter after START"].only(tgid=1).start(), pids[0])
    follows(sessions["from the fifth on"], pids[4]).start()
    follows(follows(sessions["another filter before"], pids[7]).start(), pids[0])
    equal([s.stats().members for s in sessions.values()], [10, 10, 6, 10], "members")
    finish()
    for name, session in sessions.items():
        expected = pids[4:] if "fifth" in name else pids
        equal(sorted(e.tgid for e in session.finish()), sorted(expected), name)
        stats = session.stats()
        equal((stats.members, stats.members_missed), (0, 0), "members after STOP")


@case("descendants: two sessions with an ancestor each, one with both, one below another", "lineage")
def _two(context):
    module.ensure()
    programs = [kin(context, "daemonize") for _ in range(2)]
    roots = [p.pid for p in programs]
    sessions = [context.enter_context(Session()) for _ in range(4)]
    for session, root in zip(sessions, (*roots, os.getpid())):
        follows(session, root).start()
    both = [rule(ACCEPT, ancestor=root, events=1 << SOCKET) for root in roots]
    sessions[3].filter(both, REJECT)
    sessions[3].start()
    calls = [go(program) for program in programs]
    expected = [sorted(c.pid for c in of) for of in calls]
    expected += [sorted(c.pid for of in calls for c in of)] * 2
    # What ends does not take along what others ask for.
    got = [sorted(e.tgid for e in session.finish()) for session in sessions]
    equal(got, expected, "seen by the sessions")


@case("descendants: not this one's, that of others", "lineage")
def _not(context):
    module.ensure()
    programs = [kin(context, "daemonize") for _ in range(2)]
    session = context.enter_context(Session())
    mine = rule(ACCEPT, ancestor=os.getpid(), events=1 << SOCKET)
    session.filter([rule(REJECT, ancestor=programs[0].pid), mine], REJECT)
    session.start()
    calls = [go(program) for program in programs]
    equal(sorted(e.tgid for e in session.finish()), sorted(c.pid for c in calls[1]), "seen")


@case("births are followed while a started session's filter asks for descendants, and only then", "lineage")
def _armed(context):
    module.ensure()
    one, two = (context.enter_context(Session()) for _ in range(2))
    armed = lambda: births(two).flags & device.PROBE_ARMED
    check(births(one).flags & device.PROBE_BOUND, "not bound")
    follows(one, os.getpid())
    check(not armed(), "armed before START")
    before = births(one).hits
    two.only(tgid=os.getpid()).start()
    proc.reap(os.spawnv(os.P_NOWAIT, "/bin/true", ["true"]))
    check(not armed(), "armed without need")
    equal(births(one).hits, before, "hits")
    one.start()
    check(armed(), "not armed")
    proc.reap(os.spawnv(os.P_NOWAIT, "/bin/true", ["true"]))
    check(births(one).hits > before, "no hits")
    one.only(tgid=1)
    check(not armed(), "armed after another filter")
    follows(one, os.getpid())
    follows(two, os.getpid())
    one.stop()
    check(armed(), "not armed for the other one")
    two.close()
    equal(births(one).flags & device.PROBE_ARMED, 0, "armed for nobody")
    before = births(one).hits
    proc.reap(os.spawnv(os.P_NOWAIT, "/bin/true", ["true"]))
    equal(births(one).hits, before, "hits after all")


def forked_as(pid, what):
    """Runs `what` in a child of that number; False: it was not to be had."""
    with open(LAST_PID, "w", encoding="ascii") as file:
        file.write(str(pid - 1))
    child = os.fork()
    if child == 0:
        if os.getpid() == pid:
            what()
        os._exit(0)
    proc.reap(child)
    return child == pid


@case("descendants: whoever gets the number of one that ended is none", "lineage")
def _reuse(context):
    module.ensure()
    if not os.path.exists(LAST_PID):
        raise Skip("this kernel lets nobody choose a pid")
    call = lambda: socket.socket().close()
    told, tell = os.pipe()

    def family():
        pid = os.fork()
        if pid == 0:
            call()
            os._exit(0)
        proc.reap(pid)
        os.write(tell, str(pid).encode())
        call()

    root = Child(context, family)
    session = context.enter_context(Session())
    follows(session, root.pid).start()
    equal(root.go().wait(), 0, "status")
    member = int(os.read(told, 16))
    wait_until(lambda: forked_as(member, call), "a process of the member's number")
    wait_until(lambda: forked_as(root.pid, call), "a process of the root's number")
    equal(session.stats().members, 0, "members")
    # A filter that was set for the one that ended is not for the other.
    session.stop()
    session.start()
    wait_until(lambda: forked_as(root.pid, call), "a process of the root's number")
    equal(sorted(e.tgid for e in session.finish()), sorted([member, root.pid]), "seen")


def polled(session, events, milliseconds=20000):
    poller = select.poll()
    poller.register(session.fd, events)
    got = poller.poll(milliseconds)
    return got[0][1] if got else 0


def orphan(told, go):
    """Ends, and leaves a child behind, which calls when it is let."""
    pid = os.fork()
    if pid == 0:
        os.read(go, 1)
        socket.socket().close()
        os._exit(0)
    os.write(told, b"%d" % pid)


@case("descendants: poll() wakes who asks for it when the last one has ended, and not before", "lineage")
def _deserted(context):
    module.ensure()
    told, tell = os.pipe()
    hold, go = os.pipe()
    root = Child(context, lambda: orphan(tell, hold))
    session = context.enter_context(Session())
    follows(session, root.pid).start()
    others = context.enter_context(Session())
    others.only(tgid=1).start()
    equal(root.go().wait(), 0, "status")
    os.read(told, 16)
    # Its child lives, and is no child of it any more: one look more is awaited than is due.
    equal(polled(session, select.POLLIN | select.POLLPRI, 600), 0, "while one lives")
    os.write(go, b"g")
    wait_until(lambda: not session.stats().members, "the end")
    equal(polled(session, select.POLLPRI), select.POLLPRI, "when none lives")
    equal(polled(session, select.POLLIN | select.POLLPRI), select.POLLIN | select.POLLPRI, "both")
    equal(polled(session, select.POLLIN), select.POLLIN, "who does not ask")
    equal(polled(others, select.POLLPRI, 600), 0, "without descendants")
    equal(len(session.drain()), 1, "records")
    # Another filter is about others.
    follows(session, os.getpid())
    equal(polled(session, select.POLLPRI, 600), 0, "with another filter")


@case("descendants: -p PID -f ends by itself when they have, and shows what they did", "lineage")
def _reader_ends(context):
    module.ensure()
    told, tell = os.pipe()
    hold, go = os.pipe()
    root = Child(context, lambda: orphan(tell, hold))
    reader = subprocess.Popen(
        [READER, "-q", "-f", "-p", str(root.pid), "-e", "socket", "-o", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    context.callback(reader.kill)
    with Session() as session:
        wait_until(lambda: session.info().started, "the reader")
    equal(root.go().wait(), 0, "status")
    child = int(os.read(told, 16))
    equal(reader.poll(), None, "the reader's status, while one lives")
    os.write(go, b"g")
    output, errors = reader.communicate(timeout=30)
    equal((reader.returncode, errors), (0, b""), "status and errors")
    equal([json.loads(line)["pid"] for line in output.splitlines()], [child], "calls")


@case("descendants: a full set is told, and has room again when members have ended", "lineage")
def _full(context):
    module.ensure("max_members=16")
    context.callback(module.ensure)
    pids, finish = chain(context, 40)
    session = context.enter_context(Session())
    follows(session, pids[0]).start()
    stats = session.stats()
    equal((stats.members, stats.members_missed), (16, 25), "members, and those without room")
    finish()
    equal(len(session.drain()), 16, "seen")
    follows(session, os.getpid())
    equal(session.stats().members_missed, 25, "told, after another filter")

    def child_is_seen():
        pid = os.fork()
        if pid == 0:
            socket.socket().close()
            os._exit(0)
        proc.reap(pid)
        return pid in [e.tgid for e in session.drain()]

    for _ in range(40):
        wait_until(child_is_seen, "room for a child")
    stats = session.stats()
    equal(stats.members, 1, "members at last")
    session.stop()
    check(session.stats().members_missed >= 25, "%s", session.stats())


@case("descendants: many more than there is room for at once, one after the other", "lineage")
def _many(context):
    module.ensure("max_members=512")
    context.callback(module.ensure)
    program = kin(context, "many", 2500)
    session = context.enter_context(Session(records_per_cpu=4096))
    follows(session, program.pid).start()
    calls = go(program)
    events = session.finish()
    equal(session.stats().members_missed, 0, "members missed")
    equal(sorted(e.tgid for e in events), sorted(c.pid for c in calls), "seen")


def _storm(context, kind, number, must):
    module.ensure()
    # Its probes stay: what is armed at each START is the one of births.
    context.enter_context(Session()).only(tgid=1).start()
    program = kin(context, kind, number)
    program.write()
    program.popen.stdin.close()
    windows = []
    fd = program.popen.stdout.fileno()
    os.set_blocking(fd, False)
    text = b""
    while True:
        session = context.enter_context(Session(records_per_cpu=4096))
        try:
            follows(session, program.pid)
        except OSError as error:
            equal(error.errno, errno.ESRCH, "SET_FILTER")
            break
        session.start()
        begin = now()
        time.sleep(0.2)
        end = now()
        windows.append((begin, end, {e.tgid for e in session.finish()}))
        equal(session.stats().dropped + session.stats().members_missed, 0, "lost")
        session.close()
        if program.popen.poll() is not None:
            break
        with contextlib.suppress(BlockingIOError):
            text += os.read(fd, 1 << 20)
    os.set_blocking(fd, True)
    text += program.popen.stdout.read()
    calls = told_by(text)
    due = 0
    for begin, end, seen in windows:
        expected = {c.pid for c in calls if must(c, begin) and c.done < end}
        due += len(expected)
        missing = expected - seen
        check(not missing, "missed %d of %d: %s", len(missing), len(expected), sorted(missing)[:5])
    context.diag(f"{len(windows)} sessions, {len(calls)} processes, {due} calls that had to be seen")
    check(due > number // 10, "too few to tell: %d", due)


@case("descendants: sessions that start in a fork storm miss nobody whose parent lives", "lineage")
def _fork_storm(context):
    _storm(context, "storm", 1500, lambda c, begin: c.called > begin)


@case("descendants: nor any orphan that was made since they started", "lineage")
def _orphan_storm(context):
    _storm(context, "orphans", 400, lambda c, begin: c.born > begin)


@case("more ancestors than can be followed: EUSERS, and what was in force stays", "lineage")
def _roots(context):
    module.ensure()
    pids, finish = chain(context, 65)
    sessions = [context.enter_context(Session()) for _ in range(2)]
    sessions[0].filter([rule(ancestor=pid, events=1 << SOCKET) for pid in pids[:64]], REJECT)
    sessions[0].start()
    follows(sessions[1], pids[64])
    try:
        sessions[1].start()
        check(False, "START took it")
    except OSError as error:
        equal(error.errno, errno.EUSERS, "START")
    follows(sessions[1], pids[3]).start()
    try:
        follows(sessions[1], pids[64])
        check(False, "SET_FILTER took it")
    except OSError as error:
        equal(error.errno, errno.EUSERS, "SET_FILTER")
    follows(sessions[0], pids[1])
    follows(sessions[1], pids[64])
    finish()
    got = [sorted(e.tgid for e in s.finish()) for s in sessions]
    equal(got, [sorted(pids[1:]), sorted(pids[64:])], "seen")


# ---- numbers of processes, in a pid namespace ----


def refused(session, rules):
    """What SET_FILTER says of these: errno, the rule, and the field."""
    table = device.ctypes.create_string_buffer(b"".join(rules))
    header = device.FILTER.pack(
        len(rules), device.RULE.size, REJECT, 0, 77, 78, device.ctypes.addressof(table)
    )
    error, header = device.ioctl(session.fd, device.SET_FILTER, header)
    return (error, *device.FILTER.unpack(header)[4:6])


@case("numbers: a rule for a process that is not there: ESRCH, with the rule and the field", "lineage")
def _nobody(context):
    module.ensure()
    session = context.enter_context(Session())
    ended = os.fork()
    if ended == 0:
        os._exit(0)
    proc.reap(ended)
    mine = rule(tgid=os.getpid())
    session.filter([mine], REJECT)
    for name in ("tgid", "tid", "ancestor"):
        for number in (ended, (1 << 31) - 1, 1 << 31, (1 << 32) - 1):
            got = refused(session, [mine, rule(**{name: number}), mine])
            equal(got, (errno.ESRCH, 1, device.RULE_OFFSETS[name]), f"{name} {number}")
    gate = threading.Event()
    thread = threading.Thread(target=gate.wait)
    thread.start()
    context.callback(thread.join)
    context.callback(gate.set)
    for name in ("tgid", "ancestor"):
        got = refused(session, [rule(**{name: thread.native_id})])
        equal(got, (errno.ESRCH, 0, device.RULE_OFFSETS[name]), f"{name} of a thread")
    equal(refused(session, [rule(tid=thread.native_id)])[0], 0, "tid of a thread")


def in_pid_namespace(context, what):
    """Runs `what` as process 1 of a new pid namespace; its status, and its number here."""
    told, tell = os.pipe()

    def outside():
        check(libc.unshare(0x20000000) == 0, "unshare(CLONE_NEWPID)")
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                what()
                status = 0
            except BaseException:  # pylint: disable=broad-except
                traceback.print_exc()
            os._exit(status)
        os.write(tell, str(pid).encode())
        return proc.reap(pid)

    out = "/tmp/socktrace-pidns"
    status = Child(context, outside, output=out).go().wait()
    with open(out, encoding="utf-8", errors="replace") as file:
        context.diag(file.read())
    pid = int(os.read(told, 16))
    os.close(told)
    os.close(tell)
    return status, pid


@case("numbers: in a pid namespace rules have its own, and GET_FILTER gives them back", "lineage")
def _in_namespace(context):
    module.ensure()

    def inside():
        equal(os.getpid(), 1, "our number")
        gate, opens = os.pipe()
        child = os.fork()
        if child == 0:
            os.read(gate, 1)
            if os.fork() == 0:
                socket.socket().close()
                os._exit(0)
            os.wait()
            socket.socket().close()
            os._exit(0)
        sessions = {
            name: context.enter_context(Session(config_flags=device.CONFIG_OWN))
            for name in ("tgid", "tid", "ancestor")
        }
        for name, session in sessions.items():
            rules = [rule(**{name: child}, events=1 << SOCKET)]
            session.filter(rules, REJECT)
            session.start()
            table = device.ctypes.create_string_buffer(device.RULE.size)
            header = device.FILTER.pack(1, device.RULE.size, 0, 0, 0, 0, device.ctypes.addressof(table))
            equal(device.ioctl(session.fd, device.GET_FILTER, header)[0], 0, "GET_FILTER")
            equal([table.raw], rules, "the filter that is set")
            got = refused(session, [rule(**{name: 4711})])
            equal(got, (errno.ESRCH, 0, device.RULE_OFFSETS[name]), "a number of outside")
        os.write(opens, b"g")
        os.wait()
        got = {name: [e.ns_tgid for e in session.finish()] for name, session in sessions.items()}
        equal(got, {"tgid": [child], "tid": [child], "ancestor": [child + 1, child]}, "seen")

    equal(in_pid_namespace(context, inside)[0], 0, "status inside")


CALLS_ONCE = "import os, socket; socket.socket(); print(os.getpid())"
CALLS_ON = "import socket, time\nwhile True: socket.socket().close(); time.sleep(0.02)"


def in_container(*argv):
    """Runs it as in a container's shell: output, the lines on standard error."""
    done = subprocess.run(
        ["unshare", "-pf", "--mount-proc", *argv], capture_output=True, check=False, timeout=50
    )
    equal(done.returncode, 0, f"status of {argv}: {done.stderr.decode()}")
    return done.stdout.decode(), done.stderr.decode().splitlines()


@case("numbers: the reader in a pid namespace: a command, its numbers there, and its executable", "lineage")
def _command_in_namespace(context):
    module.ensure()
    python = "/usr/bin/python3"
    # The trace takes the pipe, the command's word is beside it.
    out, errors = in_container(READER, "-o", "json", "-q", "-e", "socket", "--", python, "-c", CALLS_ONCE)
    calls = [json.loads(line) for line in out.splitlines()]
    equal([c["nspid"] for c in calls], [int(errors[0])], "who called")
    check(calls[0]["pid"] != int(errors[0]), "%s", calls)
    out, errors = in_container(READER, "-q", "-e", "socket", "--", python, "-c", CALLS_ONCE)
    check(len(errors) == 1 and f" python3[{int(out)}@" in errors[0], "%s: %s", out, errors)


@case("numbers: the reader in a pid namespace: -p and -f", "lineage")
def _follow_in_namespace(context):
    module.ensure()
    for options in (["-p"], ["-f", "-p"]):
        script = f"""
            /usr/bin/python3 -c '{CALLS_ON}' &
            {READER} -o json -q -n 3 -e socket {" ".join(options)} $!
            echo $!
            kill $!"""
        out, _ = in_container("sh", "-c", script)
        *calls, pid = out.splitlines()
        calls = [json.loads(line) for line in calls]
        equal([c["nspid"] for c in calls], [int(pid)] * 3, f"who called, with {options}")
        equal({os.path.basename(c.get("exe", "none"))[:7] for c in calls}, {"python3"}, "executable")


@case("-p of nobody is refused by its name", "lineage")
def _reader_nobody(context):
    module.ensure()
    ended = os.fork()
    if ended == 0:
        os._exit(0)
    proc.reap(ended)
    done = subprocess.run([READER, "-p", str(ended)], capture_output=True, check=False, timeout=50)
    equal(done.returncode, 1, "status")
    check(b"there is no process %d (-p)" % ended in done.stderr, "%s", done.stderr)
