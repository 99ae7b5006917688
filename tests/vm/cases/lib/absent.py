# SPDX-License-Identifier: GPL-2.0
"""Memory that is not there until somebody says so: userfaultfd(2)."""

import mmap
import os
import select
import struct

from lib import device
from lib.device import libc
from lib.tap import Skip

_NUMBER, _API, _REGISTER, _ZEROPAGE = 323, 0xC018AA3F, 0xC020AA00, 0xC020AA04


class Absent:
    """A page that is not there: whoever touches it waits, the kernel too, until appear()."""

    def __init__(self):
        self.page = libc.mmap(None, mmap.PAGESIZE, 3, 0x22, -1, 0)
        self.fd = libc.syscall(_NUMBER, os.O_CLOEXEC | os.O_NONBLOCK)
        self.there = False
        if self.fd < 0:
            raise Skip("this kernel has no userfaultfd")
        self._ioctl(_API, struct.pack("=QQQ", 0xAA, 0, 0))
        self._ioctl(_REGISTER, struct.pack("=QQQQ", self.page, mmap.PAGESIZE, 1, 0))

    def _ioctl(self, command, data):
        error, _ = device.ioctl(self.fd, command, data)
        if error:
            raise device.oserror(error, f"{command:#x}")

    def is_awaited(self):
        """Does somebody wait for it?"""
        poller = select.poll()
        poller.register(self.fd, select.POLLIN)
        return bool(poller.poll(0))

    def appear(self):
        if not self.there:
            self._ioctl(_ZEROPAGE, struct.pack("=QQQq", self.page, mmap.PAGESIZE, 0, 0))
        self.there = True

    def close(self):
        """Who waits goes on; it is a page like any other then."""
        os.close(self.fd)
        libc.munmap(self.page, mmap.PAGESIZE)
