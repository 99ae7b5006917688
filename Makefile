# SPDX-License-Identifier: GPL-2.0-only
#
#   make demo     see it work, in a throw-away VM
#   make check    run all tests
#   make          the module for KDIR's kernel, and the reader
#   make install  both, and what belongs to them; as root
#   make uninstall    all of that away, of every kernel and by DKMS too
#
# `make help` lists the rest.
##
## make modules modules_install reader install-reader    a part: DESTDIR=, PREFIX=, INSTALL_MOD_PATH=
## make dkms-install dkms-remove    the module by DKMS, anew for each kernel that comes
## make in-tree in-tree-remove TREE=DIR    the module into a kernel's sources, or out of them
## make sign     socktrace.ko for Secure Boot, with the key that DKMS signs with

VERSION := $(shell cat VERSION)

# The kernel to build for: its headers, by whichever name a build system has for them.
KVER ?= $(shell uname -r)
KDIR ?= $(or $(KERNEL_SRC),$(KERNEL_DIR),$(KERNELDIR),/lib/modules/$(KVER)/build)
DEPMOD ?= depmod

DESTDIR ?=
INSTALL_MOD_PATH ?= $(DESTDIR)
PREFIX ?= /usr

.PHONY: all modules module reader
all: modules reader

include packaging/targets.mk

.PHONY: headers
headers:
	@packaging/headers $(KDIR) $(if $(filter /lib/modules/$(KVER)/build,$(KDIR)),$(KVER))

modules module: headers
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

reader:
	$(MAKE) -C userspace O=$(CURDIR)/build/reader

.PHONY: install modules_install install-reader
install: not-beside-dkms modules_install install-reader

# Not into this machine's /lib/modules: who makes an image for another runs its depmod.
elsewhere = $(DESTDIR)$(INSTALL_MOD_PATH)$(MODLIB)
# Into a variable of a recipe's shell. A kernel that was built with O= has its name there.
release = release=$$(packaging/headers --release $(or $(O),$(KDIR)))

# Of two modules there the older one may be loaded.
.PHONY: not-beside-dkms
not-beside-dkms: headers
	$(if $(elsewhere),,@$(release) && packaging/dkms refuse "$$release")

modules_install: not-beside-dkms modules
	$(MAKE) -C $(KDIR) M=$(CURDIR) INSTALL_MOD_PATH=$(INSTALL_MOD_PATH) modules_install
	$(if $(elsewhere),,$(release) && $(DEPMOD) -a "$$release")

part = $(word $(1),$(subst :, ,$(2)))
# A line of a recipe each, for those of packaging/targets.mk's INSTALLED.
define install_one
	install -D -m $(call part,1,$(1)) $(call part,2,$(1)) $(DESTDIR)$(call part,3,$(1))

endef

# Until 2026-11 the reader was in sbin, where root would find that one first.
install-reader: reader $(BUILT_TO_INSTALL)
	rm -f $(DESTDIR)$(PREFIX)/sbin/socktrace-read
	$(foreach each,$(INSTALLED),$(call install_one,$(each)))

.PHONY: uninstall
uninstall:
	$(if $(DESTDIR),,packaging/dkms remove)
	packaging/remove-modules $(INSTALL_MOD_PATH)/lib/modules $(if $(DESTDIR)$(INSTALL_MOD_PATH),,$(DEPMOD))
	rm -f $(DESTDIR)$(PREFIX)/sbin/socktrace-read \
		$(foreach each,$(INSTALLED),$(DESTDIR)$(call part,3,$(each)))
	rmdir --ignore-fail-on-non-empty $(INSTALLED_DIRS:%=$(DESTDIR)%) 2> /dev/null || true

# DKMS builds the module again for each kernel that is installed later.
.PHONY: dkms-install dkms-remove
dkms-install: reader
	packaging/dkms install $(KVER) $(KDIR)
	$(MAKE) install-reader

dkms-remove:
	packaging/dkms remove

# Into a kernel's own tree, for who builds modules into the kernel, or has none.
.PHONY: in-tree in-tree-remove
in-tree:
	@packaging/in-tree/install $(TREE)
in-tree-remove:
	@packaging/in-tree/install --remove $(TREE)

.PHONY: sign
sign: modules
	packaging/sign $(KDIR) socktrace.ko

.PHONY: clean
clean:
	[ ! -d $(KDIR) ] || $(MAKE) -C $(KDIR) M=$(CURDIR) clean
	rm -rf build

include tests/targets.mk bench/targets.mk

.PHONY: help
help:
	@sed -n 's/^#   //p' Makefile
	@sed -n 's/^## //p' Makefile packaging/targets.mk tests/targets.mk bench/targets.mk
