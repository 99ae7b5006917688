# SPDX-License-Identifier: GPL-2.0
"""The ABIs by which a program's calls come into the kernel, and the ways to use them."""

import dataclasses
import errno
import functools
import os
import subprocess

from lib import device
from lib.device import libc
from lib.proc import TREE, WORKLOAD, WORKLOAD32
from lib.tap import Skip

READER = os.environ.get("SOCKTRACE_READER", "socktrace-read")
READER32 = os.environ.get("SOCKTRACE_READER32", str(TREE / "build/reader32/socktrace-read"))
_X32_BIT = 0x40000000
_GETPID = 39


@functools.lru_cache(None)
def _takes_i386():
    """Does the kernel run 32-bit programs? Then it takes int $0x80 from others, too."""
    command = [WORKLOAD32 / "calls", "no such group"]
    try:
        subprocess.run(command, check=False, capture_output=True)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
        return False
    return True


def takes_x32():
    """Does the kernel take calls by the numbers of x32?"""
    return libc.syscall(_X32_BIT | _GETPID) == os.getpid()


@dataclasses.dataclass(frozen=True, eq=False)
class Abi:
    name: str
    option: str  # of workload/calls.c
    code: int  # enum socktrace_abi
    json_name: str
    bits: int  # of the program, and of the reader that looks at it
    numbers: dict  # of its system calls, as strace sees them

    def need(self):
        """Skips the case where the kernel has no such ABI."""
        if self.code == device.ABI_I386 and not _takes_i386():
            raise Skip("this kernel runs no 32-bit programs")
        if self.code == device.ABI_X32 and not takes_x32():
            raise Skip("this kernel takes no calls of x32, or needs syscall.x32=y at boot")

    def program(self, name):
        return str((WORKLOAD32 if self.bits == 32 else WORKLOAD) / name)

    def calls(self, *groups):
        """The command that makes these groups' calls by the ABI."""
        return [self.program("calls"), "-a", self.option, *groups]

    @property
    def reader(self):
        return READER32 if self.bits == 32 else READER


_AMD64 = {"socket": 41, "connect": 42, "accept": 43, "socketpair": 53, "accept4": 288}
_I386 = {"socket": 359, "socketpair": 360, "connect": 362, "accept4": 364}
_SOCKETCALL = dict.fromkeys(_AMD64, 102)
_X32 = {name: _X32_BIT | number for name, number in _AMD64.items()}
ABIS = (
    Abi("x86_64", "libc", device.ABI_X86_64, "x86_64", 64, _AMD64),
    Abi("i386", "number", device.ABI_I386, "i386", 32, _I386),
    Abi("i386 by socketcall", "socketcall", device.ABI_I386, "i386", 32, _SOCKETCALL),
    Abi("i386 from 64 bits", "int80", device.ABI_I386, "i386", 64, _I386),
    Abi("x32", "x32", device.ABI_X32, "x32", 64, _X32),
)
NATIVE = ABIS[0]
