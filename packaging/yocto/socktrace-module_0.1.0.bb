# SPDX-License-Identifier: GPL-2.0-only
# The archive of `make dist` goes into files/ beside this recipe. The kernel needs
# CONFIG_KPROBES=y, and CONFIG_TRIM_UNUSED_KSYMS must be off.
SUMMARY = "Tells of every socket, connect and accept call: the kernel module"
LICENSE = "GPL-2.0-only"
LIC_FILES_CHKSUM = "file://LICENSE;md5=5082786ee9878849d55d40d66407761c"
SRC_URI = "file://socktrace-${PV}.tar.gz"
S = "${WORKDIR}/socktrace-${PV}"

inherit module

MAKE_TARGETS = "modules"
KERNEL_MODULE_AUTOLOAD += "socktrace"
