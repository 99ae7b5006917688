# SPDX-License-Identifier: GPL-2.0
"""What a UNIX socket is connected to, by its own path, whatever words lead there."""

import contextlib
import ctypes
import errno
import os
import shutil
import socket
import threading

from lib import device, module
from lib.device import CONFIG_OWN, CONFIG_PATHS, F_PEER_PATH, Session, rule
from lib.device import PATH_DELETED, PATH_OTHER_MOUNTS
from lib.paths import Paths
from lib.proc import reap
from lib.tap import case, check, equal
from reader_cases import Live, objects, tracing

HOME = "/run/socktrace-paths"
MS_BIND, MNT_DETACH, MS_PRIVATE, MS_REC = 4096, 2, 1 << 18, 16384
CLONE_NEWNS, CLONE_NEWUSER = 0x20000, 0x10000000
libc = ctypes.CDLL(None, use_errno=True)


def must(result):
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def mount(source, target, flags=MS_BIND):
    must(libc.mount(source.encode(), target.encode(), None, flags, None))


def home(context):
    """An empty directory; what is mounted there goes with it."""
    os.makedirs(HOME)
    context.callback(shutil.rmtree, HOME, True)
    before = os.getcwd()
    context.callback(os.chdir, before)
    return HOME


def listen(context, path, kind=socket.SOCK_STREAM):
    server = context.enter_context(socket.socket(socket.AF_UNIX, kind))
    server.bind(path)
    server.listen(4096)
    return server


def connect(path, kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_UNIX, kind) as client:
        client.connect(path)


def asking(context, rules=(), **config):
    """Told of this process's own connects that succeed, and of their peers' paths."""
    module.ensure()
    session = context.enter_context(Session(config_flags=CONFIG_OWN | CONFIG_PATHS, **config))
    mine = {"events": 1 << device.CONNECT, "ok": True}
    session.filter(rules or [rule(tgid=os.getpid(), **mine)], device.REJECT)
    return session


def told(session):
    """Of all that waits: each connect's address and path."""
    return [
        (os.fsdecode(event.addr[2:].rstrip(b"\0")), path and (os.fsdecode(path[0]), path[1]))
        for event, path in Paths().of(session.drain())
    ]


def ways(context):
    """Words that lead to one socket, for connect(); the first is its path."""
    place = home(context)
    path = f"{place}/dock.sock"
    listen(context, path)
    os.makedirs(f"{place}/a/b")
    os.symlink(path, f"{place}/link")
    os.symlink(place, "/tmp/socktrace-directory")
    context.callback(os.unlink, "/tmp/socktrace-directory")
    os.makedirs(f"{place}/bound")
    mount(place, f"{place}/bound")
    context.callback(libc.umount2, f"{place}/bound".encode(), MNT_DETACH)
    with open(f"{place}/file", "wb"):
        mount(path, f"{place}/file")
    context.callback(libc.umount2, f"{place}/file".encode(), MNT_DETACH)
    directory = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    context.callback(os.close, directory)
    os.chdir(place)
    return [
        path, "dock.sock", "./dock.sock", "a/b/../../dock.sock", f"{place}/link",
        "/tmp/socktrace-directory/dock.sock", f"/{place}//a/..//dock.sock",
        f"{place}/bound/dock.sock", f"{place}/file", f"/proc/self/fd/{directory}/dock.sock",
        "/proc/self/cwd/dock.sock", "/proc/self/root" + path,
    ]


@case("a UNIX socket is told by its own path, whatever words lead there", "paths")
def _ways(context):
    words = ways(context)
    session = asking(context).start()
    for way in words:
        connect(way)
    equal(told(session), [(way, (words[0], 0)) for way in words], "paths")
    session.stop()
    equal(session.stats().balance(), 0, "the law's balance")


@case("a filter by path takes each way to a socket, and no other socket", "paths")
def _filter(context):
    words = ways(context)
    listen(context, "/tmp/socktrace-other")
    context.callback(os.unlink, "/tmp/socktrace-other")
    mine = {"events": 1 << device.CONNECT, "tgid": os.getpid()}
    under = asking(context, [rule(path=HOME.encode() + b"/", **mine)]).start()
    # Without PATH records, too; and a path that no symbolic link's words have.
    plain = context.enter_context(Session(config_flags=CONFIG_OWN))
    plain.filter([rule(path=words[0].encode(), **mine)], device.REJECT)
    plain.start()
    without = asking(
        context, [rule(device.REJECT, path=HOME.encode()), rule(path=b"/", **mine)]
    ).start()
    for way in words:
        connect(way)
    connect("/tmp/socktrace-other")
    equal([way for way, _path in told(under)], words, "ways to what is below")
    events = plain.drain()
    equal([e.addr[2:].rstrip(b"\0").decode() for e in events], words, "ways to the socket")
    equal({e.flags & F_PEER_PATH for e in events}, {0}, "told who does not ask")
    equal([way for way, _ in told(without)], ["/tmp/socktrace-other"], "what is left")
    for session in (under, plain, without):
        session.stop()
        equal(session.stats().balance(), 0, "the law's balance")


