# SPDX-License-Identifier: GPL-2.0
"""After all the others."""

from lib import module
from lib.tap import case, equal


@case("the kernel's log has no splat after all this", "log")
def _log(context):
    log = module.Log(start=True)
    context.callback(log.close)
    equal(log.splats(), [])


@case("the module can be unloaded at the end: nobody holds it", "log")
def _unload(_context):
    if module.loaded():
        module.unload()
    equal(module.registered_probes(), [])
