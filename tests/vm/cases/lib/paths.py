# SPDX-License-Identifier: GPL-2.0
"""Paths of peers as a reader keeps them: by CPU, from PATH records."""

from lib.device import F_PEER_PATH, LOST, PATH, PROCESS
from lib.tap import check, equal


class Paths:
    def __init__(self):
        self.parts = {}

    def _take(self, event):
        number, parts, length, flags, reserved, _text = event.path_part
        begun = self.parts.setdefault(event.cpu, [])
        if not number:
            begun.clear()
        equal(number, len(begun), "part of a path")
        equal((event.flags, event.abi, event.via, event.tgid, reserved), (0,) * 5, "no facts")
        begun.append(event)
        equal({e.path_part[1:4] for e in begun}, {(parts, length, flags)}, "of one path")
        equal({e.call_id for e in begun}, {event.call_id}, "of one call")

    def _whole(self, event):
        begun = self.parts.pop(event.cpu, [])
        if not begun or begun[0].call_id != event.call_id:
            return None
        _, parts, length, flags, *_ = begun[0].path_part
        equal(len(begun), parts, "parts")
        text = b"".join(e.path_part[5] for e in begun)
        equal(text[length:].strip(b"\0"), b"", "behind the path")
        check(bool(length) and parts == (length + 119) // 120, "%d parts of %d bytes", parts, length)
        return text[:length], flags

    def of(self, events):
        """The calls' records among them, each with its peer's path and its flags, or None."""
        found = []
        for event in events:
            if event.type == PATH:
                self._take(event)
            elif event.type not in (LOST, PROCESS):
                path = self._whole(event)
                check(path is None or event.flags & F_PEER_PATH, "a path without a flag")
                found.append((event, path))
        return found
