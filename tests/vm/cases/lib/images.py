# SPDX-License-Identifier: GPL-2.0
"""Process images as a reader keeps them: by CPU and slot, from PROCESS records."""

import dataclasses

from lib import device
from lib.device import IMAGE_SLOTS, LOST, PROCESS
from lib.tap import check, equal


@dataclasses.dataclass
class Image:
    number: int
    exe: bytes
    cmdline: bytes
    cmdline_size: int
    source: int
    flags: int
    event: device.Event


class Images:
    """What was told so far; `told` are all of them, in order."""

    def __init__(self):
        self.slots = {}
        self.parts = {}
        self.told = []

    def _take(self, event):
        part = event.part
        parts = self.parts.setdefault(event.cpu, [])
        equal(part.number, len(parts), f"part of the image {event.image:#x}")
        equal(event.image >> 48, event.cpu, "an image's CPU")
        equal((event.flags, event.abi, event.via, event.call_id), (0, 0, 0, 0), "of no call")
        parts.append(event)
        if len(parts) < part.parts:
            return
        equal({e.image for e in parts}, {event.image}, "parts of one image")
        text = b"".join(e.part.text for e in parts)
        end = part.exe_len + part.cmdline_len
        equal(text[end:].strip(b"\0"), b"", "behind the text")
        image = Image(
            event.image, text[: part.exe_len], text[part.exe_len : end], part.cmdline_size,
            part.exe_source, part.flags, event,
        )
        self.parts[event.cpu] = []
        self.slots[event.cpu, event.image % IMAGE_SLOTS] = image
        self.told.append(image)

    def of(self, events):
        """The calls' records among them, each with its image (None: none is known)."""
        found = []
        for event in events:
            if event.type == PROCESS:
                self._take(event)
                continue
            check(not self.parts.get(event.cpu), "a record between an image's parts")
            if event.type == LOST:
                continue
            image = self.slots.get((event.image >> 48, event.image % IMAGE_SLOTS))
            if image and image.number != event.image:
                image = None
            if image:
                told = image.event
                equal((told.tgid, told.start_ns), (event.tgid, event.start_ns), "whose image")
            found.append((event, image))
        return found