def in_child(act, *arguments):
    """Runs it in a process of its own; its status is checked."""
    pid = os.fork()
    if not pid:
        status = 1
        try:
            act(*arguments)
            status = 0
        finally:
            os._exit(status)
    equal(reap(pid), 0, "status of the child")
    return pid


def of_child(act, *arguments, rules=()):
    """What is told of a child's connects."""
    with contextlib.ExitStack() as stack:
        anybody = [rule(events=1 << device.CONNECT, families=[socket.AF_UNIX])]
        session = asking(stack, rules or anybody).start()
        in_child(act, *arguments)
        return told(session)


def chrooted(directory, path):
    os.chroot(directory)
    os.chdir("/")
    connect(path)


def in_user_namespace(directory, path):
    """As nobody can: in a user namespace of his own, and no mount namespace."""
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
    must(libc.unshare(CLONE_NEWUSER))
    chrooted(directory, path)


def unshare_mounts():
    must(libc.unshare(CLONE_NEWNS))
    mount("none", "/", MS_PRIVATE | MS_REC)


def behind_mounts(place):
    """To the socket where it was bound, in a copy of all mounts, below other names."""
    unshare_mounts()
    mount(place, "/tmp/socktrace-mounted")
    connect("/tmp/socktrace-mounted/dock.sock")


def own_server(path):
    """Bound in a mount namespace of its own."""
    unshare_mounts()
    with contextlib.ExitStack() as stack:
        listen(stack, path)
        connect(path)


@case("another root directory or mount namespace does not change a socket's path", "paths")
def _roots(context):
    place = home(context)
    path = f"{place}/dock.sock"
    listen(context, path)
    os.chmod(place, 0o755)
    os.chmod(path, 0o777)
    os.makedirs("/tmp/socktrace-mounted")
    context.callback(os.rmdir, "/tmp/socktrace-mounted")
    below = [rule(events=1 << device.CONNECT, path=f"{place}/".encode())]
    expected = [("/dock.sock", (path, 0))]
    equal(of_child(chrooted, place, "/dock.sock", rules=below), expected, "below a chroot")
    if os.path.exists("/proc/sys/user/max_user_namespaces"):
        equal(of_child(in_user_namespace, place, "/dock.sock", rules=below), expected, "nobody's")
    equal(
        of_child(behind_mounts, place), [("/tmp/socktrace-mounted/dock.sock", (path, 0))],
        "by another mount",
    )
    equal(
        of_child(own_server, f"{place}/own"), [(f"{place}/own", (f"{place}/own", PATH_OTHER_MOUNTS))],
        "a server of another mount namespace",
    )


@case("what is bound to no file has no path, nor has a connect that failed", "paths")
def _none(context):
    place = home(context)
    session = asking(context, [rule(tgid=os.getpid(), events=1 << device.CONNECT)]).start()
    listen(context, "\0socktrace-abstract")
    connect("\0socktrace-abstract")
    one, other = socket.socketpair(socket.AF_UNIX)
    one.close()
    other.close()
    datagrams = context.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    datagrams.bind(f"{place}/datagrams")
    connect(f"{place}/datagrams", socket.SOCK_DGRAM)
    listen(context, f"{place}/sequence", socket.SOCK_SEQPACKET)
    connect(f"{place}/sequence", socket.SOCK_SEQPACKET)
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
    for words, error in (("nothing", errno.ENOENT), ("datagrams", errno.EPROTOTYPE)):
        try:
            connect(f"{place}/{words}")
            raise AssertionError("connected")
        except OSError as failure:
            equal(failure.errno, error, "why not")
    paths = [path for _words, path in told(session)]
    equal(paths[:2] + paths[3:], [None] * 5, "paths")
    # Before 6.1.2 a seqpacket socket may lose its peer at any time.
    release = tuple(map(int, os.uname().release.split("-")[0].split(".")[:2]))
    known = (f"{place}/sequence", 0)
    check(paths[2] == known or (release <= (6, 1) and paths[2] is None), "told %r", paths[2])


@case("a socket whose file is gone keeps its path, and says so; one under a new name has that", "paths")
def _deleted(context):
    place = home(context)
    session = asking(context).start()
    for name in ("gone", "old"):
        server = listen(context, f"{place}/{name}")
        directory = os.open(place, os.O_RDONLY)
        # By what only the kernel knows: the file's place in memory.
        held = os.open(f"{place}/{name}", os.O_PATH)
        if name == "gone":
            os.unlink(f"{place}/{name}")
        else:
            os.rename(f"{place}/old", f"{place}/new")
        connect(f"/proc/self/fd/{held}")
        os.close(directory)
        os.close(held)
        server.close()
    paths = [path for _words, path in told(session)]
    equal(paths, [(f"{place}/gone", PATH_DELETED), (f"{place}/new", 0)], "paths")


