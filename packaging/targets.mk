# SPDX-License-Identifier: GPL-2.0-only
# What is installed beside the module, and where; and packages of it.
## make dist     the sources as build/socktrace-VERSION.tar.gz
## make deb rpm    packages of it, in build/deb or build/rpm
## make check-packages    both built, looked at, installed and upgraded, in a root of their own

BINDIR ?= $(PREFIX)/bin
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
LIBEXECDIR ?= $(PREFIX)/lib/socktrace
EXAMPLEDIR ?= $(PREFIX)/share/doc/socktrace/examples
SYSCONFDIR ?= /etc
UNITDIR ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
UDEVRULESDIR ?= $(PREFIX)/lib/udev/rules.d
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR ?= $(PREFIX)/share/zsh/site-functions
FISHCOMPDIR ?= $(PREFIX)/share/fish/vendor_completions.d

# MODE:FILE:WHERE
INSTALLED := \
	755:build/reader/socktrace-read:$(BINDIR)/socktrace-read \
	644:uapi/socktrace.h:$(INCLUDEDIR)/linux/socktrace.h \
	644:docs/socktrace-read.1:$(MANDIR)/man1/socktrace-read.1 \
	644:docs/socktrace.4:$(MANDIR)/man4/socktrace.4 \
	644:build/install/bash:$(BASHCOMPDIR)/socktrace-read \
	644:build/install/zsh:$(ZSHCOMPDIR)/_socktrace-read \
	644:build/install/fish:$(FISHCOMPDIR)/socktrace-read.fish \
	644:build/install/socktrace.service:$(UNITDIR)/socktrace.service \
	755:packaging/systemd/gap:$(LIBEXECDIR)/gap \
	644:packaging/systemd/60-socktrace.rules:$(UDEVRULESDIR)/60-socktrace.rules \
	644:packaging/systemd/socktrace.sysusers:$(SYSUSERSDIR)/socktrace.conf \
	644:packaging/systemd/socktrace.logrotate:$(SYSCONFDIR)/logrotate.d/socktrace \
	644:packaging/systemd/older-kernel.conf:$(EXAMPLEDIR)/older-kernel.conf \
	644:packaging/systemd/modprobe.conf:$(EXAMPLEDIR)/modprobe.conf
INSTALLED_DIRS := $(EXAMPLEDIR) $(patsubst %/,%,$(dir $(EXAMPLEDIR))) $(LIBEXECDIR)

completions := build/install/bash build/install/zsh build/install/fish
BUILT_TO_INSTALL := $(completions) build/install/socktrace.service

# They are made of what the reader says of its options; one that was built for another
# machine can't be asked, so one for this is built.
HOSTCC ?= cc
$(completions): build/install/%: reader packaging/completion/generate packaging/completion/rows.awk \
		packaging/completion/%.awk
	@mkdir -p $(@D)
	@if build/reader/socktrace-read --version > /dev/null 2>&1; then \
		packaging/completion/generate build/reader/socktrace-read $* > $@; \
	else \
		$(MAKE) -s -C userspace O=$(CURDIR)/build/native CC='$(HOSTCC)' \
			CFLAGS=-O1 CPPFLAGS= LDFLAGS= STATIC= && \
		packaging/completion/generate build/native/socktrace-read $* > $@; \
	fi

# Anew each time: the places may be others.
.PHONY: build/install/socktrace.service
build/install/socktrace.service: packaging/systemd/socktrace.service
	@mkdir -p $(@D)
	sed 's,/usr/bin/socktrace-read,$(BINDIR)/socktrace-read,; s,/usr/lib/socktrace/,$(LIBEXECDIR)/,' $< > $@

.PHONY: dist
dist:
	packaging/dist build/socktrace-$(VERSION).tar.gz

# Each empties the directory that it is given.
.PHONY: deb rpm check-packages
deb rpm:
	packaging/$@ build/$@

check-packages:
	packaging/check-packages
