#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Runs the cases in the guest: main.py [GROUP or part of a NAME]...

TAP on standard output. The order is that of the imports: the module is not
loaded at first.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position,unused-import
import reader_cases
import module_cases
import session_cases
import filter_cases
import lineage_cases
import condition_cases
import law_cases
import inflight_cases
import early_cases
import share_cases
import waiting_cases
import state_cases
import reader_filter_cases
import selftest_cases
import ioctl_cases
import read_cases
import descriptor_cases
import uring_cases
import uring_places_cases
import entry_point_cases
import server_cases
import connected_cases
import race_cases
import toctou_cases
import address_cases
import strace_cases
import image_cases
import path_cases
import abi_cases
import log_cases
from lib import tap

sys.exit(not tap.run(sys.argv[1:]))
