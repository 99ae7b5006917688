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

apt_update() {
	[ "$(id -u)" = 0 ] ||
		die "apt's package lists are missing or too old: run apt-get update as root"
	echo "${0##*/}: apt-get update" >&2
	apt-get -qq -o Acquire::Retries=3 update >&2
}

# apt_version PACKAGE: the version apt would install; empty when it knows none.
apt_version() {
	apt-cache policy "$1" 2> /dev/null |
		awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }'
}

# apt_depends PACKAGE REGEX: its direct dependencies that match.
apt_depends() {
	apt-cache depends --no-recommends --no-suggests --no-conflicts \
		--no-breaks --no-replaces --no-enhances "$1" 2> /dev/null |
		awk -v re="$2" '$1 == "Depends:" && $2 ~ re { print $2 }'
}

# apt_unpack DIR PACKAGE...: download and unpack into DIR; nothing is installed.
apt_unpack() {
	local dir=$1 get deb
	shift
	mkdir -p "$dir/.debs"
	# The sandbox user may not be able to write to the user's cache.
	get=(apt-get -qq -o APT::Sandbox::User=root -o Acquire::Retries=3 download)
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
