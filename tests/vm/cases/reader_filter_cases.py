# SPDX-License-Identifier: GPL-2.0
"""The reader's conditions, --inflight, and its word about a muted machine."""

import json
import os
import socket
import time

from lib import module
from lib.device import ACCEPT4, Session, libc
from lib.proc import (
    Blocked, Child, blocked_threads, cgroup_mount, join_cgroup, namespace, v1_cgroups)
from lib.tap import case, check, equal
from reader_cases import Live, read, tracing
from state_cases import muted

CALLS = """
import socket
for address in ("127.0.0.1", "127.0.0.2", "10.1.2.3", "::1"):
    for port in (9, 5000):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            socket.socket(family, socket.SOCK_DGRAM).connect((address, port))
        except OSError:
            pass
"""


def connects(*options):
    """Ports and addresses of the program's connects that the reader shows."""
    out = "/tmp/socktrace-reader-filter"
    if os.path.exists(out):
        os.unlink(out)  # files are appended to
    command = ("--", "/usr/bin/python3", "-c", CALLS)
    status, _, said = read("-q", "-e", "connect", *options, "-o", f"json:{out}", *command)
    equal(status, 0, f"status ({said})")
    with open(out, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    return [(line["addr"]["ip"], line["addr"]["port"]) for line in lines if line["event"] == "connect"]


@case("its conditions reach the kernel: --net, --rport, --filter", "reader-filter")
def _conditions(_context):
    module.ensure()
    equal(connects("--net", "127.0.0.0/8", "--rport", "1-1023"), [("127.0.0.1", 9), ("127.0.0.2", 9)])
    expression = "net ::1 or net 10.0.0.0/8 and not rport 9"
    equal(connects("--filter", expression), [("10.1.2.3", 5000), ("::1", 9), ("::1", 5000)])


def explained(*options):
    """What the reader makes of a condition: its one rule's second condition."""
    status, out, said = read("--explain", "-e", "connect", *options)
    equal(status, 0, f"status ({said})")
    return out.splitlines()[1].partition(" and ")[2]


def cgroup_by_words(context, mount, line, version):
    """Makes one and names it in all ways, among them as in that line of /proc/PID/cgroup."""
    group = f"{mount}/people/deep"
    os.makedirs(group)
    context.callback(os.removedirs, group)
    child = Child(context, ("true",))
    join_cgroup(group, child.pid)
    wanted = f"cgroup {version}{os.stat(group).st_ino}"
    for word in (group, "people/deep", "/people/deep", f"{line}:/people/deep", f"/proc/{child.pid}/cgroup"):
        equal(explained("--cgroup", word), wanted, word)
    equal(child.go().wait(), 0, "the one in the cgroup")
    return group


@case("places by what people have at hand: ip netns names, files, /proc/PID/cgroup", "reader-filter")
def _places(context):
    name = "/run/netns/blue"
    os.makedirs("/run/netns", exist_ok=True)
    with open(name, "wb"):
        context.callback(os.unlink, name)

    def bind():
        check(libc.unshare(0x40000000) == 0, "unshare(CLONE_NEWNET)")
        check(libc.mount(b"/proc/self/ns/net", name.encode(), b"", 4096, None) == 0, "mount")

    equal(Child(context, bind).go().wait(), 0, "who made the namespace")
    context.callback(libc.umount2, name.encode(), 2)
    wanted = f"netns {os.stat(name).st_ino}"
    check(os.stat(name).st_ino != namespace("net"), "a namespace of its own")
    for word in ("blue", name, f"net:[{os.stat(name).st_ino}]"):
        equal(explained("--netns", word), wanted, word)
    equal(explained("--mntns", os.getpid()), f"mntns {namespace('mnt')}")
    equal(explained("--pidns", "/proc/1/ns/pid"), f"pidns {namespace('pid', 1)}")

    cgroup_by_words(context, cgroup_mount(), "0:", "")


@case("cgroups of v1 by path, in conditions and in records", "reader-filter")
def _v1_cgroup(context):
    module.ensure()
    group = cgroup_by_words(context, v1_cgroups(context), "7:pids", "v1:")
    script = f"echo $$ >{group}/cgroup.procs; exec /usr/bin/python3 -c 'import socket; socket.socket()'"
    status, out, said = read(
        *("-q", "-e", "socket", "-o", "json", "--cgroup", "people", "--", "/bin/sh", "-c", script)
    )
    equal(status, 0, f"status ({said})")
    line = json.loads(out)
    equal((line["cgroup"], line["cgroup_v1"], line["cgroup_path"]),
          (os.stat(group).st_ino, True, "/people/deep"), "the record")


@case("a record's cgroup by its path, and the container that it is of", "reader-filter")
def _container(context):
    module.ensure()
    container = "0123456789abcdef" * 4
    path = f"/socktrace.slice/docker-{container}.scope"
    group = cgroup_mount() + path
    os.makedirs(f"{group}/deep")
    context.callback(os.removedirs, f"{group}/deep")
    out = "/tmp/socktrace-container"
    script = """
import socket, sys
for path in sys.argv[1:]:
    with open(f"{path}/cgroup.procs", "w") as file:
        file.write("0")
    socket.socket().close()
"""
    at = (group, f"{group}/deep", cgroup_mount())
    status, _, said = read(
        *("-q", "-e", "socket", "-o", f"json:{out}", "--", "/usr/bin/python3", "-c", script, *at)
    )
    equal(status, 0, f"status ({said})")
    with open(out, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    os.unlink(out)
    equal([line.get("cgroup_path") for line in lines], [path, f"{path}/deep", "/"])
    equal([line.get("container") for line in lines], [container, container, None])
    equal([line["cgroup"] for line in lines], [os.stat(place).st_ino for place in at])


@case("a cgroup that comes again at its path is followed", "reader-filter")
def _cgroup_again(context):
    module.ensure()
    group = f"{cgroup_mount()}/again"
    os.mkdir(group)
    context.callback(os.rmdir, group)

    def calls():
        while True:
            socket.socket(socket.AF_UNIX).close()
            time.sleep(0.02)

    live = tracing(Live(context, "-q", "-j", "-e", "socket", "--cgroup", group))
    for again in (True, False):
        child = Child(context, calls)
        with open(f"{group}/cgroup.procs", "w", encoding="ascii") as file:
            file.write(str(child.pid))
        child.go()
        while (line := json.loads(live.line()))["pid"] != child.pid:
            pass
        equal(line["cgroup"], os.stat(group).st_ino)
        child.kill()
        if again:
            os.rmdir(group)
            os.mkdir(group)
    status, _, said = live.end()
    equal((status, said), (0, ""))


@case("--inflight shows the calls that another session follows", "reader-filter")
def _inflight(context):
    module.ensure()
    session = context.enter_context(Session())
    session.only(ancestor=os.getpid(), events=1 << ACCEPT4).start()
    blocked = Blocked(context, 3).settle()
    status, out, said = read("--inflight", "-o", "json")
    equal(status, 0, f"status ({said})")
    context.diag(out[:400])
    shown = {json.loads(line)["tid"] for line in out.splitlines()}
    equal(shown, set(blocked_threads(blocked.pid)), "threads")
    blocked.release(3)
    equal(read("-q", "--inflight", "-o", "json")[1], "", "after all")


@case("on a muted machine it warns, and names the switch", "reader-filter")
def _muted(context):
    module.ensure()
    with muted() as switch:
        status, _, said = read("-q", "--", "/bin/true")
    context.diag(said)
    equal(status, 0, "status")
    check(switch in said, "not told: %s", said)
    status, _, said = read("-q", "--", "/bin/true")
    check(switch not in said, "told where all is well: %s", said)
