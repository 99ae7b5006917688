# SPDX-License-Identifier: GPL-2.0
"""bind() and listen(), which are told to those who ask for them."""

import errno
import os
import re
import socket
import subprocess
import sys

from lib import device, module
from lib.device import ADDR_KERNEL, BIND, F_SOCK, LISTEN, SOCKET, Session
from lib.tap import case, check, equal

OWN = 1  # SOCKTRACE_CONFIG_OWN
BOTH = 1 << BIND | 1 << LISTEN


def session_of(context, events, **config):
    module.ensure()
    return context.enter_context(Session(config_flags=OWN, events=events, **config))


def armed(session):
    """Which of these events' probes are armed: of calls, and of facts."""
    probes = [p for p in session.info().probes if p.type in (BIND, LISTEN)]
    kinds = (0, device.PROBE_FACTS)
    return tuple(
        {p.type for p in probes if p.flags & device.PROBE_ARMED and p.flags & device.PROBE_FACTS == facts}
        for facts in kinds
    )


def serve(address=("127.0.0.1", 0), family=socket.AF_INET):
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.bind(address)
        sock.listen(5)
        return sock.getsockname()


@case("probes are armed while a session asks for their events, and only then", "server")
def _armed(context):
    plain = session_of(context, 0)
    plain.start()
    equal(armed(plain), (set(), set()), "nobody asked")
    one = session_of(context, 1 << BIND)
    equal(armed(plain), (set(), set()), "one asks, and has not started")
    one.start()
    equal(armed(plain), ({BIND}, {BIND}), "one asks for bind")
    two = session_of(context, device.EVENTS_ALL)
    two.filter([device.rule(events=device.EVENTS_ALL & ~(1 << LISTEN))], device.REJECT)
    two.start()
    equal(armed(plain), ({BIND}, {BIND}), "another takes all but listen")
    two.filter()
    equal(armed(plain), ({BIND, LISTEN}, {BIND, LISTEN}), "it takes that, too")
    serve()
    two.filter([device.rule(events=device.EVENTS_ALL & ~BOTH)], device.REJECT)
    equal(armed(plain)[1], {BIND}, "facts of listen, which none takes")
    one.close()
    equal(armed(plain)[1], set(), "facts, with nobody who asks")
    for session, events in ((plain, {SOCKET}), (two, {SOCKET, BIND, LISTEN})):
        session.stop()
        equal({e.type for e in session.drain()}, events)
        equal(session.stats().balance(), 0, "balance")
    equal(plain.stats().hits, 1, "what was not asked for is no hit")
    equal(two.stats().filtered, 0)
    equal(module.registered_probes(), [], "probes when nobody is left")


@case("bind() and listen() are told, with what the kernel took and with errors", "server")
def _told(context):
    session = session_of(context, BOTH)
    session.start()
    name = serve()
    bound, listening = session.drain()
    me = os.getpid()
    equal((bound.type, bound.phase, bound.tgid, bound.ret), (BIND, device.EXIT, me, 0), str(bound))
    equal((bound.addr_source, bound.toctou), (ADDR_KERNEL, 0), str(bound))
    check(bound.flags & F_SOCK and not bound.flags & device.F_BY_DESCRIPTOR, "%s", bound)
    asked, local = bound.addr, bound.local
    equal((asked[2:8], local[2:8]), (b"\0\0\x7f\0\0\1", name[1].to_bytes(2, "big") + b"\x7f\0\0\1"))
    equal(bound.args[1:], (16, 0), str(bound))
    equal((listening.type, listening.ret, listening.args[1:]), (LISTEN, 0, (5, 0)), str(listening))
    equal((listening.inode, listening.local, listening.addr_len), (bound.inode, local, 0), str(listening))
    equal((listening.flags & device.F_QUEUE, listening.queue_limit), (device.F_QUEUE, 5), str(listening))
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        session.drain()
        for call, error in (
            (lambda: two.bind(one.getsockname()), errno.EADDRINUSE),
            (lambda: two.bind(("192.0.2.1", 1)), errno.EADDRNOTAVAIL),
            (lambda: one.bind(("127.0.0.1", 0)), errno.EINVAL),
        ):
            try:
                call()
            except OSError as e:
                equal(e.errno, error)
            (event,) = session.drain()
            equal((event.type, event.ret, event.addr_source), (BIND, -error, ADDR_KERNEL), str(event))
    session.stop()
    equal(session.stats().balance(), 0, "balance")


PROGRAM = """
import socket
for family, name in ((2, ("127.0.0.1", 0)), (10, ("::1", 0)), (1, chr(0) + "served"), (1, "/tmp/served"), (1, "/none/x")):
    for kind in (1, 2):
        sock = socket.socket(family, kind)
        for call in (lambda: sock.bind(name), lambda: sock.bind(name), lambda: sock.listen(7), lambda: sock.listen(-1)):
            try:
                call()
            except OSError:
                pass
"""


@case("bind() and listen() are those that strace sees", "server")
def _strace(context):
    session = session_of(context, BOTH)
    session.start()
    if os.path.exists("/tmp/served"):
        os.unlink("/tmp/served")
    command = ["strace", "-e", "trace=bind,listen", "-e", "signal=none", "-o", "/tmp/served.strace"]
    subprocess.run([*command, sys.executable, "-c", PROGRAM], check=True)
    session.stop()
    with open("/tmp/served.strace", encoding="utf-8") as file:
        lines = [line for line in file if re.match(r"(bind|listen)\(", line)]
    events = session.drain()
    equal(len(events), len(lines), "calls")
    check(len(lines) == 40, "%d calls", len(lines))
    for line, event in zip(lines, events):
        name, fd, rest, last, ret, error = re.match(
            r"(\w+)\((\d+)(.*), (-?\d+)\)\s+= (-?\d+)(?: (E\w+))?", line
        ).groups()
        wanted = -getattr(errno, error) if error else int(ret)
        kind = {"bind": BIND, "listen": LISTEN}[name]
        equal((event.type, event.args, event.ret), (kind, (int(fd), int(last), 0), wanted), line)
        if kind == BIND:
            family = {"AF_INET": 2, "AF_INET6": 10, "AF_UNIX": 1}[re.search(r"sa_family=(\w+)", rest).group(1)]
            equal((event.addr[0], event.addr_source), (family, ADDR_KERNEL), line)
        else:
            equal(event.addr_len, 0, line)
    equal(session.stats().balance(), 0, "balance")
