#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""check_json.py RECORDS JSON [SCHEMA [processes]]: the reader's JSON against the records.

Each line must be what docs/json.md makes of its record, decoded here once more
by Python's own tables, and valid by the schema if one is given and not empty. No line may
hold a control character.
"""
import errno
import ipaddress
import json
import re
import socket
import struct
import sys
from datetime import datetime, timezone

import records

EVENTS = {1: "socket", 2: "connect", 3: "accept4", 4: "security_socket_connect",
          5: "addr_mismatch", 6: "socketpair", 7: "connected", 8: "bind", 9: "listen",
          30: "process"}
PHASES = {1: "enter", 2: "exit", 3: "point"}
ABIS = dict(enumerate("x86_64 i386 x32 arm64 arm riscv64 riscv32 ppc64 ppc s390x s390 "
                      "mips64 mips mips_n32".split(), 1))
VIAS = {1: "syscall", 2: "io_uring", 3: "kernel", 4: "sendmsg"}
SOURCES = {1: "kernel", 2: "user", 3: "fault", 4: "descriptor"}
VERDICTS = {1: "match", 2: "mismatch", 3: "unreadable", 4: "unchecked"}


class AnyName:
    """Equal to the number as a string, or to any name with the prefix: for
    constants that Python's modules don't have."""

    def __init__(self, number, prefix):
        self.number, self.prefix = number, prefix

    def __eq__(self, other):
        return other == str(self.number) or other.startswith(self.prefix)

    def __repr__(self):
        return f"{self.number} or {self.prefix}*"


def constants(prefix, without=()):
    return {int(value): name for name, value in vars(socket).items()
            if re.fullmatch(prefix + "[A-Za-z0-9_]+", name) and name not in without}


FAMILIES = constants("AF_", ("AF_ROUTE",))
TYPES = constants("SOCK_", ("SOCK_CLOEXEC", "SOCK_NONBLOCK"))
PROTOCOLS = {2: constants("IPPROTO_", ("IPPROTO_HOPOPTS",)),
             16: {0: "NETLINK_ROUTE", 16: "NETLINK_GENERIC"}, 29: {1: "CAN_RAW", 2: "CAN_BCM"},
             17: {0x0300: "ETH_P_ALL", 0x0008: "ETH_P_IP"}}
PROTOCOLS[10] = PROTOCOLS[2]
PREFIXES = {2: "IPPROTO_", 10: "IPPROTO_", 16: "NETLINK_", 17: "ETH_P_", 29: "CAN_",
            31: "BTPROTO_", 35: "PN_PROTO_", 37: "CAIFPROTO_", 39: "NFC_", 24: "PX_PROTO_"}


def family_name(number):
    return FAMILIES.get(number) or (AnyName(number, "AF_") if 0 <= number < 46 else str(number))


def protocol_name(family, number):
    if family not in PREFIXES:
        return str(number)
    return PROTOCOLS.get(family, {}).get(number) or AnyName(number, PREFIXES[family])


def original(text):
    """The bytes of a JSON string: backslash escapes of the text undone."""
    def unescape(match):
        return b"\\" if match[1] == b"\\" else bytes([int(match[1][1:], 16)])
    raw = text.encode()
    assert not re.search(rb"(?<!\\)(\\\\)*\\(?!\\|x[0-9a-f]{2})", raw), f"stray backslash in {raw}"
    return re.sub(rb"\\(\\|x[0-9a-f]{2})", unescape, raw)


def c_string(data):
    return data.split(b"\0")[0]


def expect_fields(data, protocol):
    """What the structures of the rarer families hold; None: it is none of them."""
    family, kind = struct.unpack("=HB", data[:3])
    bdaddr = lambda at: data[at:at + 6][::-1].hex(":")
    if family == 38 and len(data) >= 25:
        feat, mask = struct.unpack("=II", data[16:24])
        return dict(alg_type=c_string(data[2:16]), alg_name=c_string(data[24:]),
                    feat=feat, mask=mask)
    if family == 29 and len(data) >= 21 and protocol == 7:
        keys = "ifindex", "j1939_name", "pgn", "j1939_addr"
        return dict(zip(keys, struct.unpack("=iQIB", data[4:21])))
    if family == 29 and len(data) >= 8:
        return dict(ifindex=struct.unpack("=i", data[4:8])[0])
    if family == 30 and len(data) >= 16 and kind in (1, 2, 3):
        keys = {1: ("service", "lower", "upper"), 2: ("service", "instance", "domain"),
                3: ("ref", "node")}[kind]
        scope, *values = struct.unpack("=b3I", data[3:16])
        return dict(zip(keys, values), scope=scope)
    if family == 31 and protocol == 0 and len(data) >= 13:
        return dict(bdaddr=bdaddr(4), psm=int.from_bytes(data[2:4], "little"),
                    cid=int.from_bytes(data[10:12], "little"), bdaddr_type=data[12])
    if family == 31 and protocol == 1 and len(data) >= 6:
        return dict(zip(("hci_dev", "hci_channel"), struct.unpack("=HH", data[2:6])))
    if family == 31 and protocol == 2 and len(data) >= 8:
        return dict(bdaddr=bdaddr(2))
    if family == 31 and protocol in (3, 8) and len(data) >= 9:
        return {"bdaddr": bdaddr(2), "channel" if protocol == 3 else "bdaddr_type": data[8]}
    if family == 44 and len(data) >= 16:
        keys = "xdp_flags", "ifindex", "queue_id", "shared_umem_fd"
        return dict(zip(keys, struct.unpack("=HIII", data[2:16])))
    return None


def expect_addr(data, ev):
    """The object of an address; strings of the record's bytes as bytes."""
    if len(data) < 2:
        return {"raw": data.hex()}
    family, body = struct.unpack("=H", data[:2])[0], data[2:]
    result = {"family": family_name(family), "family_id": family}
    if family == 2 and len(data) >= 8:
        result.update(ip=str(ipaddress.IPv4Address(data[4:8])),
                      port=struct.unpack(">H", data[2:4])[0])
    elif family == 10 and len(data) >= 24:
        port, flowinfo = struct.unpack(">HI", data[2:8])
        scope = struct.unpack("=I", data[24:28])[0] if len(data) >= 28 else 0
        result.update(ip=socket.inet_ntop(socket.AF_INET6, data[8:24]), port=port,
                      flowinfo=flowinfo, scope_id=scope)
    elif family == 1 and not body:
        result["unnamed"] = True
    elif family == 1 and body[0]:
        result["path"] = body.split(b"\0")[0]
    elif family == 1:
        result["abstract"] = body[1:]
    elif family == 16 and len(data) >= 12:
        result["nl_pid"], result["nl_groups"] = struct.unpack("=II", data[4:12])
    elif family == 40 and len(data) >= 12:
        result["port"], result["cid"] = struct.unpack("=II", data[4:12])
    elif family == 17 and len(data) >= 12:
        result["protocol"] = struct.unpack(">H", data[2:4])[0]
        (result["ifindex"], result["hatype"], result["pkttype"],
         length) = struct.unpack("=iHBB", data[4:12])
        if data[12:12 + length]:
            result["hwaddr"] = data[12:12 + length].hex(":")
    elif body:
        known = ev["flags"] & records.F_SOCK and ev["sock_family"] == family
        fields = expect_fields(data, ev["sock_protocol"] if known else -1)
        result.update({"raw": body.hex()} if fields is None else fields)
    return result


