# SPDX-License-Identifier: GPL-2.0-only
# The archive of `make dist` goes into files/ beside this recipe.
SUMMARY = "Shows every socket, connect and accept call: the reader"
LICENSE = "GPL-2.0-only"
LIC_FILES_CHKSUM = "file://LICENSE;md5=5082786ee9878849d55d40d66407761c"
SRC_URI = "file://socktrace-${PV}.tar.gz"
S = "${WORKDIR}/socktrace-${PV}"

RRECOMMENDS:${PN} = "kernel-module-socktrace"
FILES:${PN} += "${nonarch_libdir} ${datadir}"

do_compile() {
	oe_runmake reader
}

do_install() {
	oe_runmake install-reader DESTDIR=${D} HOSTCC="${BUILD_CC}"
}
