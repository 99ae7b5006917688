# SPDX-License-Identifier: GPL-2.0-only
#
#   make demo     see it work, in a throw-away VM
#   make check    run all tests
#   make          the module for KDIR's kernel, and the reader
#   make install  both, and the man page; as root
#   make in-tree TREE=DIR  the module into a kernel's sources, to be built in
#
# `make help` lists the rest.

VERSION := $(shell cat VERSION)

# The kernel to build for: its headers, and where its modules are installed.
KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build

PREFIX ?= /usr
DESTDIR ?=

.PHONY: all module reader
all: module reader

module:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

reader:
	$(MAKE) -C userspace O=$(CURDIR)/build/reader

.PHONY: install install-module install-reader
install: install-module install-reader

install-module: module
	$(MAKE) -C $(KDIR) M=$(CURDIR) INSTALL_MOD_PATH=$(DESTDIR) modules_install
	$(if $(DESTDIR),,depmod -a $(KVER))

install-reader: reader
	install -D -m 755 build/reader/socktrace-read $(DESTDIR)$(PREFIX)/sbin/socktrace-read
	install -D -m 644 uapi/socktrace.h $(DESTDIR)$(PREFIX)/include/linux/socktrace.h
	install -D -m 644 docs/socktrace-read.1 $(DESTDIR)$(PREFIX)/share/man/man1/socktrace-read.1

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

.PHONY: clean
clean:
	[ ! -d $(KDIR) ] || $(MAKE) -C $(KDIR) M=$(CURDIR) clean
	rm -rf build

include tests/targets.mk bench/targets.mk

.PHONY: help
help:
	@sed -n 's/^#   //p' Makefile
	@sed -n 's/^## //p' tests/targets.mk bench/targets.mk
