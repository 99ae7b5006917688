# SPDX-License-Identifier: GPL-2.0
"""Programs on a terminal of a given width, and what that shows."""

import fcntl
import os
import pty
import re
import struct
import termios
import unicodedata


def resize(fd, columns, lines=50):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("4H", lines, columns, 0, 0))


def start(columns, *argv, lines=50, **environment):
    """Its process and the terminal's other end."""
    pid, fd = pty.fork()
    if not pid:
        resize(1, columns, lines)
        os.execve(argv[0], argv, os.environ | environment)
    return pid, fd


def rest(pid, fd):
    """What it says until it ends, which it must do well."""
    out = b""
    try:
        while data := os.read(fd, 65536):
            out += data
    except OSError:
        pass
    assert os.waitpid(pid, 0)[1] == 0, out
    return out


def width(text):
    """Columns that it takes."""
    return len(text) + sum(unicodedata.east_asian_width(c) in "WF" and unicodedata.category(c) != "Cn"
                           for c in text)


class Screen:
    """What stands on a terminal that knows text, newlines and three sequences."""

    def __init__(self, lines, columns):
        self.shown, self.columns = [""] * lines, columns
        self.drawn = []  # what stood there when all below was cleared
        self.line = self.column = 0
        self.overlong = False  # something would have been wrapped
        self.gone = ""  # scrolled up
        self.rest = b""

    def put(self, data):
        data = self.rest + data
        whole = re.match(rb"(?s).*(?:\n|\033\[[HJ])", data)
        end = whole.end() if whole else 0
        self.rest = data[end:]
        for part in re.findall("\n|\r|\033\\[[HKJ]|[^\n\r\033]+|\033", data[:end].decode()):
            self._take(part)

    def _take(self, part):
        if part == "\n":
            self.line += 1
            if self.line == len(self.shown):
                self.gone += self.shown.pop(0)
                self.shown.append("")
                self.line -= 1
        elif part == "\r":
            self.column = 0
        elif part == "\033[H":
            self.line = self.column = 0
        elif part == "\033[K":
            self.shown[self.line] = self.shown[self.line][: self.column]
        elif part == "\033[J":
            self._take("\033[K")
            self.shown[self.line + 1 :] = [""] * (len(self.shown) - self.line - 1)
            self.drawn = list(self.shown)
        else:
            old = self.shown[self.line].ljust(self.column)
            self.shown[self.line] = old[: self.column] + part + old[self.column + len(part) :]
            self.column += len(part)
            self.overlong |= width(self.shown[self.line]) > self.columns