def deep(place, length):
    """Goes where the path of a socket named x will have that many bytes."""
    os.chdir(place)
    left = length - len(place) - len("/x")
    while left:
        name = "d" * (min(left, 200) - 1)
        if left - len(name) - 1 == 1:
            name = name[:-1]
        os.mkdir(name)
        os.chdir(name)
        left -= len(name) + 1


@case("a path of any length is told whole, and none is cut", "paths")
def _long(context):
    for length in (119, 120, 121, 320, 1000, 4095, 4096):
        with contextlib.ExitStack() as stack:
            place = home(stack)
            stack.callback(os.system, f"rm -rf {place}")
            session = asking(stack).start()
            asked = asking(stack, [rule(tgid=os.getpid(), path=HOME.encode())]).start()
            deep(place, length)
            listen(stack, "x")
            connect("x")
            ((words, path),) = told(session)
            equal(words, "x", "words")
            if length < 4096:
                equal((len(path[0]), path[0][: len(place)], path[1]), (length, place, 0), "path")
            else:
                equal(path, None, "path")
            # What might have been asked for is given.
            equal([words for words, _path in told(asked)], ["x"], "what is below")


@case("under overload each path is told whole or not at all, and the law is exact", "paths")
def _overload(context):
    place = home(context)
    deep(place, 3000)
    listen(context, "x")
    for records in (2, 64, 256):
        session = asking(
            context, records_per_cpu=records, events=1 << device.CONNECT
        ).start()
        for _ in range(400):
            connect("x")
        session.stop()
        events = session.drain()
        found = Paths().of(events)
        check(bool(found) and all(e.flags & F_PEER_PATH for e, _ in found), "no paths")
        check(any(path for _, path in found), "all paths lost")
        equal({len(path[0]) for _, path in found if path}, {3000}, "length")
        stats = session.stats()
        equal((stats.balance(), stats.hits), (0, 400), "the law's balance; hits")
        equal(stats.delivered, len(found), "delivered, without the paths")


@case("a flushed path is taken for no other call's", "paths")
def _flush(context):
    place = home(context)
    listen(context, f"{place}/one")
    listen(context, f"{place}/two")
    session = asking(context).start()
    connect(f"{place}/one")
    session.flush()
    connect(f"{place}/two")
    equal(told(session), [(f"{place}/two", (f"{place}/two", 0))], "paths")


@case("renames all around change no path that they don't touch", "paths")
def _renames(context):
    place = home(context)
    os.makedirs(f"{place}/one")
    os.makedirs(f"{place}/two")
    path = f"{place}/dock.sock"
    listen(context, path)
    over = threading.Event()

    def rename():
        os.mkdir(f"{place}/one/x")
        while not over.is_set():
            os.rename(f"{place}/one/x", f"{place}/two/x")
            os.rename(f"{place}/two/x", f"{place}/one/x")

    threads = [threading.Thread(target=rename)]
    session = asking(context).start()
    for thread in threads:
        thread.start()
    try:
        for _ in range(500):
            connect(path)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    equal(set(told(session)), {(path, (path, 0))}, "paths")


@case("connections that the server closes at once are given, with a path or without", "paths")
def _closing(context):
    place = home(context)
    path = f"{place}/dock.sock"
    server = listen(context, path)

    def serve():
        with contextlib.suppress(OSError):
            while True:
                server.accept()[0].close()

    threading.Thread(target=serve, daemon=True).start()
    mine = {"events": 1 << device.CONNECT, "tgid": os.getpid()}
    session = asking(context, [rule(path=path.encode(), **mine)]).start()
    os.chdir(place)
    for _ in range(500):
        connect("dock.sock")
    found = Paths().of(session.drain())
    equal(len(found), 500, "records")
    check({p for _, p in found} <= {None, (path.encode(), 0)}, "paths %r", found)
    server.shutdown(socket.SHUT_RDWR)
    session.stop()
    equal(session.stats().balance(), 0, "the law's balance")


@case("the reader shows the path of what was connected to, and text only where it is news", "paths")
def _reader(context):
    module.ensure()
    place = home(context)
    path = f"{place}/dock.sock"
    listen(context, path)
    os.chdir(place)
    asked = ("-q", "-n", "2", "-e", "connect", "-p", str(os.getpid()), "--path", f"{place}/")
    json = Live(context, *asked, "-o", "json")
    text = tracing(Live(context, *asked), 2)
    connect("dock.sock")
    connect(path)
    for words in ("dock.sock", path):
        (line,) = objects(json.line())
        equal((line["addr"]["path"], line["peer"]["path"]), (words, path), "JSON")
        check("deleted" not in line["peer"] and "other_mounts" not in line["peer"], "%r", line)
    check(f'peer="{path}"' in text.line(), "no path")
    check("peer=" not in text.line(), "the path twice")
