// SPDX-License-Identifier: GPL-2.0
#include "habits.h"

#include <string.h>

/* A row an option. Those of one letter that several tools have say of which each is. */
static const struct habit {
	const char *name;
	const char *hint;
} table[] = {
	/* strace */
	{ "T", "how long a call took stands in each line: <seconds>" },
	{ "y", "addresses stand in each line" },
	{ "Y", "names of processes stand in each line" },
	{ "k", "there are no stacks: a record is of the kernel's side" },
	{ "i", "there is no instruction pointer (strace), and no interface (tcpdump): calls "
	       "have none, --net and --local-net tell networks apart" },
	{ "s", "names and paths are shown whole (strace); there are no packets to cut (tcpdump)" },
	{ "a", "the width of lines is the terminal's" },
	{ "x", "bytes that are not printable are \\xNN anyway (strace); only failed ones: -Z "
	       "(opensnoop)" },
	{ "X", "constants have names, and numbers where they have none; JSON has both" },
	{ "v", "nothing is left out; --enter, --processes and --stats show more" },
	{ "D", "run it as a service, or with '&'" },
	{ "E", "env NAME=VALUE COMMAND sets what the command sees" },
	{ "P", "--path PREFIX (strace), --rport PORT (tcpconnect), --lport PORT (tcpaccept)" },
	{ "S", "sort(1) sorts the trace (strace); --since and -S of a journal are none's here" },
	{ "I", "Ctrl-C ends; a command gets the signals that are sent to the reader" },
	{ "b", "descendants that execute other programs are followed" },
	{ "O", "the tracer costs the command no stop, so there is nothing to subtract" },
	{ "decode-fds", "addresses stand in each line" },
	{ "decode-pids", "names of processes stand in each line" },
	{ "follow-forks", "-f, with -p; a command is followed anyway" },
	{ "trace", "-e EVENT" },
	{ "status", "-z: ok, -Z: failed" },
	{ "successful-only", "--ok" },
	{ "failed-only", "--failed" },
	{ "attach", "-p PID" },
	{ "string-limit", "names and paths are shown whole" },
	{ "no-abbrev", "nothing is left out" },
	{ "stack-traces", "there are no stacks" },
	{ "trace-path", "--path PREFIX" },
	{ "output-append-mode", "-o FILE appends" },
	{ "summary-only", "-c" },
	/* tcpdump */
	{ "l", "lines go out as calls are made, within --latency" },
	{ "U", "records go out as calls are made (tcpdump); --columns +uid (bcc)" },
	{ "N", "addresses are always numbers" },
	{ "F", "--filter @FILE" },
	{ "A", "there are no data of packets: it is no sniffer" },
	{ "L", "the kernel's probes see all interfaces (tcpdump); --lport PORT (tcplife)" },
	{ "Q", "connects go out, accepts come in: -e connect, -e accept" },
	{ "B", "--records N: the ring of each CPU" },
	{ "K", "there are no packets whose checksums to check" },
	{ "interface", "calls have no interface; --net and --local-net tell networks apart" },
	{ "snapshot-length", "there are no packets to cut" },
	{ "buffer-size", "--records N: the ring of each CPU" },
	{ "number", "-n COUNT stops after so many; addresses are always numbers" },
	/* bcc's tools, bpftrace, sysdig */
	{ "timestamp", "times stand in each line" },
	{ "print-uid", "--columns +uid" },
	{ "port", "--rport PORT, --lport PORT" },
	{ "ports", "--rport PORT, --lport PORT" },
	{ "localport", "--lport PORT" },
	{ "remoteport", "--rport PORT" },
	{ "name", "--comm NAME" },
	{ "cgroupmap", "--cgroup PATH" },
	{ "mntnsmap", "--mntns PID" },
	{ "duration", "--min-duration TIME: calls of so long; timeout -s INT SECONDS ends the reader" },
	{ "print", "--columns LIST" },
	{ "containers", "--container ID, --container '*'" },
	{ "lookup-dns", "addresses are always numbers: no name is looked up" },
	/* ss, netstat */
	{ "tcp", "--proto tcp" },
	{ "udp", "--proto udp; only sockets and connects are seen, no datagrams" },
	{ "unix", "--family unix" },
	{ "numeric", "addresses are always numbers" },
	{ "resolve", "addresses are always numbers: no name is looked up" },
	{ "listening", "-e listen: as it is called; sockets that are there shows ss(8)" },
	{ "all", "-e all" },
	{ "extended", "-o json has all that is known" },
	{ "net-namespace", "--netns NAME" },
	/* perf */
	{ "call-graph", "there are no stacks" },
	{ "failure", "--failed" },
	{ "failed-calls", "--failed" },
	{ "max-events", "-n COUNT" },
	{ "tid", "--filter 'tid TID'" },
	{ "all-cpus", "all CPUs are traced" },
	{ "cpu", "all CPUs are traced; JSON has 'cpu'" },
	{ "mmap-pages", "--records N: the ring of each CPU" },
	{ "verbose", "nothing is left out; --enter, --processes and --stats show more" },
	{ "sort", "sort(1) sorts the trace" },
	/* journalctl, and what all have */
	{ "since", "only what is called from now on is seen" },
	{ "until", "timeout -s INT SECONDS ends the reader" },
	{ "boot", "only what is called from now on is seen" },
	{ "unit", "--cgroup system.slice/NAME.service" },
	{ "grep", "--comm, --path, --net and others; or grep(1)" },
	{ "reverse", "lines come as calls are made" },
	{ "lines", "-n COUNT stops after so many" },
	{ "no-pager", "there is no pager" },
	{ "output-fields", "--fields LIST" },
	{ "identifier", "--comm NAME" },
	{ "no-tail", "only what is called from now on is seen" },
	{ "exclude", "-e '!EVENT', --filter 'not ...'" },
	{ "usage", "--help" },
	{ "?", "--help" },
};

const char *habits_name(unsigned int row)
{
	return row < sizeof(table) / sizeof(table[0]) ? table[row].name : NULL;
}

const char *habits_hint(const char *name, size_t length)
{
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strlen(table[i].name) == length && !memcmp(table[i].name, name, length))
			return table[i].hint;
	}
	return NULL;
}
