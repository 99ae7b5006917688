# SPDX-License-Identifier: GPL-2.0-only
# What needs no kernel of this machine: tests and demo, in a VM.
##
## make vm       a shell in that VM
## make check-host check-kunit check-dkms check-vm    a part of the tests
## make check-debug    all of KUnit and VM on a kernel built to find bugs
## make check SUITES=all    both

# The suites of tests/run; none named: all but debug.
SUITES ?=

.PHONY: demo vm check check-selftest check-host check-kunit check-dkms check-vm check-debug

demo:
	@tests/vm/demo/run

vm:
	@packaging/install-dev-packages
	@tests/vm/build-module
	@$(MAKE) -s -C userspace O=$(CURDIR)/build/reader
	@tests/vm/vm --interactive

check:
	@packaging/install-dev-packages
	@tests/run $(SUITES)

check-selftest check-host check-kunit check-dkms check-vm check-debug: check-%:
	@packaging/install-dev-packages
	@tests/run $*
