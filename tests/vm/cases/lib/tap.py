# SPDX-License-Identifier: GPL-2.0
"""Cases are functions with a promise for a name; their verdicts are TAP."""

import contextlib
import os
import signal
import sys
import time
import traceback

SLOW = float(os.environ.get("SOCKTRACE_SLOW", "1"))  # a debug kernel takes that much longer
LIMIT_S = int(60 * SLOW)  # of one case: a test that hangs must not take the others along

_cases = []


class Skip(Exception):
    """The kernel or machine lacks what this case is about."""


class Failure(AssertionError):
    pass


class Context(contextlib.ExitStack):
    """What a case gets: it cleans up after it, and takes its diagnostics."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def diag(self, text):
        """A figure or remark that is printed whatever the verdict is."""
        self.lines += str(text).splitlines()


def case(name, group=None):
    """Registers a case; `name` is the promise that it checks."""

    def register(function):
        _cases.append((group or function.__module__, name, function))
        return function

    return register


def check(condition, text="", *values):
    if not condition:
        raise Failure(text % values if values else text or "check failed")


def equal(got, expected, what="value"):
    if got != expected:
        raise Failure(f"{what}: got {got!r}, expected {expected!r}")


def say(text):
    print(text, flush=True)


def _expired(_number, _frame):
    raise TimeoutError(f"not done after {LIMIT_S} s")


def _run(function):
    """Runs one case: verdict (`ok`, `not ok`, `skip`), reason, diagnostics."""
    context = Context()
    signal.signal(signal.SIGALRM, _expired)
    signal.alarm(LIMIT_S)
    try:
        with context:
            function(context)
        return "ok", "", context.lines
    except Skip as reason:
        return "skip", str(reason), context.lines
    except Failure as failure:
        line = traceback.extract_tb(failure.__traceback__)
        where = [f for f in line if not f.filename.endswith("tap.py")][-1]
        return "not ok", f"{failure}\n{where.filename}:{where.lineno}", context.lines
    except BaseException:  # pylint: disable=broad-except
        return "not ok", traceback.format_exc(), context.lines
    finally:
        signal.alarm(0)


def run(wanted):
    """Runs the cases of the wanted groups or names, or all but those of `-GROUP`."""
    unwanted = {w[1:] for w in wanted if w.startswith("-")}
    wanted = [w for w in wanted if not w.startswith("-")]
    groups = {group for group, _, _ in _cases}
    chosen = [
        (group, name, function)
        for group, name, function in _cases
        if group not in unwanted
        and (not wanted or any(w == group or w not in groups and w in name for w in wanted))
    ]
    say("TAP version 13")
    say(f"1..{len(chosen)}")
    bad = 0
    begin = time.monotonic()
    for number, (group, name, function) in enumerate(chosen, 1):
        start = time.monotonic()
        verdict, reason, lines = _run(function)
        took = time.monotonic() - start
        title = f"{group}: {name}"
        if verdict == "ok":
            say(f"ok {number} - {title}")
        elif verdict == "skip":
            say(f"ok {number} - {title} # SKIP {reason}")
        else:
            bad += 1
            say(f"not ok {number} - {title}")
            lines = lines + reason.splitlines()
        for line in lines:
            say(f"# {line}")
        if took > 1:
            say(f"# {took:.1f} s")
        sys.stdout.flush()
    say(f"# {len(chosen)} cases, {bad} failed, {time.monotonic() - begin:.1f} s")
    return bad == 0 and bool(chosen)
