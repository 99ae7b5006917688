# SPDX-License-Identifier: GPL-2.0
"""Descriptors that another thread closes within a call."""

from lib import device, module
from lib.device import ACCEPT4, CONNECT, Session
from lib.proc import Program
from lib.reading import check_law, tiles
from lib.tap import case, check, equal

TURNS = 1500


@case("a socket that is closed while a probe looks at it: the last reference is given back in peace", "descriptors")
def _reopened(context):
    # On a kernel whose probes are breakpoints (debug.kprobes-optimization=0), whoever
    # gives back the last reference to a file in one does so as in an NMI.
    module.ensure()
    log = module.Log()
    context.callback(log.close)
    session = context.enter_context(
        Session(records_per_cpu=8192, phases=device.PHASE_ENTER | device.PHASE_EXIT)
    )
    program = Program(context, "reopen", TURNS)
    equal(program.line(), ["ready"])
    session.only(tgid=program.pid, events=1 << CONNECT | 1 << ACCEPT4).start()
    program.write()
    equal(program.end().split(), ["made", str(2 * TURNS)], "calls made")
    events = session.finish()
    check_law(session.stats(), events)
    equal(len(events), 4 * TURNS, "records")
    equal(sum(tiles(events).values()), 4 * TURNS, "numbers used")
    calls = {}
    for e in events:
        calls.setdefault(e.call_id, set()).add((e.type, e.phase))
        if e.flags & device.F_SOCK:
            check(e.inode and (e.sock_family, e.sock_type) == (1, 1), "%s", e)
    equal(len(calls), 2 * TURNS, "calls")
    without = sum(not e.flags & device.F_SOCK for e in events)
    context.diag(f"records without a socket: {without} of {len(events)}")
    equal(log.splats(), [], "the kernel's log")
