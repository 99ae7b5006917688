# SPDX-License-Identifier: GPL-2.0
"""No user, by whatever uids, takes the calls in flight that others need.

What one may have exactly is the module's affair: here it is something, it leaves
as much to others, and who is refused is told at the entry, flagged and counted.
"""

import dataclasses
import functools
import os
import pathlib
import shutil
import signal

from lib import device, module
from lib.device import ACCEPT4, Session, libc
from lib.proc import WORKLOAD, Blocked
from lib.tap import case, check, equal

MAXACTIVE = 32
NOBODY, OWNER, OTHER = 65534, 4001, 4002
SUBUIDS = 300000
FEW = 3
CLONE_NEWUSER = 0x10000000


@functools.lru_cache(None)
def programs():
    """The workload where any user may look."""
    at = pathlib.Path("/tmp/socktrace-programs")
    at.mkdir(exist_ok=True)
    shutil.copy(WORKLOAD / "blocked", at)
    return at


def become(uid, effective=None):
    """What a child does before its exec to be that user, or a setuid program of his."""
    effective = uid if effective is None else effective

    def drop():
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, effective, effective)

    return drop


def enter_namespace(owner, first, count):
    """What a child does to be root of that user's own namespace of so many uids."""

    def enter():
        ready, go = os.pipe()
        pid = os.getpid()
        helper = os.fork()
        if helper == 0:  # root still, as newuidmap is
            os.read(ready, 1)
            for kind in "ug":
                with open(f"/proc/{pid}/{kind}id_map", "w", encoding="ascii") as file:
                    file.write(f"0 {first} {count}")
            os._exit(0)
        become(owner)()
        check(libc.unshare(CLONE_NEWUSER) == 0, "unshare(CLONE_NEWUSER)")
        os.write(go, b"g")
        equal(os.waitpid(helper, 0)[1], 0, "the mapping")
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)

    return enter


def nest_namespace(enter, uid):
    """The same, and then a namespace of its own made by one of those uids."""

    def nest():
        enter()
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        libc.prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE: /proc/self is its own
        check(libc.unshare(CLONE_NEWUSER) == 0, "unshare(CLONE_NEWUSER)")
        with open("/proc/self/uid_map", "w", encoding="ascii") as file:
            file.write(f"0 {uid} 1")

    return nest


@dataclasses.dataclass
class Told:
    """What was told of some blocked calls."""

    whole: int  # with return and peer
    refused: int  # at entry, flagged


class Crowd:
    """Threads in accept(), of one or more processes."""

    def __init__(self, context, session, *blocked):
        self.context = context
        self.session = session
        self.blocked = blocked
        self.pids = {b.pid for b in blocked}
        self.entries = [e for e in session.drain() if e.tgid in self.pids]

    def told(self, events):
        threads = sum(b.threads for b in self.blocked)
        for e in self.entries:
            equal((e.phase, e.flags & device.F_RETURN_MISSED), (device.ENTER, device.F_RETURN_MISSED), str(e))
        events = [e for e in events if e.tgid in self.pids]
        for e in events:
            equal((e.phase, e.flags & device.F_RETURN_MISSED), (device.EXIT, 0), str(e))
        equal(len({e.tid for e in self.entries + events}), threads, "threads told of")
        return Told(len(events), len(self.entries))

    def release(self):
        """All return: what was told of them."""
        for b in self.blocked:
            equal(len(set(b.release(b.threads))), b.threads, "threads that returned")
        events = self.session.drain()
        for e in events:
            check(e.ret >= 0 and e.addr_source == device.ADDR_KERNEL and e.addr, "no peer: %s", e)
        return self.told(events)


