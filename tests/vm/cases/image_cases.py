# SPDX-License-Identifier: GPL-2.0
"""Whose program made the call: process images."""

import os
import pathlib
import shutil
import subprocess

from lib import device, module
from lib.device import CONFIG_PROCESSES, EXE_EXEC, EXE_MM, IMAGE_OTHER_ROOT, PROCESS, Session
from lib.images import Images
from lib.proc import WORKLOAD, Program
from lib.reading import check_law
from lib.tap import case, check, equal
from reader_cases import Live, objects, tracing

PROGRAM = WORKLOAD / "image"
COMMANDS = int(os.environ.get("SOCKTRACE_COMMANDS") or 300)


def place(context, name="program"):
    """A copy of the program, at a path of its own."""
    directory = f"/tmp/images-{os.getpid()}"
    os.makedirs(directory, exist_ok=True)
    context.callback(shutil.rmtree, directory, True)
    path = f"{directory}/{name}"
    shutil.copy(PROGRAM, path)
    return path


def run(path, *actions, **options):
    """Runs a program, by its path or by another of its names, to its end: its pid."""
    with subprocess.Popen([path, *map(str, actions)], stdin=subprocess.PIPE, **options) as popen:
        equal(popen.wait(), 0, f"status of {actions}")
    return popen.pid


def asking(context, **config):
    module.ensure()
    session = context.enter_context(Session(config_flags=CONFIG_PROCESSES, **config))
    return session.only(events=1 << device.SOCKET, families=[63], failed=True)


def told(session, images=None):
    """Of all that waits: (pid, path, source) of each call."""
    images = images or Images()
    return [
        (e.tgid, i and os.fsdecode(i.exe), i and i.source) for e, i in images.of(session.drain())
    ]


def jumps():
    """Are the probes no breakpoints, in whose handlers no path can be asked for?"""
    with open("/proc/sys/debug/kprobes-optimization", encoding="ascii") as file:
        return file.read().strip() == "1"


def exec_source():
    return EXE_EXEC if jumps() else EXE_MM


def run_at_once(names):
    """Runs programs beside each other: (pid, name) of each."""
    commands = [subprocess.Popen([name, "call"]) for name in names]
    for command in commands:
        equal(command.wait(), 0, f"status of {command.args}")
    return [(command.pid, name) for command, name in zip(commands, names, strict=True)]


@case("each of many short commands is told by its own program, as it was executed", "images")
def _short(context):
    path = place(context)
    session = asking(context, records_per_cpu=2048).start()
    Program(context, "burst", "-u", "2000", "fail")
    images, calls = Images(), []
    for first in range(0, COMMANDS, 4):
        names = [f"{path}-{n}" for n in range(first, min(first + 4, COMMANDS))]
        for name in names:
            os.link(path, name)
        calls += [(pid, name, exec_source()) for pid, name in run_at_once(names)]
        for name in names if jumps() else ():
            os.unlink(name)
        if first % 100 == 0 or first + 4 >= COMMANDS:
            equal(sorted(told(session, images)), sorted(calls), "programs")
            calls.clear()
    session.stop()
    equal(session.stats().balance(), 0, "the law's balance")
    context.diag(f"{COMMANDS} commands, each under another name: none wrong, none missing")


@case("what is executed after a call is another program; so is what a thread executes", "images")
def _exec(context):
    one, two, three = (place(context, f"program{n}") for n in range(3))
    session = asking(context).start()
    pid = run(one, "call", "exec", two, "call", "call", "thread-exec", three, "call")
    source = exec_source()
    equal(
        told(session),
        [(pid, one, source), (pid, two, source), (pid, two, source), (pid, three, source)],
        "programs",
    )


@case("a child is told by what its parent executed; one that lost its parent by what it runs", "images")
def _fork(context):
    path = place(context)
    session = asking(context).start()
    run(path, "fork", "fork", "call")
    images = Images()
    ((event, image),) = images.of(session.drain())
    equal((os.fsdecode(image.exe), image.source), (path, exec_source()), "program")
    equal(image.event.ppid, event.ppid, "parent")
    run(path, "orphan", "call")
    session_events = session.wait(2)
    ((event, image),) = images.of(session_events)
    equal((os.fsdecode(image.exe), image.source), (path, EXE_MM), "an orphan's program")