def flag_names(bits):
    names = [name for bit, name in ((0o4000, "SOCK_NONBLOCK"), (0o2000000, "SOCK_CLOEXEC"))
             if bits & bit]
    rest = bits & ~0o2004000
    return names + ([hex(rest)] if rest else [])


def expect(ev, path):
    """The whole object but time and what is known of the program."""
    if ev["type"] == records.LOST:
        return {"event": "lost", "phase": "point", "cpu": ev["cpu"], "count": ev["lost"][0],
                "reason": "ring_full" if ev["lost"][1] == 1 else str(ev["lost"][1]),
                "seq": ev["seq"]}
    result = {"event": EVENTS[ev["type"]], "phase": PHASES[ev["phase"]], "cpu": ev["cpu"],
              "seq": ev["seq"], "pid": ev["tgid"], "tid": ev["tid"], "ppid": ev["ppid"],
              "uid": ev["uid"], "gid": ev["gid"], "euid": ev["euid"], "comm": ev["comm"].split(b"\0")[0]}
    for key, field in (("call", "call_id"), ("nspid", "ns_tgid"), ("nstid", "ns_tid"),
                       ("netns", "netns"), ("mntns", "mntns"), ("pidns", "pidns"),
                       ("cgroup", "cgroup_id"), ("start", "start_ns")):
        if ev[field]:
            result[key] = ev[field]
    if ev["cgroup_id"] >> 63:
        result.update(cgroup=ev["cgroup_id"] & ~(1 << 63), cgroup_v1=True)
    for key, field in (("loginuid", "loginuid"), ("session", "sessionid")):
        if ev[field] != 2**32 - 1:
            result[key] = ev[field]
    for key, field, names in (("abi", "abi", ABIS), ("via", "via", VIAS),
                              ("addr_source", "addr_source", SOURCES),
                              ("toctou", "toctou", VERDICTS)):
        if ev[field]:
            result[key] = names.get(ev[field], str(ev[field]))

    if ev["type"] == records.PROGRAM:
        del result["seq"]
        return result
    args = ev["arg0"], ev["arg1"], ev["arg2"]
    bits = 0
    if ev["type"] in (records.SOCKET, records.PAIR):
        kind = args[1] & 15
        bits = args[1] & 0xfffffff0
        result.update(args=dict(domain=args[0], type=args[1], protocol=args[2]),
                      family=family_name(args[0]), type=TYPES.get(kind) or
                      ("SOCK_DCCP" if kind == 6 else "SOCK_PACKET" if kind == 10 else str(kind)),
                      protocol=protocol_name(args[0], args[2]))
    else:
        # -1 stands for none, but where a program may have passed it.
        passed = args[0] != -1 or (
            ev["via"] <= 1 and ev["type"] in (records.CONNECT, records.ACCEPT4, records.BIND, records.LISTEN,
                                             records.CONNECTED))
        sockfd = dict(sockfd=args[0]) if passed else {}
        if ev["type"] == records.ACCEPT4 and ev["flags"] & records.F_ENTERED_BEFORE:
            pass
        elif ev["type"] == records.ACCEPT4:
            bits = args[1] & 0xffffffff
            result["args"] = dict(sockfd, flags=args[1])
        elif ev["type"] == records.LISTEN:
            result["args"] = dict(sockfd, backlog=args[1])
        elif ev["type"] != records.LSM:
            result["args"] = dict(sockfd, addrlen=args[1])
        elif passed:
            result["args"] = sockfd
        if ev["flags"] & records.F_SOCK:
            kind = ev["sock_type"]
            result.update(family=family_name(ev["sock_family"]), type=TYPES.get(kind) or
                          ("SOCK_PACKET" if kind == 10 else str(kind)),
                          protocol=protocol_name(ev["sock_family"], ev["sock_protocol"]))
    if bits:
        result["flags"] = flag_names(bits)

    for key in ("addr", "local"):
        if ev[key]:
            result[key] = expect_addr(ev[key], ev)
    if ev["flags"] & records.F_LOCAL_TRUNCATED:
        result["local_truncated"] = True
    if ev["flags"] & records.F_SOCK:
        result["inode"] = ev["inode"]
        by_descriptor = ev["flags"] & records.F_BY_DESCRIPTOR
        result["socket_source"] = "descriptor" if by_descriptor else "kernel"
    if ev["flags"] & records.F_SV:
        result["sv"] = list(ev["sv"])
    if ev["flags"] & records.F_QUEUE:
        result["queue"] = dict(length=ev["queue_len"], limit=ev["queue_limit"])
    if ev["flags"] & records.F_PEERCRED:
        result["peer"] = dict(pid=ev["peer_pid"], uid=ev["peer_uid"])
    if path:
        peer = result.setdefault("peer", {})
        peer["path"], flags = path
        peer.update({key: True for bit, key in ((1, "deleted"), (2, "other_mounts")) if flags & bit})
    elif ev["flags"] & records.F_PEER_PATH:
        result["peer_path_missed"] = True
    if records.has_result(ev):
        result.update(ret=ev["ret"], duration_ns=ev["duration_ns"])
        if ev["ret"] < 0:
            number = -ev["ret"]
            result["error"] = (errno.errorcode.get(number) or
                               (AnyName(number, "E") if 512 <= number < 532 else str(number)))
            if number == errno.EOPNOTSUPP:
                result["error"] = "EOPNOTSUPP"
            if number == errno.EDEADLK:
                result["error"] = "EDEADLK"
            if number == errno.EAGAIN:
                result["error"] = "EAGAIN"
    if ev["flags"] & records.F_RETURN_MISSED:
        result["return_missed"] = True
    if ev["type"] == records.ACCEPT4 and ev["flags"] & records.F_ENTERED_BEFORE:
        result["entered_before"] = True
    if ev["flags"] & records.F_OUTCOME_MISSED:
        result["outcome_missed"] = True
    if ev["flags"] & records.F_LATE:
        result["late"] = True
    return result


