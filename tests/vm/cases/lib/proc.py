# SPDX-License-Identifier: GPL-2.0
"""Processes for the cases: held at a gate until the session looks at them."""

import os
import pathlib
import signal
import subprocess
import time
import traceback

from lib.device import libc
from lib.tap import Skip

TREE = pathlib.Path(__file__).resolve().parents[4]
WORKLOAD = pathlib.Path(os.environ.get("SOCKTRACE_WORKLOAD", TREE / "build/vm/workload"))
SLOW = float(os.environ.get("SOCKTRACE_SLOW", "1"))  # as in tap.py
WORKLOAD32 = pathlib.Path(f"{WORKLOAD}32")
# In /proc/PID/syscall: accept, accept4; i386's accept4, socketcall.
ACCEPT_CALLS = {"43", "288", "364", "102"}


def wait_until(condition, what, seconds=20.0):
    """For what announces itself by no event; gives the condition's value."""
    seconds *= SLOW
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not in {seconds} s")
        time.sleep(0.002)


def reap(pid):
    """Waits for a child: its exit status, or the negative signal."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class Child:
    """A fork that waits for go(), and then runs a function or a command.

    Its standard output and standard error go to a file, if one is given.
    """

    def __init__(self, context, what, output=None, env=None):
        gate, self._gate = os.pipe()
        self.status = None
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                signal.alarm(0)
                os.close(self._gate)
                if output is not None:
                    fd = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                    os.dup2(fd, 1)
                    os.dup2(fd, 2)
                if os.read(gate, 1):
                    if callable(what):
                        status = what() or 0
                    else:
                        os.execvpe(what[0], what, {**os.environ, **(env or {})})
            except BaseException:  # pylint: disable=broad-except
                traceback.print_exc()
            os._exit(status)
        os.close(gate)
        context.callback(self.kill)

    def go(self):
        os.write(self._gate, b"g")
        self._shut()
        return self

    def _shut(self):
        if self._gate >= 0:
            os.close(self._gate)
        self._gate = -1

    def wait(self):
        self._shut()
        if self.status is None:
            self.status = reap(self.pid)
        return self.status

    def kill(self, number=signal.SIGKILL):
        self._shut()
        if self.status is None:
            os.kill(self.pid, number)
            if number == signal.SIGKILL:
                self.wait()


class Program:
    """A workload program with pipes; killed with its case."""

    def __init__(self, context, *argv, programs=WORKLOAD, **options):
        self.popen = subprocess.Popen(
            [str(programs / argv[0]), *map(str, argv[1:])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            **options,
        )
        self.pid = self.popen.pid
        context.callback(self.kill)

    def line(self):
        return self.popen.stdout.readline().decode().split()

    def write(self, data=b"g"):
        self.popen.stdin.write(data)
        self.popen.stdin.flush()

    def end(self):
        """Ends its input, and gives what it still says."""
        self.popen.stdin.close()
        rest = self.popen.stdout.read().decode()
        status = self.popen.wait()
        if status:
            raise RuntimeError(f"{self.popen.args}: status {status}: {rest}")
        return rest

    def kill(self):
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()
        self.popen.stdout.close()
        if not self.popen.stdin.closed:
            self.popen.stdin.close()


class Burst(Program):
    """Counted calls; see workload/burst.c. They begin at go()."""

    def __init__(self, context, kind="fail", calls=0, cpu=None, threads=1, pause_us=0):
        pin = [] if cpu is None else ["-c", cpu]
        super().__init__(context, "burst", "-g", "-n", calls, "-t", threads, "-u", pause_us, *pin, kind)
        if self.line() != ["ready"]:
            raise RuntimeError("burst is not ready")

    def go(self):
        self.write()
        return self

    def made(self):
        """Waits for its end, or ends it if it goes on for ever: calls made."""
        word, number = self.end().split()
        assert word == "made"
        return int(number)


def sleeps_in(pid, *calls):
    """Does this process or thread sleep in one of these system calls, given by number?"""
    try:
        with open(f"/proc/{pid}/syscall", encoding="ascii") as file:
            return file.read().split()[0] in map(str, calls)
    except (OSError, IndexError):
        return False


def has_ended(pid):
    """Has this child ended? It can still be waited for."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def blocked_threads(pid):
    """Threads of a process that sleep in accept() or accept4()."""
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/syscall", encoding="ascii") as file:
                if file.read().split()[0] in ACCEPT_CALLS:
                    found.append(int(task))
        except (OSError, IndexError):
            pass
    return found


class Blocked(Program):
    """Threads in accept(), all of them asleep; see workload/blocked.c."""

    def __init__(self, context, threads, first_uid=None, **options):
        uids = [] if first_uid is None else ["-u", first_uid]
        super().__init__(context, "blocked", *uids, threads, **options)
        self.threads = threads

    def settle(self):
        self.port = int(self.line()[1])
        wait_until(lambda: len(blocked_threads(self.pid)) == self.threads, "blocked threads")
        return self

    def release(self, count):
        """Lets that many threads go: their tids, in the order of their ends."""
        tids = []
        for _ in range(count):
            self.write()
            tids.append(int(self.line()[1]))
        return tids


def namespace(kind, pid="self"):
    """The inode number of one of a process's namespaces."""
    return os.stat(f"/proc/{pid}/ns/{kind}").st_ino


def cgroup_mount():
    with open("/proc/self/mounts", encoding="utf-8") as file:
        for line in file:
            _, at, kind, *_ = line.split()
            if kind == "cgroup2":
                return at
    return None


def v1_cgroups(context):
    """A hierarchy of cgroup v1, of pids, while the case runs: where it is mounted."""
    at = "/tmp/socktrace-pids"
    os.makedirs(at, exist_ok=True)
    context.callback(os.rmdir, at)
    if libc.mount(b"none", at.encode(), b"cgroup", 0, b"pids"):
        raise Skip("no pids of cgroup v1")
    context.callback(libc.umount2, at.encode(), 0)
    return at


def join_cgroup(group, pid=0):
    with open(f"{group}/cgroup.procs", "w", encoding="ascii") as file:
        file.write(str(pid))


def cgroup_id(pid="self"):
    """The inode number of a process's cgroup v2 directory; None: none."""
    mount = cgroup_mount()
    with open(f"/proc/{pid}/cgroup", encoding="utf-8") as file:
        for line in file:
            if line.startswith("0::") and mount:
                return os.stat(mount + line[3:].strip()).st_ino
    return None


def online_cpus():
    with open("/sys/devices/system/cpu/online", encoding="ascii") as file:
        cpus = []
        for part in file.read().strip().split(","):
            first, _, last = part.partition("-")
            cpus += range(int(first), int(last or first) + 1)
        return cpus
