# SPDX-License-Identifier: GPL-2.0
"""Nobody waits for what another does with the device, or who waits can be killed."""

import ctypes
import errno
import mmap
import os
import signal
import threading

from lib import device, module
from lib.absent import Absent
from lib.device import FILTER, GET_FILTER, RULE, Session
from lib.proc import Burst, Child, has_ended, sleeps_in, wait_until
from lib.reading import two_cpus
from lib.tap import SLOW, Skip, case, check, equal
from ioctl_cases import with_records

READ, IOCTL = 0, 16  # system calls


def in_thread(function, *args):
    """Runs it beside the case, which may go on without its end: the thread, its results."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*args)), daemon=True)
    thread.start()
    return thread, results


# ---- a page that is not there ----


class Caller(Child):
    """A child that says when it begins its one call."""

    def __init__(self, context, call):
        self._begun = mmap.mmap(-1, mmap.PAGESIZE)

        def run():
            self._begun[0] = 1
            call()

        super().__init__(context, run)
        self.go()

    def has_begun(self):
        return self._begun[0] == 1


def read_fdinfo(fd):
    info = os.open(f"/proc/self/fdinfo/{fd}", os.O_RDONLY)
    os.read(info, 4096)


@case("who waits for a reader that waits for a page can be killed", "waiting")
def _killable(context):
    session = with_records(context, 3)
    absent = Absent()
    reader, got = in_thread(device.read_at, session.fd, absent.page, device.EVENT.size)
    try:
        wait_until(absent.is_awaited, "a reader that waits for its page")
        for name, call in (
            ("GET_STATS", session.stats),
            ("FLUSH", session.flush),
            ("fdinfo", lambda: read_fdinfo(session.fd)),
            ("read", lambda: device.read(session.fd, device.EVENT.size)),
        ):
            caller = Caller(context, call)
            wait_until(
                lambda: caller.has_begun()
                and (has_ended(caller.pid) or sleeps_in(caller.pid, READ, IOCTL)),
                f"{name} that waits",
            )
            context.diag(f"{name} {'ends' if has_ended(caller.pid) else 'waits'}")
            os.kill(caller.pid, signal.SIGKILL)
            wait_until(lambda: has_ended(caller.pid), f"the end of a killed {name}")
            caller.wait()
    finally:
        absent.appear()
    reader.join(20 * SLOW)
    equal(got, [device.EVENT.size], "what the reader got")
    session.drain()
    stats = session.stats()
    equal((stats.hits, stats.balance(), stats.queued), (3, 0, 0), str(stats))


@case("GET_FILTER into a page that is not there holds up nothing else of its session", "waiting")
def _get_filter(context):
    module.ensure()
    session = context.enter_context(Session())
    session.only(tgid=1)
    absent = Absent()
    header = FILTER.pack(1, RULE.size, 0, 0, 0, 0, absent.page)
    getter, got = in_thread(device.ioctl, session.fd, GET_FILTER, header)
    try:
        wait_until(absent.is_awaited, "a GET_FILTER that waits for its page")
        for name, call in (
            ("SET_CONFIG", session.config),
            ("SET_FILTER", lambda: session.only(tgid=2)),
            ("GET_INFO", session.info),
            ("START", session.start),
            ("GET_STATS", session.stats),
            ("STOP", session.stop),
        ):
            caller = Caller(context, call)
            wait_until(lambda: has_ended(caller.pid), f"the end of {name}")
            equal(caller.wait(), 0, f"status of {name}")
    finally:
        absent.appear()
    getter.join(20 * SLOW)
    equal([error for error, _ in got], [0], "GET_FILTER's result")
    rule = ctypes.string_at(absent.page, RULE.size)
    equal(rule, device.rule(tgid=1, events=device.CALLS), "the filter that it gives")


# ---- open() while the probes are armed ----


def listed():
    """The functions of the kernel that have a probe."""
    with open(f"{module.DEBUG}/kprobes/list", encoding="ascii", errors="replace") as file:
        return {line.split()[2].partition("+")[0] for line in file} - {"st_marks_are_heard"}


def armed():
    """How many probes the kernel has of ours."""
    return len(listed() & armed.symbols)


def needs_slow_start(context):
    """A session whose START takes long; and so does any that follows."""
    two_cpus()
    module.mount_debugfs()
    # A slow machine arms few of them as slowly as another many.
    module.ensure(f"maxactive={int(16384 / SLOW**2)}")
    context.callback(module.ensure)
    session = context.enter_context(Session())
    armed.symbols = {
        p.symbol for p in session.info().probes if p.flags & device.PROBE_BOUND and device.CALLS >> p.type & 1
    }
    session.start()
    check(armed() == len(armed.symbols), "%d of %s armed", armed(), armed.symbols)
    session.stop()
    equal(armed(), 0, "armed after STOP")
    return session


def opens_during_start(context, session, attempt):
    """Does `attempt` come to its end before a START has armed all probes, in one of some?"""
    cpus = two_cpus()
    context.callback(os.sched_setaffinity, 0, os.sched_getaffinity(0))
    os.sched_setaffinity(0, cpus[:1])

    def start():
        os.sched_setaffinity(0, cpus[1:])
        session.start()

    for _ in range(5):
        starter, _ = in_thread(start)
        wait_until(armed, "the first probe")
        attempt()
        now = armed()
        starter.join()
        session.stop()
        if now < len(armed.symbols):
            context.diag(f"done with {now} of {len(armed.symbols)} probes armed")
            return True
    return False


@case("SET_CONFIG does not change what a START is just arming", "waiting")
def _config(context):
    session = needs_slow_start(context)
    session.close()
    for _ in range(3):
        with Session(events=1 << device.ACCEPT4) as session:
            starter, _ = in_thread(session.start)
            wait_until(armed, "the first probe")
            try:
                session.config(events=1 << device.SOCKET)
            except OSError as error:
                equal(error.errno, errno.EBUSY)
            starter.join()
            burst = Burst(context, "mix", calls=30)
            types = {p.type for p in session.info().probes if p.flags & device.PROBE_ARMED}
            equal(len(types), 1, f"armed for {types}")
            burst.go().made()
            equal({e.type for e in session.finish() if e.tgid == burst.pid}, types, "records")


@case("STOP arms no probe that its session did not ask for", "waiting")
def _stop(context):
    session = needs_slow_start(context)
    # What a former module has left there, the first STOP has cleared.
    session.close()
    two = two_cpus()
    context.callback(os.sched_setaffinity, 0, os.sched_getaffinity(0))
    os.sched_setaffinity(0, two[:1])
    with Session(events=1 << device.SOCKETPAIR) as session:
        session.start()
        symbols = {p.symbol for p in session.info().probes if p.flags & device.PROBE_ARMED}
        looks = 0

        def stop():
            os.sched_setaffinity(0, two[1:])
            session.stop()

        stopper, _ = in_thread(stop)
        while stopper.is_alive():
            equal(listed() - symbols, set(), "armed at STOP")
            looks += 1
        check(looks, "it had stopped before the first look")


@case("open() does not wait for a session that arms its probes", "waiting")
def _open(context):
    session = needs_slow_start(context)
    opened = []
    context.callback(lambda: [os.close(fd) for fd in opened])

    def attempt():
        opened.append(os.open(device.DEVICE, os.O_RDONLY | os.O_CLOEXEC))

    check(opens_during_start(context, session, attempt), "it always waited")


def another_misc_device():
    """One whose open() does nothing that anybody sees."""
    for name in ("cpu_dma_latency", "hw_random", "hwrng", "loop-control", "vga_arbiter"):
        with open("/proc/misc", encoding="ascii") as file:
            if any(line.split()[1] == name for line in file) and os.path.exists(f"/dev/{name}"):
                return f"/dev/{name}"
    raise Skip("no other misc device")


@case("nor does that of any other misc device, behind one that opens this", "waiting")
def _misc(context):
    other = another_misc_device()
    context.diag(other)
    session = needs_slow_start(context)
    opened = []
    context.callback(lambda: [os.close(fd) for fd in opened])

    def attempt():
        opener = Caller(context, lambda: os.open(device.DEVICE, os.O_RDONLY))
        # A mutex: no call that is told by number, where it sleeps in its close().
        wait_until(
            lambda: opener.has_begun() and (has_ended(opener.pid) or sleeps_in(opener.pid, 257, 3, 231)),
            "an open()",
        )
        try:
            opened.append(os.open(other, os.O_RDONLY | os.O_CLOEXEC))
        except OSError as error:
            equal(error.errno, errno.EBUSY, other)

    check(opens_during_start(context, session, attempt), "it always waited")