PROGRAM = "exe", "exe_source", "other_root", "cmdline", "cmdline_truncated"


def check_program(got, known):
    """What a line says of the program; by /proc, as may be, where nothing else is known."""
    want = {}
    if known and known["cmdline"]:
        want["cmdline"] = known["cmdline"].removesuffix(b"\0").split(b"\0")
        if known["size"] > len(known["cmdline"]):
            want["cmdline_truncated"] = True
    if known and known["exe"]:
        want["exe"] = known["exe"]
        want["exe_source"] = {1: "exec", 2: "mm"}.get(known["source"], str(known["source"]))
        if known["flags"] & 1:
            want["other_root"] = True
    elif "exe" in got:
        assert got.pop("exe_source") == "proc"
        del got["exe"]
    if "exe" in got:
        got["exe"] = original(got["exe"])
    if "cmdline" in got:
        got["cmdline"] = [original(argument) for argument in got["cmdline"]]
    assert got == want, f"program:\n got {got}\nwant {want}"


def read_records(data, wanted):
    """Those that give a line, each with its program and its peer's path; those of programs if they are wanted."""
    programs, paths = records.Programs(), records.Paths()
    calls = []
    for at in range(0, len(data), records.SIZE):
        one = data[at:at + records.SIZE]
        ev = records.parse(one)
        if ev["type"] == records.PROGRAM:
            known = programs.take(one)
            if known and wanted:
                calls.append((ev, known, None))
        elif ev["type"] == records.PATH:
            paths.take(one)
        else:
            calls.append((ev, programs.find(ev["image"]), paths.find(ev)))
    return calls


