# SPDX-License-Identifier: GPL-2.0-only
# What needs no kernel of this machine: tests and demo, in a VM.
##
## make vm       a shell in that VM
## make check-host check-install check-kunit check-dkms check-vm check-kernels check-fuzz check-budget    a part of the tests
## make check-debug    all of KUnit and VM on a kernel built to find bugs
## make check-debug-both    the same with both ways of probing for all
## make check-arch    all of tests/appliance on every architecture: ARCH=arm64 for one; LIBC_CC=
## make check-variants    all of tests/appliance on kernels that lack something, PREEMPT_RT, cloud, and built in
## make check-service    the service under a systemd that runs, in that VM
## make check-kernels-whole    all of VM on every other kernel
## make fuzz     fuzz the device on that kernel, and the reader: CALLS=N SEED=N MINUTES=N
## make check-tree TREE=DIR    the module on your own kernel, built there (CC=, ARCH=), in QEMU
## make check SUITES='daily debug-short'    what CI runs

# The suites of tests/run; none named: the daily ones.
SUITES ?=
parts := $(addprefix check-,selftest install host kunit dkms vm kernels kernels-whole fuzz budget debug \
	debug-short debug-breakpoints service)

.PHONY: demo vm check check-arch check-debug-both check-tree check-variants fuzz $(parts)

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

# check-arch and check-variants: CI runs two of each, as the suites arch and variants.
check-arch:
	@packaging/install-dev-packages
	@tests/run arch='tests/appliance/arch $(ARCH)'

check-variants:
	@packaging/install-dev-packages
	@tests/run 'variants=tests/variants/run --all'

check-debug-both:
	@$(MAKE) -s check SUITES='debug debug-breakpoints'

# CC and ARCH are the kernel's: tree hands them on.
TREE ?=
check-tree:
	@$(if $(TREE),,$(error which kernel? make check-tree TREE=DIR))
	@tests/run 'tree=tests/appliance/tree $(abspath $(TREE))'

$(parts): check-%:
	@packaging/install-dev-packages
	@tests/run $*

fuzz:
	@packaging/install-dev-packages
	@CALLS='$(CALLS)' SEED='$(SEED)' MINUTES='$(MINUTES)' tests/fuzz/run --long
