# SPDX-License-Identifier: GPL-2.0
"""socktrace-read as people use it."""

import json
import os
import re
import resource
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import time

from lib import device, module, oracle, proc
from lib.proc import WORKLOAD, Blocked, Burst
from lib.tap import Skip, case, check, equal

READER = os.environ.get("SOCKTRACE_READER", "socktrace-read")


def read(*argv, timeout=30, **options):
    """Runs the reader to its end: status, standard output, standard error."""
    done = subprocess.run(
        [READER, *map(str, argv)],
        capture_output=True,
        timeout=timeout,
        check=False,
        stdin=subprocess.DEVNULL,
        **options,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class Live:
    """A reader that runs; its lines come as they are written."""

    def __init__(self, context, *argv, **options):
        self.popen = subprocess.Popen(
            [READER, *map(str, argv)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,
        )
        self.buffer = b""
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.popen.stdout, selectors.EVENT_READ)
        context.callback(self.close)

    def line(self, seconds=20):
        end = time.monotonic() + seconds
        while b"\n" not in self.buffer:
            if not self.selector.select(max(0, end - time.monotonic())):
                raise TimeoutError(f"no line in {seconds} s")
            data = os.read(self.popen.stdout.fileno(), 65536)
            if not data:
                raise EOFError(self.popen.stderr.read().decode())
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line.decode()

    def end(self, number=signal.SIGINT):
        """Ends it by a signal: status, the rest of its output, its errors."""
        self.popen.send_signal(number)
        rest, errors = self.popen.communicate(timeout=20)
        return self.popen.returncode, (self.buffer + rest).decode(), errors.decode()

    def close(self):
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.communicate()
        self.selector.close()


def started():
    """Sessions that are started now."""
    with device.Session() as session:
        return session.info().started


def tracing(live, sessions=1):
    """Waits until the reader's session is started."""
    proc.wait_until(lambda: started() >= sessions or live.popen.poll() is not None, "tracing")
    check(live.popen.poll() is None, "the reader has ended")
    return live


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


# ---- without the module ----


@case("without the module it says what to do, and ends with 1", "reader")
def _no_module(context):
    if module.loaded():
        module.unload()
    context.callback(module.ensure)
    for argv in ((), ("--", "true"), ("-o", "json")):
        status, out, error = read(*argv)
        equal((status, out), (1, ""), "status, output")
        check("modprobe socktrace" in error and "/dev/socktrace" in error, "%s", error)
        equal(error.count("\n"), 1, "lines")
    context.diag(error.strip())


@case("without privilege it says so, and ends with 1", "reader")
def _no_privilege(context):
    module.ensure()
    status, out, error = read(user=65534, group=65534, extra_groups=[])
    equal((status, out, error.count("\n")), (1, "", 1), "status, output, lines")
    context.diag(error.strip())
    check(re.search(r"root|privilege|permission|CAP_", error, re.IGNORECASE), "%s", error)
    os.chmod(device.DEVICE, 0o666)
    context.callback(os.chmod, device.DEVICE, 0o600)
    status, out, error = read(user=65534, group=65534, extra_groups=[])
    equal((status, out, error.count("\n")), (1, "", 1), "status, output, lines with mode 0666")
    check("CAP_" in error or "root" in error, "%s", error)


# ---- commands ----


@case("a command's status is the reader's", "reader")
def _status(_context):
    module.ensure()
    for script, expected in (
        ("exit 0", 0),
        ("exit 3", 3),
        ("kill -TERM $$", 128 + 15),
        ("kill -KILL $$", 128 + 9),
    ):
        equal(read("--", "sh", "-c", script)[0], expected, script)


@case("a command that is not there: 127; that is no program: 126", "reader")
def _not_found(_context):
    module.ensure()
    status, _, error = read("--", "/no/such/command")
    equal(status, 127, "status")
    check("/no/such/command" in error, "%s", error)
    equal(read("--", "no-such-command")[0], 127, "status of one that PATH lacks")
    equal(read("--", "/etc/passwd")[0], 126, "status of what can't be run")


@case("a command's own output and the trace do not mix", "reader")
def _output(_context):
    module.ensure()
    script = "/usr/bin/printf 'its output\\n'; exec %s -n 3 socket" % (WORKLOAD / "burst")
    status, out, error = read("-q", "-e", "socket", "--", "sh", "-c", script)
    equal((status, out), (0, "its output\nmade 3\n"), "status, standard output")
    lines = error.splitlines()
    equal(len(lines), 3, f"lines of the trace ({error})")
    for line in lines:
        check("socket(AF_UNIX, SOCK_STREAM, 0)" in line, "%s", line)


@case("just the command's tree is traced, all of it", "reader")
def _tree(context):
    module.ensure()
    other = Burst(context, "socket", pause_us=500).go()
    status, out, _ = read("-q", "-o", "json:-", "--", WORKLOAD / "tree", 5)
    equal(status, 0)
    check(other.made() > 0)
    lines = out.splitlines()
    traced = objects("\n".join(line for line in lines if line.startswith("{")))
    said = sorted(int(line.split()[1]) for line in lines if not line.startswith("{"))
    equal(len(said), 8, "processes")
    equal(sorted(event["pid"] for event in traced), said, "processes traced")


@case("daemons that leave the tree while the command runs are still traced", "reader")
def _daemon(_context):
    module.ensure()
    # The orphan calls when its parent has ended; the command waits for that.
    script = (
        "import os, socket, time\n"
        "done, tell = os.pipe()\n"
        "if os.fork() == 0:\n"
        "    parent = os.getpid()\n"
        "    if os.fork() > 0:\n"
        "        os._exit(0)\n"
        "    os.setsid()\n"
        "    while os.getppid() == parent:\n"
        "        time.sleep(0.001)\n"
        "    socket.socket().close()\n"
        "    os.write(tell, b'%d %d' % (os.getpid(), os.getppid()))\n"
        "    os._exit(0)\n"
        "os.wait()\n"
        "print(os.read(done, 99).decode())\n"
    )
    command = ("--", "/usr/bin/python3", "-S", "-c", script)
    status, out, error = read("-q", "-o", "json:/tmp/socktrace-daemon", *command)
    equal(status, 0, error)
    pid, parent = map(int, out.split())
    with open("/tmp/socktrace-daemon", encoding="utf-8") as file:
        events = objects(file.read())
    equal([(e["event"], e["pid"], e["ppid"]) for e in events], [("socket", pid, parent)])


# ---- options ----


@case("-n ends it after that many", "reader")
def _count(context):
    module.ensure()
    burst = Burst(context, "fail", pause_us=1000)
    live = tracing(Live(context, "-q", "-n", 5, "-p", burst.pid))
    burst.go()
    out, error = live.popen.communicate(timeout=20)
    equal((live.popen.returncode, len(out.splitlines())), (0, 5), error.decode())


@case("-e and -p let through just these", "reader")
def _event(context):
    module.ensure()
    bursts = [Burst(context, "mix", calls=30) for _ in range(3)]
    pids = ",".join(str(b.pid) for b in bursts[:2])
    live = tracing(Live(context, "-q", "-o", "json", "-e", "connect,security_socket_connect", "-p", pids))
    for burst in bursts:
        equal(burst.go().made(), 30)
    status, out, error = live.end()
    equal((status, error), (0, ""), "status, errors")
    got = sorted((e["pid"], e["event"]) for e in objects(out))
    names = ["connect"] * 10 + ["security_socket_connect"] * 10
    equal(got, sorted((b.pid, name) for b in bursts[:2] for name in names))


@case("--family lets through just these", "reader")
def _family(_context):
    module.ensure()
    script = (
        "import socket\nfor f in (1, 2, 10):\n s = socket.socket(f)\n"
        " try: s.connect('/nowhere' if f == 1 else ('127.0.0.1', 1) if f == 2 else ('::1', 1))\n"
        " except OSError: pass\n"
    )
    command = ("--", "/usr/bin/python3", "-S", "-c", script)
    status, out, error = read("-q", "-o", "json:-", "--family", "unix,inet6", *command)
    equal(status, 0, error)
    got = [(e["event"], e["family"] if "family" in e else e["addr"]["family"]) for e in objects(out)]
    equal(
        got,
        [(event, family) for family in ("AF_UNIX", "AF_INET6") for event in ("socket", "connect")],
    )


@case("--enter shows a call that blocks, while it blocks", "reader")
def _enter(context):
    module.ensure()
    live = tracing(Live(context, "-q", "-o", "json", "--enter", "-e", "accept4"))
    blocked = Blocked(context, 1).settle()
    event = json.loads(live.line())
    equal((event["event"], event["phase"], event["pid"]), ("accept4", "enter", blocked.pid))
    check("ret" not in event and "duration_ns" not in event, "%s", event)
    call = event["call"]
    blocked.release(1)
    event = json.loads(live.line())
    equal((event["phase"], event["call"]), ("exit", call))
    check(event["ret"] >= 0 and event["duration_ns"] > 0 and "addr" in event, "%s", event)
    equal(live.end()[0], 0, "status")


@case("--stats tells the law, and it adds up; on SIGUSR1, too", "reader")
def _stats(context):
    module.ensure()
    burst = Burst(context, "mix", calls=90)
    # By a filter: with -p alone the reader ends with the process.
    live = tracing(Live(context, "-q", "--stats", "--filter", f"pid {burst.pid}", "-e", "connect"))
    burst.go().made()
    live.popen.send_signal(signal.SIGUSR1)
    for _ in range(30):
        live.line()
    status, _, error = live.end()
    laws = re.findall(
        r"hits (\d+) = delivered (\d+) \+ queued (\d+) \+ filtered (\d+) \+ "
        r"dropped (\d+) \+ missed (\d+) \+ flushed (\d+)$",
        error,
        re.MULTILINE,
    )
    equal((status, len(laws)), (0, 2), error)
    hits, *parts = map(int, laws[-1])
    equal(hits, sum(parts), "hits")
    equal(parts[0], 30, "delivered")
    context.diag(error.strip().splitlines()[-1])


@case("loss is told, in the trace and at the end", "reader")
def _loss(context):
    module.ensure()
    burst = Burst(context, "fail", calls=3000)
    live = tracing(Live(context, "-q", "-o", "json", "--records", 16, "-p", burst.pid))
    live.popen.send_signal(signal.SIGSTOP)
    equal(burst.go().made(), 3000)
    live.popen.send_signal(signal.SIGCONT)
    proc.wait_until(lambda: live.selector.select(0), "output")
    status, out, error = live.end()
    events = objects(out)
    gone = sum(e["count"] for e in events if e["event"] == "lost")
    equal(len([e for e in events if e["event"] == "socket"]) + gone, 3000, "delivered + lost")
    check(gone > 2500, "%d lost", gone)
    equal(status, 0, "status")
    check(f"LOST {gone} records" in error, "%s", error)
    context.diag(error.strip())


# ---- life ----


@case("it traces soon after its start, however slow the machine", "reader")
def _start_up(context):
    module.ensure()
    usage = []
    wall = []
    for _ in range(3):
        begin = time.monotonic()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        equal(read("-q", "--", "/bin/true")[0], 0)
        wall.append(time.monotonic() - begin)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        usage.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    begin = time.monotonic()
    live = Live(context, "-q")
    with device.Session() as session:
        while session.info().started == 0 and time.monotonic() - begin < 10:
            time.sleep(0.001)
    took = time.monotonic() - begin
    live.end()
    context.diag(
        f"to the start of tracing: {took * 1e3:.0f} ms in the guest; a whole run of "
        f"true: {min(wall) * 1e3:.0f} ms, of them CPU time {min(usage) * 1e3:.0f} ms"
    )
    check(took < proc.SLOW, "%.3f s", took)


@case("an event is printed live, at once", "reader")
def _live(context):
    module.ensure()
    delays = []
    for form in ("text", "json"):
        burst = Burst(context, "fail", calls=1)
        live = tracing(Live(context, "-q", "-o", form, "-p", burst.pid))
        begin = time.monotonic()
        burst.go()
        live.line()
        delays.append(f"{form} {(time.monotonic() - begin) * 1e3:.0f} ms")
        check(time.monotonic() - begin < proc.SLOW, "%s", delays[-1])
        equal(live.end()[0], 0, "status")
    context.diag("from before the call to the printed line: " + ", ".join(delays))


@case("a file named by -o grows live, too", "reader")
def _file(context):
    module.ensure()
    path = "/tmp/socktrace-live"
    burst = Burst(context, "fail", calls=2)
    live = tracing(Live(context, "-q", "-o", f"json:{path}", "-p", burst.pid))
    burst.go()
    proc.wait_until(lambda: os.path.getsize(path) > 0 and open(path, "rb").read().count(b"\n") == 2, "two lines", 5)
    status, out, error = live.end()
    equal((status, out, error), (0, "", ""))
    with open(path, encoding="utf-8") as file:
        equal([e["pid"] for e in objects(file.read())], [burst.pid] * 2)


@case("SIGINT and SIGTERM end it with 0, and nothing that was traced is missing", "reader")
def _signals(context):
    module.ensure()
    for number in (signal.SIGINT, signal.SIGTERM):
        burst = Burst(context, "fail", calls=300)
        live = tracing(Live(context, "-q", "-p", burst.pid))
        burst.go().made()
        status, out, error = live.end(number)
        equal((status, error, len(out.splitlines())), (0, "", 300), f"signal {number}")


@case("a reader of its output that goes away ends it quietly", "reader")
def _pipe(context):
    module.ensure()
    burst = Burst(context, "fail")
    live = tracing(Live(context, "-q", "-p", burst.pid))
    burst.go()
    live.line()
    live.selector.unregister(live.popen.stdout)
    live.popen.stdout.close()
    equal(live.popen.wait(timeout=20), 0, "status")
    error = live.popen.stderr.read().decode()
    check("roken pipe" not in error, "%s", error)
    burst.made()


@case("a full disk is told, with what was not written", "reader")
def _full(context):
    module.ensure()
    burst = Burst(context, "fail", calls=50)
    live = tracing(Live(context, "-q", "-o", "json:/dev/full", "-p", burst.pid))
    burst.go().made()
    error = live.popen.communicate(timeout=20)[1].decode()
    equal(live.popen.returncode, 1, "status")
    check("/dev/full" in error and "No space left" in error, "%s", error)
    context.diag(error.strip())


@case("a wrong option, a file that can't be written: one line, 2 or 1", "reader")
def _usage(_context):
    module.ensure()
    for argv, expected in (
        (("--nonsense",), 2),
        (("-e", "nonsense"), 2),
        (("-o", "nonsense"), 2),
        (("-n", "0x"), 2),
        (("-p", "-1"), 2),
        (("port", "80"), 2),
        (("--",), 2),
        (("-o", "json:/no/such/dir/file"), 1),
        (("-o", "json:/tmp"), 1),
        (("--records", "99999999"), 1),
    ):
        status, out, error = read(*argv)
        equal((status, out, error.count("\n")), (expected, "", 1), f"{argv}: {error}")
        check(error.startswith("socktrace-read: "), "%s", error)


@case("a real run's lines are valid by the JSON Schema", "reader")
def _schema(context):
    try:
        import jsonschema  # pylint: disable=import-outside-toplevel
    except ImportError:
        raise Skip("python3-jsonschema is missing") from None
    import strace_cases  # pylint: disable=import-outside-toplevel

    with open(proc.TREE / "docs/socktrace-event.schema.json", encoding="utf-8") as file:
        schema = json.load(file)
    validator = jsonschema.validators.validator_for(schema)(schema)
    lines = strace_cases.reader_lines(strace_cases.NATIVE)[1]
    # Many lines are alike but for their numbers: one of each kind is enough.
    kinds = {}
    for line in lines:
        shape = {
            key: tuple(sorted(value)) if isinstance(value, dict) else type(value).__name__
            for key, value in line.items()
        }
        kinds.setdefault((line["event"], line.get("error"), tuple(sorted(shape.items()))), line)
    for line in kinds.values():
        for error in validator.iter_errors(line):
            check(False, "%s: %s", error.message, line)
    context.diag(f"lines: {len(lines)}, kinds of them validated: {len(kinds)}")
    check(len(kinds) > 20)


@case("hostile names stay within their line", "reader")
def _hostile(context):
    module.ensure()
    comm = b"\n\033[31m\xff\"\\\tx"
    abstract = b"\n\033]0;x\a\xff\"\\\xc2\x9b2J\xe2\x80\xae"
    # All 108 bytes, none of them a NUL: a line that looks like another's.
    path = b"\n15:04:05.123456 init[1]  \r\033[2J\033[H\xc0\x80\xed\xa0\x80\"}\n".ljust(107, b"\xf0") + b"\n"

    def calls():
        device.libc.prctl(15, comm, 0, 0, 0)  # PR_SET_NAME
        with socket.socket(socket.AF_UNIX) as sock:
            for name in (b"\0" + abstract, path):
                address = struct.pack("=H", socket.AF_UNIX) + name
                device.libc.connect(sock.fileno(), address, len(address))

    for form in ("text", "json"):
        child = proc.Child(context, calls)
        live = tracing(Live(context, "-q", "-o", form, "-p", child.pid))
        child.go().wait()
        status, out, error = live.end()
        equal((status, error), (0, ""))
        equal(len(out.splitlines()), 3, f"lines ({out!r})")
        equal(out.count("\n"), 3, "newlines")
        check(not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\ufffd]", out), "%r", out)
        if form == "json":
            one, two, three = objects(out)
            equal({oracle.unescape(o["comm"]) for o in (one, two, three)}, {comm}, "comm")
            equal(oracle.unescape(two["addr"]["abstract"]), abstract, "abstract")
            equal(oracle.unescape(three["addr"]["path"]), path, "path")
        else:
            for line, name in zip(out.splitlines(), ("socket", "connect", "connect")):
                start = rf"\d\d:\d\d:\d\d\.\d{{6}} \\x0a\\x1b\[31m\\xff\"\\\\\\x09x\[{child.pid}\] +{name}\("
                check(re.match(start, line), "%r", line)


@case("a hostile path of a program stays within its line, and comes back whole", "reader")
def _hostile_exe(context):
    module.ensure()
    directory = b"/tmp/\n{\"pid\":1}\033[2J\xff\xe2\x80\xae"
    path = directory + b"/\\\n\033[31m\xc0\x9b\""
    os.makedirs(directory, exist_ok=True)
    shutil.copy(WORKLOAD / "burst", path)
    for form in ("text", "json"):
        child = proc.Child(context, [path, "-n", "100000", "-u", "1000", "fail"])
        live = tracing(Live(context, "-q", "-o", form, "-n", 1, "-p", child.pid))
        child.go()
        out, error = live.popen.communicate(timeout=20)
        child.kill()
        equal((live.popen.returncode, error, out.count(b"\n")), (0, b"", 1), "status, errors, lines")
        out = out.decode()
        check(not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\ufffd]", out), "%r", out)
        if form == "json":
            got = json.loads(out)
            equal(oracle.unescape(got["exe"]), path, "exe")
            equal(oracle.unescape(got["comm"]), os.path.basename(path)[:15], "comm")


@case("it leaks nothing and reads nothing wrong, says valgrind", "reader")
def _valgrind(_context):
    if not os.path.exists("/usr/bin/valgrind"):
        raise Skip("valgrind is missing")
    module.ensure()
    path = subprocess.run(["which", READER], capture_output=True, text=True, check=True).stdout.strip()
    done = subprocess.run(
        ["valgrind", "-q", "--leak-check=full", "--show-leak-kinds=all",
         "--errors-for-leak-kinds=all", "--error-exitcode=99", "--trace-children=no",
         path, "-o", "json:/tmp/socktrace-valgrind", "--stats", "--enter", "--",
         str(WORKLOAD / "calls"), "inet", "unix", "netlink"],
        capture_output=True, text=True, timeout=55, check=False, stdin=subprocess.DEVNULL,
    )
    equal(done.returncode, 0, done.stderr[-1500:])
    with open("/tmp/socktrace-valgrind", encoding="utf-8") as file:
        check(len(objects(file.read())) > 100)
