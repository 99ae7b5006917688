# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the harness's scripts share: where things are, and packages fetched by
# apt from whatever sources this machine has.  Sourced with `set -euo pipefail`.

# shellcheck disable=SC2034 # for those who source this
tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
cache=${SOCKTRACE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/socktrace}

# Tools of the distribution first: a python3 or make of the user's own may lack
# what ours need.
PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export PATH

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# One writer at a time for the cache; readers need no lock, since an entry
# appears by rename and is complete from then on.
lock_cache() {
	mkdir -p "$cache"
	exec {cache_lock}> "$cache/lock"
	flock "$cache_lock"
	# What an interrupted run has left.
	rm -rf "$cache"/*/.new.*
}

# --- apt, by the machine's own sources or, once apt_use_suite was called, by
# those of another suite of the same archive.
apt_options=(-qq -o Acquire::Retries=3)
apt_suite=''

apt_update() {
	[ "$apt_suite" ] || [ "$(id -u)" = 0 ] ||
		die "apt's package lists are missing or too old: run apt-get update as root"
	echo "${0##*/}: apt-get update${apt_suite:+ for $apt_suite}" >&2
	apt-get "${apt_options[@]}" ${apt_suite:+-o APT::Update::Error-Mode=any} update >&2
}

# apt_sources LABEL: where the machine gets the archive's part of that label from.
apt_sources() {
	# shellcheck disable=SC2016 # apt's variables
	apt-get indextargets --format '$(LABEL)|$(REPO_URI)' \
		'Identifier: Packages' 'Component: main' 2> /dev/null |
		sed -n "s/^$1|//p" | head -n 1
}

# apt_use_suite SUITE [ARCH]: from now on apt knows the packages of SUITE alone, with
# its security and, for one of backports, what it is on top of.  All that apt
# keeps of it is in the cache: the machine's own lists, sources and pins stay as
# they are.  It comes from where the machine gets its own suite.  With ARCH, a
# package is that architecture's; NAME:amd64 is one for this machine.
apt_use_suite() {
	local suite=$1 arch=${2:-} below=$1 archive security signed
	local dir=$cache/apt/$suite${arch:+_$arch} arches=${arch:+$arch,}amd64
	[[ $suite =~ ^[a-z][a-z-]*$ ]] || die "$suite is no name of a kernel or a suite"
	archive=$(apt_sources Debian)
	if [ -z "$archive" ]; then
		apt_update
		archive=$(apt_sources Debian)
	fi
	[ "$archive" ] || die "apt has no source of Debian, so $suite can't be found"
	security=$(apt_sources Debian-Security)
	case $suite in
	*-backports) below=${suite%-backports} ;;
	experimental) below=sid ;;
	esac
	# Also the keys of the suites before and after are in there.
	signed="arch=$arches target=Packages"
	signed+=' signed-by=/usr/share/keyrings/debian-archive-keyring.gpg'
	mkdir -p "$dir"/{lists,archives}/partial
	: > "$dir/status" # nothing is installed
	{
		echo "deb [$signed] $archive $below main"
		case $below in
		sid | unstable) ;;
		*) [ -z "$security" ] || echo "deb [$signed] $security $below-security main" ;;
		esac
		[ "$suite" = "$below" ] || echo "deb [$signed] $archive $suite main"
	} > "$dir/sources.list"
	cat > "$dir/apt.conf" <<- CONF
		Dir::Etc::sourcelist "$dir/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		Dir::State::lists "$dir/lists/";
		Dir::State::status "$dir/status";
		Dir::Cache::archives "$dir/archives/";
		Dir::Cache::pkgcache "";
		Dir::Cache::srcpkgcache "";
		APT::Sandbox::User "root";
		// The machine's hooks are for its own lists.
		#clear APT::Update;
	CONF
	[ -z "$arch" ] || cat >> "$dir/apt.conf" <<- CONF
		APT::Architecture "$arch";
		APT::Architectures { "$arch"; "amd64"; };
	CONF
	[ "$suite" = "$below" ] || echo "APT::Default-Release \"$suite\";" >> "$dir/apt.conf"
	apt_options+=(-c "$dir/apt.conf")
	apt_suite=$suite
}

# apt_version PACKAGE: the version apt would install; empty when it knows none.
apt_version() {
	apt-cache "${apt_options[@]}" policy "$1" 2> /dev/null |
		awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }'
}

# apt_depends PACKAGE REGEX: its direct dependencies that match.
apt_depends() {
	apt-cache "${apt_options[@]}" depends --no-recommends --no-suggests --no-conflicts \
		--no-breaks --no-replaces --no-enhances "$1" 2> /dev/null |
		awk -v re="$2" '$1 == "Depends:" && $2 ~ re { print $2 }'
}

# apt_unpack [--closure] DIR PACKAGE...: download and unpack into DIR, with all
# that they depend on if so asked; nothing is installed.
apt_unpack() {
	local get deb dir
	# The sandbox user may not be able to write to the user's cache.
	get=(apt-get "${apt_options[@]}" -o APT::Sandbox::User=root)
	if [ "$1" = --closure ]; then
		shift
		get+=(-y -o "Dir::Cache::archives=$1/.debs/" --no-install-recommends
			--download-only install)
	else
		get+=(download)
	fi
	dir=$1
	shift
	mkdir -p "$dir/.debs/partial"
	if ! (cd "$dir/.debs" && "${get[@]}" "$@" >&2); then
		# The lists may name a version that the archive has replaced.
		apt_update
		(cd "$dir/.debs" && "${get[@]}" "$@" >&2)
	fi
	for deb in "$dir"/.debs/*.deb; do
		dpkg -x "$deb" "$dir"
	done
	rm -r "$dir/.debs"
}

# kernel_make KERNEL ARG...: make among the headers of a KERNEL, a directory of
# tests/vm/kernel's.  Another architecture's has the cross compiler's arguments in
# make-args.  A kernel with a toolchain has a compiler and all other tools
# of its own, which see of this machine the tree alone.  (That W=1 looks at comments,
# too, would need perl or python there.)
kernel_make() {
	local kernel=$1 root enter args=()
	shift
	if ! [ -e "$kernel/toolchain" ]; then
		[ ! -e "$kernel/make-args" ] || mapfile -t args < "$kernel/make-args"
		make -C "$kernel/headers" "${args[@]}" "$@"
		return
	fi
	root=$(readlink -f "$kernel/toolchain")
	enter=(unshare --mount)
	[ "$(id -u)" = 0 ] || enter+=(--map-root-user)
	# shellcheck disable=SC2016 # for the shell below
	"${enter[@]}" /bin/sh -euc '
		root=$1 tree=$2
		shift 2
		mount -t tmpfs tmpfs "$root/tmp"
		mkdir -p "$root$tree"
		for dir in /dev /proc "$tree"; do
			mount --rbind "$dir" "$root$dir"
		done
		exec chroot "$root" /usr/bin/env -i LC_ALL=C HOME=/ \
			PATH=/usr/sbin:/usr/bin:/sbin:/bin make cmd_checkdoc= "$@"' \
		sh "$root" "$tree" -C "/usr/src/linux-headers-$(cat "$kernel/release")" "$@"
}
