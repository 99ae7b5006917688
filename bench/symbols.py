# SPDX-License-Identifier: GPL-2.0
"""The guest kernel's own list of symbols, for what QEMU's plugins saw of it."""
import bisect

CODE, DATA = "tTwW", "bBdDrR"


class Symbols:
    """Which symbol of such kinds an address is in."""

    def __init__(self, path, kinds=CODE):
        names = {}
        with open(path, encoding="ascii") as file:
            for line in file:
                address, kind, name, *module = line.split()
                # Of names for one address a function's own, rather than a mark of the linker's.
                if kind in kinds and not (name.startswith("__") and int(address, 16) in names):
                    names[int(address, 16)] = " ".join([name, *module])
        self.starts = sorted(names)
        self.names = names

    def find(self, address):
        """(name, whether the address is the symbol's first)."""
        start = self.starts[bisect.bisect_right(self.starts, address) - 1]
        return self.names[start], start == address
