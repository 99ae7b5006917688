# SPDX-License-Identifier: GPL-2.0
"""Loading and unloading of the module, and what the kernel says about it."""

import ctypes
import functools
import os
import re
import subprocess

from lib.device import DEVICE, libc, oserror

NAME = "socktrace"
SYS = f"/sys/module/{NAME}"
_FINIT_MODULE, _DELETE_MODULE = 313, 176
DEBUG = "/sys/kernel/debug"

SPLAT = re.compile(
    r"BUG:|WARNING:|INFO: (task|rcu|possible|inconsistent)|Oops:|Call Trace:|KASAN|"
    r"general protection|unable to handle|refcount_t:|soft lockup|stack-protector|"
    r"unchecked MSR|[kK]probes?: .*(fail|Unrecoverable)|leaked [a-z]* *return"
)


@functools.lru_cache(None)
def path():
    """The module's file, as modprobe finds it."""
    named = os.environ.get("SOCKTRACE_KO")
    if named:
        return named
    return subprocess.run(
        ["modinfo", "-n", NAME], check=True, capture_output=True, text=True
    ).stdout.strip()


def kernel():
    """The version of the running kernel, to be compared with (6, 1)."""
    return tuple(int(part) for part in re.match(r"(\d+)\.(\d+)", os.uname().release).groups())


def has_function(name):
    """Has the running kernel this function?"""
    with open("/proc/kallsyms", encoding="ascii") as file:
        return any(line.split()[2] == name for line in file)


def loaded():
    return os.path.isdir(SYS)


def try_load(parameters="", file=None):
    """Loads as insmod does: 0 or the errno. What the machine asks for comes first."""
    parameters = f"{os.environ.get('SOCKTRACE_PARAMETERS', '')} {parameters}".strip()
    fd = os.open(file or path(), os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.syscall(_FINIT_MODULE, fd, parameters.encode(), 0) < 0:
            return ctypes.get_errno()
        return 0
    finally:
        os.close(fd)


def try_unload():
    """Unloads as rmmod does: 0 or the errno."""
    if libc.syscall(_DELETE_MODULE, NAME.encode(), os.O_NONBLOCK) < 0:
        return ctypes.get_errno()
    return 0


def unload():
    error = try_unload()
    if error:
        raise oserror(error, "rmmod")


_in_force = None


def ensure(parameters="", file=None):
    """Loads the module with just these parameters, if it is not so already."""
    global _in_force  # pylint: disable=global-statement
    if loaded() and _in_force == (parameters, file) and os.path.exists(DEVICE):
        return
    if loaded():
        unload()
    error = try_load(parameters, file)
    if error:
        raise oserror(error, f"insmod {parameters}")
    _in_force = (parameters, file)


class Log:
    """The kernel's messages from now on."""

    def __init__(self, start=False):
        self._fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        os.lseek(self._fd, 0, os.SEEK_SET if start else os.SEEK_END)

    def close(self):
        os.close(self._fd)

    def lines(self):
        """What came since the last time."""
        found = []
        while True:
            try:
                text = os.read(self._fd, 8192).decode(errors="replace")
            except BlockingIOError:
                return found
            except BrokenPipeError:  # overwritten before it was read
                continue
            found.append(text.partition(";")[2].split("\n")[0])

    def splats(self):
        return [line for line in self.lines() if SPLAT.search(line)]


def mount_debugfs():
    if not os.path.isdir(f"{DEBUG}/kprobes"):
        subprocess.run(["mount", "-t", "debugfs", "none", DEBUG], check=True)


def probe_lists():
    """The files that name probes: without ftrace, kprobes are breakpoints alone."""
    names = ("kprobes/list", "tracing/enabled_functions")
    return [name for name in names if os.path.exists(f"{DEBUG}/{name}")]


def registered_probes():
    """The kprobes that the kernel has, and the functions that ftrace hooks."""
    mount_debugfs()
    names = []
    for name in probe_lists():
        with open(f"{DEBUG}/{name}", encoding="ascii", errors="replace") as file:
            names += [
                line.strip()
                for line in file
                if re.search(r"sys_(socket|socketpair|connect|accept4?)\b|security_socket_connect", line)
            ]
    return names