@case("an image is told once, and to whom it was not told again: sessions, stops, flushes", "images")
def _once(context):
    path = place(context)
    program = Program(context, path, *["call", "wait"] * 20, "call", programs=pathlib.Path())
    early = asking(context).start()
    late = asking(context)
    mine, other = Images(), Images()

    def call():
        program.write()
        return images_of(early, mine)

    def images_of(session, images):
        events = session.wait(1)
        while all(e.type == PROCESS for e in events):
            events += session.wait(1)
        before = len(images.told)
        ((event, image),) = images.of(events)
        equal((os.fsdecode(image.exe), event.tgid), (path, program.pid), "program")
        return len(images.told) - before

    counts = [call() for _ in range(5)]
    # Once on each CPU.
    check(1 <= sum(counts) <= len(os.sched_getaffinity(0)), "told %r times", counts)
    late.start()
    call()
    equal(images_of(late, other), 1, "told to a session that started later")
    early.stop()
    early.start()
    call()
    # FLUSH discards the record, and not what is to be known for the next.
    late.flush()
    program.write()
    images_of(early, mine)
    images_of(late, other)
    for session in (early, late):
        session.stop()
        session.drain()
        equal(session.stats().balance(), 0, "the law's balance")


@case("a session that does not ask is told of none, and a full ring loses no call for them", "images")
def _unasked(context):
    path = place(context)
    plain = context.enter_context(Session()).only(events=1 << device.SOCKET, families=[63])
    plain.start()
    run(path, "call")
    equal([e.image for e in plain.drain()], [0], "records while nobody asks")
    asked = asking(context, records_per_cpu=2).start()
    run("taskset", "-c", "0", path, *["call"] * 5)
    equal([e.type for e in plain.drain()], [device.SOCKET] * 5, "records")
    events = asked.finish()
    ((_, one), (_, two)) = Images().of(events)
    equal((os.fsdecode(one.exe), one), (path, two), "program")
    check_law(asked.stats(), [e for e in events if e.type != PROCESS])
    equal(asked.stats().dropped, 3, "dropped")


@case("programs that are gone, have no name, or are scripts", "images")
def _gone(context):
    path = place(context)
    session = asking(context).start()
    pid = run(path, "unlink", path, "call")
    gone = path if jumps() else f"{path} (deleted)"
    equal(told(session), [(pid, gone, exec_source())], "a program that removed itself")

    old, new = place(context), place(context, "other")
    pid = run(old, "rename", new, old, "call")
    expected = old if jumps() else f"{old} (deleted)"
    equal(told(session), [(pid, expected, exec_source())], "one that was replaced")

    pid = run(place(context), "rename", path, new, "call")
    equal(told(session), [(pid, path if jumps() else new, exec_source())], "one that was renamed")

    fd = os.memfd_create("hidden", 0)
    with open(PROGRAM, "rb") as file:
        os.write(fd, file.read())
    pid = run(PROGRAM, "fexec", fd, "call", pass_fds=[fd])
    equal(told(session), [(pid, "/memfd:hidden (deleted)", exec_source())], "a memfd")

    script = path + ".sh"
    with open(script, "w", encoding="utf-8") as file:
        file.write(f"#!{PROGRAM} call\n")
    os.chmod(script, 0o755)
    # The interpreter takes the script's name for an action, and fails.
    with subprocess.Popen([script], stderr=subprocess.DEVNULL) as popen:
        popen.wait()
    images = Images()
    ((event, image),) = images.of(session.drain())
    equal((os.fsdecode(image.exe), event.comm.rstrip(b"\0").decode()),
          (str(PROGRAM), os.path.basename(script)[:15]), "a script: its interpreter, its name")


