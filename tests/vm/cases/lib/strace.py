# SPDX-License-Identifier: GPL-2.0
"""What strace says of the calls, in a form to be compared with records.

It runs as `strace -ff -X raw -xx -n`: numbers stay numbers, strings are bytes,
and each call has its system call's number.
"""

import dataclasses
import errno
import glob
import re
import socket
import struct

ERESTARTSYS = 512
SWAPS = True  # htons() of the machine that strace ran on: not where that is big endian
COMMAND = (
    "strace",
    "-ff",
    "--seccomp-bpf",
    "-X",
    "raw",
    "-xx",
    "-n",
    "-s",
    "200",
    "-e",
    "trace=socket,socketpair,connect,accept,accept4",
    "-e",
    "signal=none",
    "-o",
)

_LINE = re.compile(
    r"\[ *(\d+)\] (socket|socketpair|connect|accept|accept4)\((.*)\)\s+= (\?|-?\w+)(?: (E\w+))?", re.DOTALL
)


class Address:
    """A sockaddr; strace may know less of it than the kernel does."""

    def __init__(self, family, fields):
        self.family = family
        self.fields = fields

    def matches(self, address):
        """Are these bytes that address?"""
        if len(address) < 2 or struct.unpack_from("=H", address)[0] != self.family:
            return False
        fields = self.fields
        if "sin_port" in fields:
            return address[2:8] == fields["sin_port"] + fields["sin_addr"]
        if "sin6_port" in fields:
            known = fields["sin6_port"] + fields["sin6_flowinfo"] + fields["sin6_addr"]
            scope = struct.pack("=I", fields.get("sin6_scope_id", 0))
            return address[2:28] == known + scope
        if "nl_pid" in fields:
            return address[2:12] == struct.pack("=HII", 0, fields["nl_pid"], fields["nl_groups"])
        if "path" in fields:
            return address[2:].split(b"\0")[0] == fields["path"]
        if "abstract" in fields:
            return address[2:] == b"\0" + fields["abstract"]
        if "sa_data" in fields:  # as long as the caller had room for
            return address[2:].startswith(fields["sa_data"])
        return len(address) == 2

    def __repr__(self):
        return f"{self.family}:{self.fields}"


@dataclasses.dataclass
class Call:
    name: str
    args: tuple  # as in a record, unsigned
    address: object  # Address; None: strace has none; "pointer": it was unreadable
    addrlen: object  # (given, got) where strace has it
    ret: object  # negative errno; None: strace could not see it
    syscall: tuple = None  # name and number that it came by
    sv: tuple = None  # socketpair's descriptors; None: it gave none

    def __str__(self):
        return f"{self.name}{self.args} {self.address} {self.sv or ''} = {self.ret}"


def _split(text):
    """Splits at the commas that no bracket or quote holds."""
    parts, depth, quoted, begin = [], 0, False, 0
    for at, char in enumerate(text):
        if char == '"':
            quoted = not quoted  # -xx leaves no quote within a string
        elif quoted:
            continue
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == "," and depth == 0:
            parts.append(text[begin:at].strip())
            begin = at + 1
    parts.append(text[begin:].strip())
    return parts


def _number(text):
    total = 0
    for part in text.split("|"):
        swapped = re.fullmatch(r"hton[sl]\((.*)\)", part)
        if swapped:
            convert = socket.htons if part.startswith("htons") else socket.htonl
            value = int(swapped.group(1), 0)
            total |= convert(value) if SWAPS else value
        elif part != "NULL":
            # strace writes octal zeros: 00000000
            total |= int(part, 0) if part.strip("0") else 0
    return total


def _bytes(text):
    return bytes.fromhex(text.strip('"').replace("\\x", ""))


def _address(text):
    if text == "NULL" or text.startswith("0x"):
        return "pointer" if text != "NULL" else None
    fields = {}
    for part in _split(text[1:-1]):
        name, _, value = part.partition("=")
        if name == "sun_path" and value.startswith("@"):
            fields["abstract"] = _bytes(value[1:])
        elif name == "sun_path":
            fields["path"] = _bytes(value)
        elif value.startswith('"'):
            fields[name] = _bytes(value)
        else:
            fields[name] = _number(value)
    return Address(fields.pop("sa_family"), fields)


def parse_line(line):
    """A Call; None: the line is about no call."""
    found = _LINE.match(line)
    if not found:
        return None
    number, *rest = found.groups()
    call = _parse(*rest)
    call.syscall = (rest[0], int(number))
    return call


def _parse(name, arguments, ret, error):
    unfinished = "<unfinished ...>" in arguments
    args = [a for a in _split(arguments) if a and "<unfinished" not in a]
    if ret == "?":
        result = -ERESTARTSYS if error == "ERESTARTSYS" else None
    elif error:
        result = -getattr(errno, error)
    else:
        result = int(ret, 0)
    unsigned = lambda text: _number(text) & 0xFFFFFFFF
    if name == "socket":
        return Call(name, tuple(map(unsigned, args)), None, None, result)
    if name == "socketpair":
        sv = re.fullmatch(r"\[(\d+), (\d+)\]", args[3])
        sv = (int(sv[1]), int(sv[2])) if sv else None
        return Call(name, tuple(map(unsigned, args[:3])), None, None, result, sv=sv)
    address = _address(args[1]) if len(args) > 1 else None
    if name == "connect":
        length = unsigned(args[2])
        return Call(name, (unsigned(args[0]), length, 0), address, (length, length), result)
    flags = unsigned(args[3]) if name == "accept4" and not unfinished else 0
    room = re.fullmatch(r"\[(\d+)(?: => (\d+))?\]", args[2]) if len(args) > 2 else None
    lengths = (int(room[1]), int(room[2] or room[1])) if room else None
    if not isinstance(address, Address):
        address = None
    return Call("accept4", (unsigned(args[0]), flags, 0), address, lengths, result)


def read_all(prefix):
    """All threads' calls: {tid: [Call]}."""
    threads = {}
    for name in glob.glob(glob.escape(prefix) + ".*"):
        with open(name, encoding="ascii") as file:
            calls = [call for call in map(parse_line, file) if call]
        if calls:
            threads[int(name.rpartition(".")[2])] = calls
    return threads
