# SPDX-License-Identifier: GPL-2.0
"""Comparison of what was recorded with what others saw, call by call."""

import dataclasses
import errno
import struct

from lib import device
from lib.strace import ERESTARTSYS, Address

NAMES = {
    **{device.SOCKET: "socket", device.CONNECT: "connect", device.ACCEPT4: "accept4"},
    device.SOCKETPAIR: "socketpair",
}
SOURCES = {
    **{"kernel": device.ADDR_KERNEL, "user": device.ADDR_USER},
    **{"fault": device.ADDR_FAULT, "descriptor": device.ADDR_DESCRIPTOR},
}
# An accept that fails so may have taken a connection, which is lost.
LOST = (-errno.EFAULT, -errno.EINVAL)


@dataclasses.dataclass
class Recorded:
    """A finished call, from a record or from a line of JSON."""

    tid: int
    name: str
    args: tuple
    ret: int
    addr: bytes
    source: int
    sv: tuple = None

    def __str__(self):
        return (
            f"{self.name}{self.args} {self.addr.hex()} from {self.source} {self.sv or ''} = {self.ret}"
        )


def from_event(event):
    return Recorded(
        event.tid,
        NAMES[event.type],
        tuple(arg & 0xFFFFFFFF for arg in event.args),
        event.ret,
        event.addr,
        event.addr_source,
        event.sv,
    )


def unescape(text):
    """The bytes that the reader wrote as text: `\\xNN`, `\\\\`."""
    data = bytearray()
    at = 0
    while at < len(text):
        if text[at] != "\\":
            data += text[at].encode()
            at += 1
        elif text[at + 1] == "\\":
            data += b"\\"
            at += 2
        else:
            data.append(int(text[at + 2 : at + 4], 16))
            at += 4
    return bytes(data)


def address_bytes(addr):
    """The sockaddr of a JSON address."""
    family = struct.pack("=H", addr["family_id"])
    if "raw" in addr:
        return family + bytes.fromhex(addr["raw"])
    if "path" in addr:
        return family + unescape(addr["path"]) + b"\0"
    if "abstract" in addr:
        return family + b"\0" + unescape(addr["abstract"])
    if "nl_pid" in addr:
        return family + struct.pack("=HII", 0, addr["nl_pid"], addr["nl_groups"])
    if "ip" in addr:
        import ipaddress  # pylint: disable=import-outside-toplevel

        # A scope is told by its own key.
        packed = ipaddress.ip_address(addr["ip"].split("%")[0]).packed
        port = struct.pack(">H", addr["port"])
        if len(packed) == 4:
            return family + port + packed + bytes(8)
        flow = struct.pack(">I", addr.get("flowinfo", 0))
        return family + port + flow + packed + struct.pack("=I", addr.get("scope_id", 0))
    if addr.get("unnamed") or addr.keys() == {"family", "family_id"}:
        return family
    raise ValueError(f"address {addr}")


def from_json(line):
    args = line["args"]
    numbers = {
        "socket": lambda: (args["domain"], args["type"], args["protocol"]),
        "socketpair": lambda: (args["domain"], args["type"], args["protocol"]),
        "connect": lambda: (args["sockfd"], args["addrlen"], 0),
        "accept4": lambda: (args["sockfd"], args["flags"], 0),
    }[line["event"]]()
    return Recorded(
        line["tid"],
        line["event"],
        tuple(arg & 0xFFFFFFFF for arg in numbers),
        line["ret"],
        address_bytes(line["addr"]) if "addr" in line else b"",
        SOURCES[line["addr_source"]] if "addr_source" in line else device.ADDR_NONE,
        tuple(line["sv"]) if "sv" in line else None,
    )


def by_thread(calls):
    threads = {}
    for call in calls:
        threads.setdefault(call.tid, []).append(call)
    return threads


def _address_differs(call, recorded):
    if call.name == "accept4":
        # The kernel's own copy is there even where the caller wanted none.
        if recorded.ret >= 0 and recorded.source != device.ADDR_KERNEL:
            return "accepted without a peer"
        if recorded.ret == -errno.EFAULT and recorded.source != device.ADDR_KERNEL:
            return "a connection that is lost, and not whose"
        if recorded.ret < 0 and recorded.ret not in LOST and recorded.addr:
            return "a peer where none was accepted"
        if isinstance(call.address, Address) and not call.address.matches(recorded.addr):
            return "address"
        return None
    if not 0 <= struct.unpack("=i", struct.pack("=I", call.args[1]))[0] <= 128:
        # The kernel refuses such a length and reads nothing; strace does.
        return "an address that the kernel never read" if recorded.addr else None
    if isinstance(call.address, Address):
        # strace reads no more than fits: the same bytes, by whatever copy.
        if not call.address.matches(recorded.addr):
            return "address"
        if recorded.source not in (device.ADDR_KERNEL, device.ADDR_USER):
            return "source of the address"
    else:
        if recorded.addr:
            return "an address where strace read none"
        if call.args[1] >= 2 and recorded.source != device.ADDR_FAULT:
            return "a bad pointer that is not told as fault"
    return None


def difference(call, recorded):
    """What differs between strace's call and the recorded one; None: nothing."""
    if call.name != recorded.name:
        return "name"
    if call.args != recorded.args:
        return "arguments"
    # Of a thread that was killed in the call strace knows no result.
    ret = -ERESTARTSYS if call.ret is None else call.ret
    if ret != recorded.ret:
        return "result"
    if call.sv != recorded.sv:
        return "descriptors"
    if call.name in ("socket", "socketpair"):
        return None if recorded.source == device.ADDR_NONE else "address"
    return _address_differs(call, recorded)


def compare(context, calls, recorded):
    """Threads of strace's calls with threads of recorded ones; says the sum."""
    compared = differences = 0
    for tid in sorted(calls.keys() | recorded.keys()):
        theirs, ours = calls.get(tid, []), recorded.get(tid, [])
        for number in range(max(len(theirs), len(ours))):
            compared += 1
            if number >= len(theirs):
                what = f"strace has no {ours[number]}"
            elif number >= len(ours):
                what = f"not recorded: {theirs[number]}"
            else:
                what = difference(theirs[number], ours[number])
                if what:
                    what = f"{what}: {theirs[number]}, recorded {ours[number]}"
            if what:
                differences += 1
                if differences <= 20:
                    context.diag(f"thread {tid}, call {number}: {what}")
    context.diag(f"events compared: {compared}, differences: {differences}")
    return compared, differences