def comparable(got):
    """Strings that hold a record's bytes become those bytes again."""
    if "comm" in got:
        got["comm"] = original(got["comm"])
    for key in ("addr", "local", "peer"):
        for part in ("path", "abstract", "alg_type", "alg_name"):
            if part in got.get(key, {}):
                got[key][part] = original(got[key][part])
    return got


def nanoseconds(time):
    match = re.fullmatch(r"(.{19})\.([0-9]{9})Z", time)
    second = datetime.strptime(match[1], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return int(second.timestamp()) * 10**9 + int(match[2])


def no_doubles(pairs):
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), f"a key twice: {keys}"
    return dict(pairs)


def main():
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    with open(sys.argv[2], "rb") as file:
        lines = file.read().split(b"\n")
    validator = None
    if len(sys.argv) > 3 and sys.argv[3]:
        import jsonschema
        with open(sys.argv[3], encoding="utf-8") as file:
            schema = json.load(file)
        jsonschema.Draft7Validator.check_schema(schema)
        validator = jsonschema.Draft7Validator(schema,
                                               format_checker=jsonschema.FormatChecker())
    assert lines.pop() == b"", "the last line has no newline"
    calls = read_records(data, wanted=len(sys.argv) > 4)
    assert len(lines) == len(calls), "not one line for each record"
    first = None
    for number, (line, (ev, known, path)) in enumerate(zip(lines, calls)):
        text = line.decode("utf-8")
        assert text.isprintable() or not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", text), \
            f"line {number} holds a control character: {text!r}"
        got = json.loads(text, object_pairs_hook=no_doubles)
        if validator:
            validator.validate(got)
        offset = nanoseconds(got.pop("time")) - ev["time_ns"]
        first = first or offset
        # The clocks are compared anew each second, and may drift that much.
        assert abs(offset - first) < 5 * 10**6, f"line {number}: the time is off"
        program = {key: got.pop(key) for key in PROGRAM if key in got}
        # What this machine knows of the record's numbers.
        for key in ("cgroup_path", "container"):
            got.pop(key, None)
        want = expect(ev, path)
        if "event" in got and got["event"] != "lost":
            check_program(program, known)
        assert comparable(got) == want, f"line {number}:\n got {got}\nwant {want}"
    print(f"{len(lines)} lines")


if __name__ == "__main__":
    main()