class Machine:
    """A session that sees the case's accepts, with room for few calls in flight."""

    def __init__(self, context):
        module.ensure(f"maxactive={MAXACTIVE}")
        context.callback(module.ensure)
        self.context = context
        self.session = context.enter_context(Session(records_per_cpu=4096))
        self.session.only(ancestor=os.getpid(), events=1 << ACCEPT4).start()
        self.missed = self.info_missed()
        self.refused = 0

    def info_missed(self):
        return self.session.info().of_calls()[ACCEPT4].missed

    def block(self, threads, before_exec, first_uid=None):
        """That many threads in accept(), of one user, or each of another."""
        return Blocked(
            self.context, threads, first_uid, programs=programs(), preexec_fn=before_exec
        )

    def crowd(self, *blocked):
        crowd = Crowd(self.context, self.session, *(b.settle() for b in blocked))
        self.refused += len(crowd.entries)
        return crowd

    def users(self, threads, before_exec):
        return self.crowd(self.block(threads, before_exec))

    def is_whole(self, what, before_exec):
        """Nobody has taken this one's share: what he calls is told with return and peer."""
        equal(self.users(FEW, before_exec).release(), Told(FEW, 0), f"calls of {what}")

    def end(self):
        """All calls have returned: the law."""
        rest = self.session.finish()
        stats = self.session.stats()
        self.context.diag(str(stats))
        equal((stats.balance(), stats.missed), (0, self.refused), "balance, missed")
        equal(self.info_missed() - self.missed, self.refused, "missed, as GET_INFO has it")
        self.session.close()
        return rest


def is_a_share(context, told, what):
    """Something, and no more than half of all."""
    context.diag(f"{what}: {told.whole} of {told.whole + told.refused} calls told whole")
    check(1 <= told.whole <= MAXACTIVE // 2, "%s has %d of %d", what, told.whole, MAXACTIVE)


def is_as_much(told, before, what):
    """Where two processors count at once, one more or less does not matter."""
    check(abs(told.whole - before.whole) <= 4, "%s: %d, %d before", what, told.whole, before.whole)


def crowd_takes_a_share(context, before_exec, what):
    machine = Machine(context)
    crowd = machine.users(2 * MAXACTIVE, before_exec)
    machine.is_whole("root", None)
    machine.is_whole("another user", become(OTHER))
    is_a_share(context, crowd.release(), what)
    machine.end()


@case("one user with more calls in flight than there is room: all others' are told whole", "share")
def _one(context):
    crowd_takes_a_share(context, become(NOBODY), "nobody")


@case("a setuid program's calls are its user's", "share")
def _setuid(context):
    crowd_takes_a_share(context, become(NOBODY, 0), "nobody by setuid")


@case("100 uids of one user's namespace have one share", "share")
def _subuids(context):
    machine = Machine(context)
    crowd = machine.crowd(machine.block(100, enter_namespace(OWNER, SUBUIDS, 100), 0))
    machine.is_whole("root", None)
    machine.is_whole("another user", become(OTHER))
    own = machine.users(FEW, become(OWNER))
    own_told = own.release()
    told = crowd.release()
    is_a_share(context, Told(told.whole + own_told.whole, told.refused + own_told.refused), "the owner")
    machine.end()


@case("namespaces within a user's namespace have that one's share", "share")
def _nested(context):
    machine = Machine(context)
    enter = enter_namespace(OWNER, SUBUIDS, 100)
    nested = [machine.block(10, nest_namespace(enter, 1 + n)) for n in range(10)]
    crowd = machine.crowd(*nested)
    machine.is_whole("root", None)
    machine.is_whole("another user", become(OTHER))
    is_a_share(context, crowd.release(), "the owner")
    machine.end()


@case("100 users of the machine at once leave root's calls whole", "share")
def _users(context):
    machine = Machine(context)
    crowd = machine.crowd(machine.block(100, None, 5000))
    machine.is_whole("root", None)
    told = crowd.release()
    context.diag(f"100 users: {told.whole} of 100 calls told whole")
    check(told.whole >= MAXACTIVE // 4, "%d of %d", told.whole, MAXACTIVE)
    machine.end()


@case("a share comes back with a return, a kill and a STOP: as much every time", "share")
def _comes_back(context):
    machine = Machine(context)
    session = machine.session
    first = machine.users(2 * MAXACTIVE, become(NOBODY)).release()
    is_a_share(context, first, "nobody")

    killed = machine.users(2 * MAXACTIVE, become(NOBODY))
    killed.blocked[0].popen.send_signal(signal.SIGKILL)
    killed.blocked[0].popen.wait()
    is_as_much(killed.told(session.drain()), first, "after returns")

    machine.users(2 * MAXACTIVE, become(NOBODY))
    session.stop()
    session.start()
    again = machine.users(2 * MAXACTIVE, become(NOBODY))
    is_as_much(again.release(), first, "after a kill and a STOP")
    machine.end()
