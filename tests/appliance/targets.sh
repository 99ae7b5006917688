# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The machines and kernels of tests/appliance/arch. Sourced after tests/vm/lib.sh.

# In the order of what is asked for most; each is ARCH, or ARCH/SUITE.
# shellcheck disable=SC2034 # for those who source this
all_targets=(amd64 arm64 armhf i386 mipsel mips64el s390x ppc64el arm64/bookworm-backports
	armhf/bullseye)

# target NAME sets what the name stands for:
#	arch      Debian's name of the architecture
#	suite     where its kernel is from
#	flavour   of linux-image-FLAVOUR
#	karch     the kernel's name of the architecture
#	cross     the compiler's prefix
#	machine   of tests/appliance/boot: qemu-system-MACHINE
#	libc_cc   how to compile programs for it: the environment's LIBC_CC, if given
#	libc      which that is, where it is not the distribution's own: musl-gcc, ...
#	cc32      how to compile a 32-bit program for a 64-bit kernel; may be empty
#	packages  what building and booting it needs
# shellcheck disable=SC2034 # for those who source this
target() {
	cc32='' libc_cc=''
	suite=bookworm
	case $1 in
	*/*) suite=${1#*/} ;;
	esac
	case ${1%%/*} in
	amd64) # for its reader by musl: all else of it, `make check` has
		arch=amd64 flavour=amd64 karch=x86_64 cross=''
		machine=x86_64 libc_cc=musl-gcc cc32=i686-linux-gnu-gcc
		packages=(qemu-system-x86 musl-tools gcc-i686-linux-gnu libc6-dev-i386-cross
			linux-libc-dev-i386-cross)
		;;
	arm64)
		arch=arm64 flavour=arm64 karch=arm64 cross=aarch64-linux-gnu-
		machine=aarch64 cc32=arm-linux-gnueabihf-gcc
		packages=(qemu-system-arm gcc-aarch64-linux-gnu libc6-dev-arm64-cross
			gcc-arm-linux-gnueabihf libc6-dev-armhf-cross)
		;;
	armhf)
		arch=armhf flavour=armmp karch=arm cross=arm-linux-gnueabihf-
		machine=arm
		packages=(qemu-system-arm gcc-arm-linux-gnueabihf libc6-dev-armhf-cross)
		;;
	i386)
		arch=i386 flavour=686-pae karch=i386 cross=i686-linux-gnu-
		machine=i386
		packages=(qemu-system-x86 gcc-i686-linux-gnu libc6-dev-i386-cross
			linux-libc-dev-i386-cross)
		;;
	mipsel)
		arch=mipsel flavour=4kc-malta karch=mips cross=mipsel-linux-gnu-
		machine=mipsel
		packages=(qemu-system-mips gcc-mipsel-linux-gnu libc6-dev-mipsel-cross)
		;;
	mips64el)
		arch=mips64el flavour=5kc-malta karch=mips cross=mips64el-linux-gnuabi64-
		machine=mips64el cc32=mipsel-linux-gnu-gcc
		packages=(qemu-system-mips gcc-mips64el-linux-gnuabi64 libc6-dev-mips64el-cross
			gcc-mipsel-linux-gnu libc6-dev-mipsel-cross)
		;;
	s390x)
		arch=s390x flavour=s390x karch=s390 cross=s390x-linux-gnu-
		machine=s390x
		packages=(qemu-system-misc gcc-s390x-linux-gnu libc6-dev-s390x-cross)
		;;
	ppc64el)
		arch=ppc64el flavour=powerpc64le karch=powerpc cross=powerpc64le-linux-gnu-
		machine=ppc64
		packages=(qemu-system-ppc gcc-powerpc64le-linux-gnu libc6-dev-ppc64el-cross)
		;;
	riscv64) # from trixie on, whose linux-kbuild wants glibc 2.38 on this machine
		suite=${suite/#%bookworm/trixie}
		arch=riscv64 flavour=riscv64 karch=riscv cross=riscv64-linux-gnu-
		machine=riscv64
		packages=(qemu-system-misc gcc-riscv64-linux-gnu libc6-dev-riscv64-cross)
		;;
	*)
		return 1
		;;
	esac
	libc_cc=${LIBC_CC:-${libc_cc:-${cross}gcc}}
	libc=${libc_cc##*/}
	[ "$libc_cc" != "${cross}gcc" ] || libc=''
}

# build_target NAME: builds what its machine boots with, and sets, besides what target does:
#	kernel    the directory of its kernel, as tests/vm/kernel has it
#	release   of that
#	image     what QEMU is given of it
#	module    for it
#	programs  the directory of what tests/appliance/Makefile makes, for it
# Says with its status whether all is there, so that one failure is not the end of a run.
# shellcheck disable=SC2034,SC2154 # for those who source this; lib.sh's
build_target() {
	target "$1"
	kernel=$("$tree/tests/vm/kernel" "$1") || return
	release=$(cat "$kernel/release")
	image=$kernel/image
	[ -e "$image" ] || image=$kernel/vmlinuz
	"$tree/tests/vm/build-module" "$1" >&2 || return
	module=$tree/build/vm/$release/socktrace.ko
	programs=$tree/build/appliance/$release${libc:+-$libc}
	make -s -j2 -C "$tree/tests/appliance" OUT="$programs" CC="$libc_cc" >&2 || return
	[ -z "$cc32" ] || make -s -j2 -C "$tree/tests/appliance" OUT="$programs" CC="$cc32" \
		READER=socktrace-read-32 >&2
}
