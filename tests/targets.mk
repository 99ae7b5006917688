# SPDX-License-Identifier: GPL-2.0-only
# What needs no kernel of this machine: tests and demo, in a VM.
##
## make vm       a shell in that VM
## make check-host check-kunit check-dkms check-vm    a part of them

.PHONY: demo vm check check-selftest check-host check-kunit check-dkms check-vm

demo:
	@tests/vm/demo/run

vm:
	@packaging/install-dev-packages
	@tests/vm/build-module
	@$(MAKE) -s -C userspace O=$(CURDIR)/build/reader
	@tests/vm/vm --interactive

check:
	@packaging/install-dev-packages
	@tests/run

check-selftest check-host check-kunit check-dkms check-vm: check-%:
	@packaging/install-dev-packages
	@tests/run $*
