# SPDX-License-Identifier: GPL-2.0
# Rows of --help:  -e, --event EVENT[,EVENT]    only these events
# For each: letter[i] (or ""), name[i], argument[i] (or ""), text[i].

# Words that can stand for a value, by what --help calls it; several have commas between.
function words_of(argument) {
	if (argument in words)
		return words[argument]
	sub(/[[|].*/, "", argument)
	return argument in words ? words[argument] : ""
}
function is_list(argument) {
	return argument ~ /\[,/ || argument == "LIST"
}
# What else a shell knows: a file, a user, a process.
function kind_of(argument) {
	if (argument ~ /^(FILE|PATH|PREFIX)/)
		return "file"
	if (argument ~ /^USER/)
		return "user"
	if (argument ~ /^PID/)
		return "process"
	return ""
}

BEGIN {
	words["EVENT"] = "all %net socket socketpair connect connected accept4 addr_mismatch bind listen security_socket_connect"
	words["FAMILY"] = "unix inet inet6 netlink packet vsock alg can tipc bluetooth xdp"
	words["TYPE"] = "stream dgram raw seqpacket"
	words["PROTO"] = "tcp udp icmp icmpv6 sctp udplite mptcp raw"
	words["ERRNO"] = "ECONNREFUSED ETIMEDOUT EHOSTUNREACH ENETUNREACH EADDRINUSE EACCES EPERM ENOENT EMFILE"
	words["FORMAT"] = "text json text: json:"
	words["TIMES"] = "none time date utc unix delta"
	words["WHEN"] = "auto always never"
	words["LIST"] = columns "help"
	n = 0
}
/^  (-.,|   ) --[a-z]/ {
	n++
	letter[n] = substr($0, 3, 1) == "-" ? substr($0, 4, 1) : ""
	rest = substr($0, 9)
	match(rest, /^[a-z0-9-]+/)
	name[n] = substr(rest, 1, RLENGTH)
	rest = substr(rest, RLENGTH + 1)
	argument[n] = ""
	if (match(rest, /^ [[A-Z][^ ]*/)) {
		argument[n] = substr(rest, 2, RLENGTH - 1)
		rest = substr(rest, RLENGTH + 1)
	}
	sub(/^ +/, "", rest)
	text[n] = rest
	next
}
# Of a row that has no room beside its name.
n && text[n] == "" {
	text[n] = $0
	sub(/^ +/, "", text[n])
}