@case("a path of 4,000 bytes comes whole, also into a small ring", "images")
def _long(context):
    directory = f"/tmp/long-{os.getpid()}"
    os.mkdir(directory)
    context.callback(shutil.rmtree, directory)
    here = os.getcwd()
    context.callback(os.chdir, here)
    os.chdir(directory)
    while len(directory) < 4000:
        name = "d" * min(250, 4080 - len(directory))
        os.mkdir(name)
        os.chdir(name)
        directory += "/" + name
    shutil.copy(PROGRAM, "p")
    session = asking(context, records_per_cpu=2).start()
    pid = run("./p", "call")
    equal(told(session), [(pid, directory + "/p", EXE_MM)], "program")
    session.stop()
    equal(session.stats().delivered, 1, "records")


@case("the command line is its beginning, and what its process makes of it", "images")
def _cmdline(context):
    path = place(context)
    session = asking(context).start()
    images = Images()
    for argv in ((path, "call"), ("x" * 300, "call"), (path, "argument", "[kworker/0:1]", "call")):
        with subprocess.Popen(argv, executable=path) as popen:
            popen.wait()
        ((_, image),) = images.of(session.drain())
        whole = b"".join(os.fsencode(a) + b"\0" for a in argv)
        equal(image.cmdline_size, len(whole), "bytes of it")
        if "argument" in argv:
            whole = b"[kworker/0:1]".ljust(len(path), b"\0") + whole[len(path) :]
        equal(image.cmdline, whole[:256], "command line")
        equal(os.fsdecode(image.exe), path, "program")


@case("what a process says that it executes is not taken for what it did", "images")
def _mask(context):
    path = place(context)
    session = asking(context).start()
    pid = run(path, "mask", "/usr/bin/true")
    source = exec_source()
    expected = path if source == EXE_EXEC else "/usr/bin/true"
    equal(told(session), [(pid, expected, source)], "program")
    # Executed before: then it says whose word it is.
    session.stop()
    program = Program(context, path, "wait", "mask", "/usr/bin/true", programs=pathlib.Path())
    session = asking(context).start()
    program.write()
    equal(program.popen.wait(), 0, "status")
    equal(told(session), [(program.pid, "/usr/bin/true", EXE_MM)], "one that ran before")


@case("in another root directory a path is one below that, and is said to be", "images")
def _chroot(context):
    path = place(context)
    root = os.path.dirname(path)
    session = asking(context).start()
    images = Images()
    run(PROGRAM, "chroot", root, "exec", "/program", "call")
    ((_, image),) = images.of(session.drain())
    equal((image.exe, image.flags), (b"/program", IMAGE_OTHER_ROOT), "program")
    run(PROGRAM, "call")
    ((_, image),) = images.of(session.drain())
    equal((os.fsdecode(image.exe), image.flags), (str(PROGRAM), 0), "program in the machine's root")


@case("the reader tells programs that have ended by then, and no other's", "images")
def _reader(context):
    path = place(context)
    names = [f"{path}-{n}" for n in range(20)]
    for name in names:
        os.link(path, name)
    live = tracing(Live(context, "-q", "-o", "json", "--processes", "--comm", "program*", "-e", "socket"))
    pids = [run(name, "call", "call", "exec", path, "call") for name in names]
    status, out, error = live.end()
    equal((status, error), (0, ""), "status, errors")
    lines = objects(out)
    calls = [o for o in lines if o["event"] == "socket"]
    source = {EXE_EXEC: "exec", EXE_MM: "mm"}[exec_source()]
    expected = []
    for pid, name in zip(pids, names, strict=True):
        expected += [(pid, name, source, ["call", "call", "exec", path, "call"])] * 2
        expected.append((pid, path, source, ["call"]))
    got = [(o["pid"], o["exe"], o["exe_source"], o["cmdline"][1:]) for o in calls]
    for one, other in zip(got, expected, strict=True):
        equal(one, other, "call")
    known = {(o["pid"], o["exe"]) for o in lines if o["event"] == "process"}
    equal(known, {(o["pid"], o["exe"]) for o in calls}, "programs")
