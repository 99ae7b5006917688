# SPDX-License-Identifier: GPL-2.0
"""socktrace-read --selftest: it tells what is seen, and what is not."""

import glob
import os

from lib import module
from lib.device import ACCEPT4, Session
from lib.proc import Blocked, Burst
from lib.tap import case, check, equal
from reader_cases import objects, read, started
from state_cases import muted

RESULTS = ("seen", "not_seen", "wrong", "absent", "untried")
SYSTEM_CALLS = (
    *("socket", "connect", "accept", "i386", "x32", "security_socket_connect"),
    *("socketpair", "sendto", "sendmsg", "bind", "listen"),
)


def selftest(*options):
    """Status, the rows by path, the summary, what it said besides."""
    status, out, said = read("--selftest", "-o", "json", *options)
    *rows, summary = objects(out)
    equal(summary["event"], "selftest_summary", "the last line")
    equal({row["event"] for row in rows}, {"selftest"}, "the others")
    for result in RESULTS:
        equal(summary[result], sum(row["result"] == result for row in rows), result)
    paths = {row["path"]: row for row in rows}
    equal(len(paths), len(rows), "paths")
    equal(status, 0 if summary["ok"] else 1, "status")
    return status, paths, summary, said


def by_system_call(paths):
    return {path: row for path, row in paths.items() if path.split()[0].rstrip("4,") in SYSTEM_CALLS}


def others_than(rows, *results):
    return [row for row in rows.values() if row["result"] not in results]


def kernel_has_not():
    """Rows of paths that distributions' kernels lack; those of other kernels may lack more."""
    return ("x32",) if "x32=y" not in open("/proc/cmdline", encoding="ascii").read() else ()


@case("each way of a system call is seen, and its record is right", "selftest")
def _system_calls(context):
    module.ensure()
    context.diag(read("--selftest")[1])
    _, paths, _, said = selftest()
    equal(said, "", "errors")
    rows = by_system_call(paths)
    check(len(rows) >= 32, "%d rows", len(rows))
    equal(others_than(rows, "seen", "absent"), [], "not seen")
    for path in ("connect INET", "connect UNIX abstract", "accept, NULL", "accept4"):
        row = rows[path]
        check({"loginuid", "session", "start"} <= set(row["fields"]), "%s", row)
        check({"pid", "args", "ret", "addr", "local", "inode"} <= set(row["fields"]), "%s", row)
        equal(len(row["symbols"]), 1, f"symbols of {path}")
    check("toctou" in rows["connect, page not there"]["fields"])
    check({"sv", "inode"} <= set(rows["socketpair"]["fields"]))
    if os.uname().release.endswith("-amd64"):
        absent = {path for path, row in rows.items() if row["result"] == "absent"}
        expected = {path for path in rows if path.startswith(kernel_has_not())}
        equal(absent, expected, "not in this kernel")


@case("each way through io_uring is seen, once; and with it all, so that the status is 0", "selftest")
def _io_uring(context):
    module.ensure()
    status, paths, summary, _ = selftest()
    rows = {path: row for path, row in paths.items() if path.startswith("io_uring")}
    check(len(rows) >= 10, "%d rows", len(rows))
    for path, row in rows.items():
        context.diag(f"{path}: {row['result']} {row.get('reason', '')}{row.get('field', '')}")
    equal(others_than(rows, "seen", "absent"), [], "not seen")
    for row in rows.values():
        if row["result"] == "seen":
            check({"via", "pid", "comm", "ret"} <= set(row["fields"]), "%s", row)
            check(row["symbols"], "by no symbol: %s", row)
    release = os.uname().release
    version = tuple(map(int, release.split(".")[:2]))
    if version < (6, 11):
        rows = {path: row for path, row in rows.items() if path.split()[1].strip(",") not in ("bind", "listen")}
    if release.endswith("-amd64") and version >= (5, 19):
        equal(others_than(rows, "seen"), [], "not in this kernel")
    equal((status, summary["ok"]), (0, True), "status")


@case("what else goes on does not disturb it, and it leaves nothing behind", "selftest")
def _traffic(context):
    module.ensure()
    log = module.Log()
    context.callback(log.close)
    alone = {path: row["result"] for path, row in selftest()[1].items()}
    bursts = [Burst(context, "mix", pause_us=200).go() for _ in range(2)]
    with Session() as session:
        session.start()
        busy = {path: row["result"] for path, row in selftest()[1].items()}
    equal(busy, alone, "results")
    for burst in bursts:
        check(burst.made() > 0, "no traffic")
    equal(started(), 0, "sessions started")
    left = [glob.glob(f"{place}/socktrace-selftest*") for place in ("/tmp", "/run", "/dev/shm")]
    equal(left, [[], [], []], "directories")
    equal([line for line in log.lines() if "segfault" in line], [], "the kernel's log")


@case("on a muted machine nothing is seen, and the status is 1", "selftest")
def _muted(_context):
    module.ensure()
    with muted():
        status, paths, _, said = selftest()
    equal(status, 1, "status")
    check("NO CALL WILL BE SEEN" in said, "%s", said)
    equal(others_than(paths, "not_seen", "absent", "untried"), [], "seen all the same")
    equal(paths["connect INET"]["result"], "not_seen")


@case("a path that goes unseen, alone, makes the status 1, and is told", "selftest")
def _missed(context):
    # All return instances of accept are taken by others that are blocked.
    module.ensure("maxactive=2")
    context.callback(module.ensure)
    session = context.enter_context(Session())
    session.only(ancestor=os.getpid(), events=1 << ACCEPT4).start()
    blocked = Blocked(context, 5).settle()
    status, paths, _, _ = selftest()
    equal(status, 1, "status")
    rows = by_system_call(paths)
    for path, row in rows.items():
        if "accept" not in path:
            check(row["result"] in ("seen", "absent"), "%s", row)
        elif row["result"] != "absent":
            equal(row["result"], "wrong", path)
            equal((row["field"], row["expected"]), ("phase", "exit"), path)
            check("missed" in row["got"], "%s", row)
    blocked.release(5)


@case("without IPv6 it claims none, and does not fail for it", "selftest")
def _no_ipv6(context):
    module.ensure()
    switch = "/proc/sys/net/ipv6/conf/lo/disable_ipv6"

    def write(value):
        with open(switch, "w", encoding="ascii") as file:
            file.write(value)

    if os.path.exists(switch):
        write("1")
        context.callback(write, "0")
    _, paths, _, _ = selftest()
    for path in ("connect INET6", "accept INET6"):
        equal(paths[path]["result"], "absent", path)
        check(paths[path]["reason"], "no reason")
    equal(others_than(by_system_call(paths), "seen", "absent"), [], "not seen")


@case("without the right to trace it says so", "selftest")
def _no_privilege(_context):
    module.ensure()
    status, out, said = read("--selftest", user=65534, group=65534, extra_groups=[])
    equal((status, out, said.count("\n")), (1, "", 1), "status, output, lines")
