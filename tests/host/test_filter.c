// SPDX-License-Identifier: GPL-2.0
/* The grammar, each condition's values, and what becomes of them as rules. */
#include "unit.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "filter/compile.h"
#include "session/muted.h"

static struct socktrace_rule rules[SOCKTRACE_MAX_RULES];
static struct filter_error error;

/* Rules of an expression where all events are asked for; -1: `error`. */
static int compile(const char *text)
{
	struct filter_pool pool = { 0 };
	const struct filter_node *node;
	int n = -1;

	memset(rules, 0, sizeof(rules));
	memset(&error, 0, sizeof(error));
	node = filter_parse(&pool, text, &error);
	if (node)
		n = filter_compile(node, SOCKTRACE_EVENTS_ALL, rules, &error);
	filter_pool_free(&pool);
	return n;
}

/* One rule; its events are not looked at. */
static const struct socktrace_rule *one(const char *text)
{
	int n = compile(text);

	if (n != 1)
		fail_msg("%s: %d rules: %s", text, n, error.text);
	rules[0].match &= ~SOCKTRACE_MATCH_EVENTS;
	return &rules[0];
}

/* The rules in words, "+" or "-" before each; "event all and" left out. */
static void assert_rules(const char *text, const char *expected)
{
	char all[16384] = "", words[FILTER_WORDS_MAX];
	const char *from;
	int n = compile(text), i;

	if (n < 0)
		fail_msg("%s: %s", text, error.text);
	for (i = 0; i < n; i++) {
		filter_words(words, &rules[i]);
		from = strncmp(words, "event all and ", 14) ? words : words + 14;
		sprintf(all + strlen(all), "%s%c %s", i ? "; " : "",
			rules[i].action == SOCKTRACE_ACCEPT ? '+' : '-', from);
	}
	assert_string_equal(all, expected);
}

/* `text` has a ^ at the mistake, which is taken out; the message has `words`. */
static void assert_wrong(const char *marked, const char *words)
{
	const char *mark = strchr(marked, '^');
	char text[256];

	sprintf(text, "%.*s%s", (int)(mark - marked), marked, mark + 1);
	if (compile(text) != -1)
		fail_msg("%s: is taken", text);
	if (error.at != (size_t)(mark - marked) || !strstr(error.text, words))
		fail_msg("%s: at %zu: %s", marked, error.at, error.text);
}

static void values(void **state)
{
	static const uint8_t v4_10[12] = { [10] = 0xff, [11] = 0xff };
	const struct socktrace_rule *rule;

	(void)state;
	rule = one("uid 5");
	assert_int_equal(rule->match, SOCKTRACE_MATCH_UID);
	assert_int_equal(rule->uid_min, 5);
	assert_int_equal(rule->uid_max, 5);
	assert_int_equal(one("user root")->uid_max, 0);
	assert_int_equal(one("uid 0-4294967295")->uid_max, UINT32_MAX);
	rule = one("euid 33-34");
	assert_int_equal(rule->match, SOCKTRACE_MATCH_EUID);
	assert_int_equal(rule->euid_min * 100 + rule->euid_max, 3334);
	rule = one("loginuid root");
	assert_int_equal(rule->match, SOCKTRACE_MATCH_LOGINUID);
	assert_int_equal(rule->loginuid_max, 0);
	assert_int_equal(one("loginuid none")->loginuid_min, UINT32_MAX);
	rule = one("proto 262");
	assert_int_equal(rule->match, SOCKTRACE_MATCH_PROTOCOL);
	assert_int_equal(rule->protocol, 262);
	rule = one("protocol mptcp");
	assert_int_equal(rule->match, SOCKTRACE_MATCH_PROTOCOL | SOCKTRACE_MATCH_FAMILIES);
	assert_int_equal(rule->protocol, 262);
	assert_int_equal(rule->families, 1 << AF_INET | 1 << AF_INET6);
	assert_int_equal(one("proto netlink_audit")->protocol, 9);
	assert_int_equal(rules[0].families, 1 << AF_NETLINK);
	assert_int_equal(one("tid 7")->tid, 7);
	assert_int_equal(one("descendant 7")->ancestor, 7);
	rule = one("comm 0123456789abcde");
	assert_int_equal(rule->match, SOCKTRACE_MATCH_COMM);
	assert_string_equal(rule->comm, "0123456789abcde");
	rule = one("comm 'my prog*'");
	assert_int_equal(rule->match, SOCKTRACE_MATCH_COMM_PREFIX);
	assert_string_equal(rule->comm, "my prog");
	assert_int_equal(one("type stream,SOCK_dgram,5")->types, 1 << 1 | 1 << 2 | 1 << 5);
	rule = one("net 10.9.8.7/8");
	assert_int_equal(rule->remote.prefix_len, 104);
	assert_memory_equal(rule->remote.addr, v4_10, 12);
	assert_memory_equal(rule->remote.addr + 12, "\x0a\0\0", 4);
	assert_int_equal(one("net ::ffff:10.0.0.0/104")->remote.prefix_len, 104);
	assert_int_equal(one("lnet 2001:db8::1")->local.prefix_len, 128);
	assert_int_equal(rules[0].local.addr[15], 1);
	assert_int_equal(one("net ::/0")->remote.prefix_len, 0);
	/* Words that people type. */
	assert_int_equal(one("family ipv4,ipv6")->families, 1 << AF_INET | 1 << AF_INET6);
	assert_int_equal(one("domain ip or family IP6")->families, 1 << AF_INET | 1 << AF_INET6);
	assert_int_equal(one("family local")->families, 1 << AF_UNIX);
	assert_int_equal(one("tgid 7")->tgid, 7);
	assert_int_equal(one("dst ::1")->match, SOCKTRACE_MATCH_REMOTE_NET);
	assert_int_equal(one("DADDR ::1")->match, SOCKTRACE_MATCH_REMOTE_NET);
	assert_int_equal(one("src 10/8")->match, SOCKTRACE_MATCH_LOCAL_NET);
	assert_int_equal(one("saddr 10/8")->match, SOCKTRACE_MATCH_LOCAL_NET);
	assert_int_equal(one("dport = :443")->remote.port_max, 443);
	assert_int_equal(one("sport 22")->local.port_min, 22);
	rule = one("port 80");
	assert_int_equal(rule->match, SOCKTRACE_MATCH_REMOTE_PORT);
	assert_int_equal(rule->remote.port_min + rule->remote.port_max, 160);
	rule = one("lport 0-65535");
	assert_int_equal(rule->local.port_min, 0);
	assert_int_equal(rule->local.port_max, 65535);
	rule = one("path /run/");
	assert_int_equal(rule->path_len, 5);
	assert_string_equal(rule->path, "/run/");
	rule = one("path @x");
	assert_int_equal(rule->path_len, 2);
	assert_memory_equal(rule->path, "\0x", 3);
	assert_memory_equal(one("path '/a b\\x0a\\\\\\''")->path, "/a b\n\\'", 8);
	assert_int_equal(one("ok")->match, SOCKTRACE_MATCH_OK);
	assert_int_equal(one("failed")->match, SOCKTRACE_MATCH_FAILED);
	assert_int_equal(one("errno econnrefused")->error, ECONNREFUSED);
	assert_int_equal(one("errno EWOULDBLOCK")->error, EAGAIN);
	assert_int_equal(one("errno ERESTARTSYS")->error, 512);
	assert_int_equal(one("errno 4095")->error, 4095);
	assert_int_equal(one("duration >= 1.5ms")->min_duration_ns, 1500000);
	assert_int_equal(one("duration > 10us")->min_duration_ns, 10001);
	assert_int_equal(one("duration>=0.000000001s")->min_duration_ns, 1);
	assert_int_equal(one("enter or point")->phases, 1 << 1 | 1 << 3);
	assert_int_equal(one("netns 4026531840")->netns, 4026531840);
	assert_int_equal(one("cgroup 9223372036854775807")->cgroup, INT64_MAX);
}

/* Processes for their namespaces, directories for their cgroups. */
static void places(void **state)
{
	char text[64], cgroup[] = "cgroup /sys/fs/cgroup";
	struct stat st;

	(void)state;
	sprintf(text, "netns %d or mntns %d or pidns %d", getpid(), getpid(), getpid());
	assert_int_equal(compile(text), 3);
	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	assert_int_equal(rules[0].netns, st.st_ino);
	assert_int_equal(stat("/proc/self/ns/mnt", &st), 0);
	assert_int_equal(rules[1].mntns, st.st_ino);
	assert_int_equal(stat("/proc/self/ns/pid", &st), 0);
	assert_int_equal(rules[2].pidns, st.st_ino);
	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	assert_int_equal(one("netns /proc/self/ns/net")->netns, st.st_ino);
	sprintf(text, "netns net:[%u]", (unsigned int)st.st_ino);
	assert_int_equal(one(text)->netns, st.st_ino);
	assert_int_equal(one("pidns pid:[17]")->pidns, 17);
	assert_wrong("netns ^4194304", "/proc/4194304/ns/net: No such file");
	assert_wrong("netns ^no_such_name", "/run/netns/no_such_name: No such file");
	assert_wrong("netns ^/no/such/file", "/no/such/file: No such file");
	assert_wrong("netns ^/proc/self/maps", "/proc/self/maps is no namespace");
	assert_wrong("netns ^/proc/self", "/proc/self is no namespace");
	assert_wrong("netns ^/proc/self/ns/mnt", "is a namespace of another kind than 'net'");
	assert_wrong("netns ^mnt:[4026531841]", "is a namespace of another kind than 'net'");
	assert_wrong("netns ^12x", "'12x' is no namespace (a process, an inode, net:[INODE], a "
				   "name of 'ip netns', /proc/PID/ns/net)");
	assert_wrong("mntns ^blue", "'blue' is no namespace (a process, an inode, mnt:[INODE], "
				    "/proc/PID/ns/mnt)");
	assert_wrong("pidns ^net:[17", "is no namespace");
	assert_wrong("netns ^''", "'' is no namespace");
	assert_wrong("cgroup ^no/such/cgroup", "'no/such/cgroup': No such file");
	assert_wrong("cgroup ^/proc/self", "'/proc/self': is no directory of a cgroup");
	assert_wrong("cgroup ^0::/no/such/cgroup", "'0::/no/such/cgroup': No such file");
	assert_wrong("cgroup ^0::/../x", "is outside of this cgroup namespace");
	assert_wrong("cgroup ^no:pids:/cgroup", "'no:pids:/cgroup': No such file");
	assert_true(one("cgroup v1:77")->cgroup == (77 | SOCKTRACE_CGROUP_V1));
	assert_wrong("cgroup ^v1:0", "'v1:0': No such file");
	assert_wrong("cgroup ^/proc/4194304/cgroup", "'/proc/4194304/cgroup': No such file");
	if (access("/sys/fs/cgroup/cgroup.procs", F_OK))
		return;
	assert_int_equal(stat("/sys/fs/cgroup", &st), 0);
	assert_int_equal(one(cgroup)->cgroup, st.st_ino);
	assert_int_equal(one("cgroup /")->cgroup, st.st_ino);
	assert_int_equal(one("cgroup 0::/")->cgroup, st.st_ino);
	assert_int_equal(rules[0].match, SOCKTRACE_MATCH_CGROUP_TREE);
}

static void grammar(void **state)
{
	(void)state;
	/* not before and before or. */
	assert_rules("pid 1 or pid 2 and pid 2", "+ pid 1; + pid 2");
	assert_rules("(pid 1 or pid 2) and pid 2", "+ pid 2");
	assert_rules("pid 2 and pid 2 or pid 1", "+ pid 2; + pid 1");
	assert_rules("not uid 0 and uid 0-9", "+ user 1-9");
	assert_rules("not (uid 0 and uid 0-9)", "+ user 1-4294967295");
	assert_rules("not not not ok", "- ok; + event all");
	assert_rules("!ok||!!ok", "+ event all");
	assert_rules("CONNECT AND ( UID 0 ) && Not exit", "+ event connect and user 0 and phase enter,point");
	assert_rules("connect\n\tand\r\nuid=0", "+ event connect and user 0");
}

/* Of numbers, and "not" as "!=" of all that has a value. */
static void comparisons(void **state)
{
	(void)state;
	assert_rules("uid != 0", "+ user 1-4294967295");
	assert_rules("uid>=1000", "+ user 1000-4294967295");
	assert_rules("euid < 1000", "+ euid 0-999");
	assert_rules("rport > 1023 and lport <= 1023", "+ rport 1024-65535 and lport 0-1023");
	assert_rules("port<70000", "+ rport 0-65535");
	/* Who did not log in has no number. */
	assert_rules("loginuid > 999", "+ loginuid 1000-4294967294");
	assert_rules("rport < 1024 and rport != 22", "- rport 22; + rport 0-1023");
	assert_rules("comm!=curl and family!=unix",
		     "- comm \"curl\"; - family unix; + event all");
	assert_rules("pid != 1,2", "- pid 1; - pid 2; + event all");
	assert_rules("not uid != 5", "+ user 5");
	assert_rules("!uid 0", "+ user 1-4294967295");
	assert_rules("path /run/*", "+ path \"/run/\"");
}

/* What only the reader knows may hold or not: rules let through what could meet all. */
static void told(void **state)
{
	struct filter_pool pool = { 0 };
	char words[256];

	(void)state;
	assert_rules("exe /bin/x and uid 5", "+ user 5");
	assert_rules("not exe /bin/x and uid 5", "+ user 5");
	assert_rules("exe /bin/x or uid 5", "+ event all");
	assert_rules("not (container * and uid 5)", "+ event all");
	assert_rules("not (exe /x or uid 5)", "- user 5; + event all");
	assert_rules("(exe /x and port 80 or container y) and not pid 7", "- pid 7; + event all");
	assert_rules("exe /x and port 80 or not exe /x and port 22", "+ rport 80; + rport 22");
	assert_wrong("exe ^curl", "is no path");
	assert_wrong("exe ^/usr/*/x", "by their beginning");
	assert_wrong("exe ^/r?n", "by their beginning");
	assert_wrong("container ^a*", "is no container");
	assert_wrong("container x,^''", "is no container");
	assert_wrong("^exe", "'exe' needs a value: PREFIX");
	filter_node_words(words, sizeof(words),
			  filter_parse(&pool, "not (uid 5 or exe '/a\"*') and (pid 1 or ok)", &error));
	assert_string_equal(words, "not (user 5 or exe \"/a\\\"\") and (pid 1 or ok)");
	filter_pool_free(&pool);
}

static void mistakes(void **state)
{
	char deep[300];

	(void)state;
	assert_wrong("^", "a condition is missing");
	assert_wrong("  ^", "a condition is missing");
	assert_wrong("^foo", "unknown condition 'foo' (event, pid, user, euid,");
	assert_wrong("^foo", "tid, descendant, phase; or an event or a phase");
	assert_wrong("event ^bind4", "unknown event 'bind4' (socket, connect, accept4, "
				    "security_socket_connect, addr_mismatch, socketpair");
	assert_wrong("port ^:", "is no port");
	assert_wrong("connect and^", "a condition is missing");
	assert_wrong("connect and ^or uid 0", "a condition is missing");
	assert_wrong("connect ^uid 0", "'and' or 'or' is missing");
	assert_wrong("connect ^'uid 0'", "'and' or 'or' is missing");
	assert_wrong("uid 0 or ^'x'", "before this value");
	assert_wrong("^uid", "'user' needs a value: USER");
	assert_wrong("uid ^and connect", "'user' needs a value");
	assert_wrong("uid ^(0)", "'user' needs a value");
	assert_wrong("uid 1,^", "unknown user ''");
	assert_wrong("uid 1,^x y", "unknown user 'x'");
	assert_wrong("uid ^5-4", "is no uid");
	assert_wrong("uid ^4294967296", "is no uid");
	assert_wrong("loginuid ^nobody_there", "unknown user");
	assert_wrong("proto ^tpc", "unknown protocol 'tpc'");
	assert_wrong("proto ^65536", "unknown protocol");
	assert_wrong("pid ^0", "is no process id");
	assert_wrong("^(connect", "this parenthesis is not closed");
	assert_wrong("^(connect or (uid 0)", "this parenthesis is not closed");
	assert_wrong("connect^)", "was not opened");
	assert_wrong("(connect ^uid 0)", "'and', 'or' or ')' is missing");
	assert_wrong("uid 0 ^& connect", "a single '&'");
	assert_wrong("uid 0 ^| connect", "a single '|'");
	assert_wrong("comm ^'nginx", "this quote is not closed");
	assert_wrong("comm 'a^\\n'", "a backslash takes");
	assert_wrong("comm 'a^\\xg0'", "two digits");
	assert_wrong("comm ^\"\"", "no name");
	assert_wrong("comm ^'*'", "no name");
	assert_wrong("comm ^a*b", "no other * or ?");
	assert_wrong("comm ^w?rker*", "no other * or ?");
	assert_wrong("path ^/run/*/x", "by their beginning");
	assert_wrong("path ^/r?n*", "by their beginning");
	assert_wrong("path ^*", "no path");
	assert_wrong("pid ^> 5", "'pid' takes = and !=");
	assert_wrong("comm ^<= x", "'comm' takes = and !=");
	assert_wrong("uid > ^www-data", "a number is missing");
	assert_wrong("uid > ^5,6", "a number is missing");
	assert_wrong("rport > ^65535", "no number is so");
	assert_wrong("uid < ^0", "no number is so");
	assert_wrong("loginuid > ^4294967294", "no number is so");
	assert_wrong("duration ^!= 3s", "duration takes >");
	assert_wrong("^uid !=", "'user' needs a value");
	assert_wrong("ok ^!= 1", "'and' or 'or' is missing");
	assert_wrong("comm ^'a\\x00b'", "no NUL");
	assert_wrong("comm ^0123456789abcdef", "the first 15 bytes are '0123456789abcde'");
	assert_wrong("net 10/8,^10.0", "is no network");
	assert_wrong("net ^10.0.0.0/33", "is no network");
	assert_wrong("net ^10.0.0.256", "is no network");
	assert_wrong("net ^1.2.3.4.5", "is no network");
	assert_wrong("net ^::/129", "is no network");
	assert_wrong("net ^::1::", "is no network");
	assert_wrong("net ^10/8/8", "is no network");
	assert_wrong("port ^65536", "is no port");
	assert_wrong("lport ^5-", "is no port");
	assert_wrong("path ^''", "no path");
	assert_wrong("errno ^EFOO", "unknown errno");
	assert_wrong("errno ^4096", "unknown errno");
	assert_wrong("type ^16", "unknown type");
	assert_wrong("family inet,^x", "unknown family");
	assert_wrong("event ^lost", "unknown event");
	assert_wrong("phase ^leave", "unknown phase");
	assert_wrong("duration ^1s", "takes >, >=");
	assert_wrong("duration ^= 1s", "takes >, >=");
	assert_wrong("duration >^", "a time is missing");
	assert_wrong("duration > ^10", "is no time");
	assert_wrong("duration > ^1m", "is no time");
	assert_wrong("duration > ^.5s", "is no time");
	assert_wrong("duration > ^18446744073s", "is no time");
	assert_wrong("netns ^x", "/run/netns/x: No such file");
	assert_wrong("^connect1", "unknown condition 'connect1'");
	memset(deep, '(', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	assert_int_equal(compile(deep), -1);
	assert_string_equal(error.text, "nested too deeply");
}

static void tables(void **state)
{
	(void)state;
	/* The example. */
	assert_rules("connect and (net 10/8 or path /run/) and not uid 0 or accept4 and duration > 1s",
		     "+ event connect and user 1-4294967295 and net 10.0.0.0/8; "
		     "+ event connect and user 1-4294967295 and path \"/run/\"; "
		     "+ event accept4 and duration >= 1000000001ns");
	/* What is rejected is rejected of the narrowest, so that entry can tell. */
	assert_rules("accept4 and not failed", "- event accept4 and failed; + event accept4");
	assert_rules("not failed and accept4", "- event accept4 and failed; + event accept4");
	/* Of a record without an address "not net" holds. */
	assert_rules("not net 10/8", "- net 10.0.0.0/8; + event all");
	assert_rules("connect and not net 10/8 or uid 0",
		     "+ user 0; - event connect and net 10.0.0.0/8; + event connect");
	/* Masks and ranges that join become one. */
	assert_rules("(connect or accept4) and (port 1-10 or port 11-20 or port 5)",
		     "+ event connect,accept4 and rport 1-20");
	assert_rules("proto tcp", "+ family inet,inet6 and proto tcp");
	assert_rules("proto tcp and family inet", "+ family inet and proto tcp");
	assert_rules("proto 6 and family unix", "+ family unix and proto 6");
	assert_rules("not proto tcp", "- family inet,inet6 and proto tcp; + event all");
	assert_rules("not loginuid 0-999", "+ loginuid 1000-4294967295");
	assert_rules("not loginuid none", "+ loginuid 0-4294967294");
	assert_rules("euid 0 and not uid 0", "+ user 1-4294967295 and euid 0");
	assert_rules("family inet or family inet6", "+ family inet,inet6");
	/* What can't be true takes no rule. */
	assert_rules("pid 1 and pid 2", "");
	assert_rules("enter and ok", "");
	assert_rules("net 10/8 and net 192.168/16 or pid 3", "+ pid 3");
	assert_rules("net 10/8 and net 10.1/16", "+ net 10.1.0.0/16");
	assert_rules("net 10/8 or net 10.1/16", "+ net 10.0.0.0/8");
	assert_rules("comm ng* and comm nginx", "+ comm \"nginx\"");
	assert_rules("failed and errno EAGAIN", "+ errno EAGAIN");
	assert_rules("path /run/ and path /run/x", "+ path \"/run/x\"");
	assert_rules("duration < 1ms", "- duration >= 1ms; + duration >= 0s");
	assert_rules("duration >= 0s and ok", "+ ok and duration >= 0s");
	/* A record has two paths, and a process many ancestors: no rule can say that. */
	assert_int_equal(compile("path /a and path /b"), -1);
	assert_non_null(strstr(error.text, "'path' (--path) must hold together"));
	assert_rules("path /a and not path /b", "- path \"/b\"; + path \"/a\"");
	assert_int_equal(compile("descendant 1 and descendant 2"), -1);
	assert_int_equal(compile("cgroup 1 and cgroup 2"), -1);
	assert_rules("not descendant 1 and not descendant 2",
		     "- descendant 1; - descendant 2; + event all");
}

/* At most 64; whatever comes is refused soon, and with the number. */
static void sizes(void **state)
{
	static char text[40000];
	int i;

	(void)state;
	strcpy(text, "pid 1");
	for (i = 2; i <= 65; i++)
		sprintf(text + strlen(text), ",%d", i);
	assert_int_equal(compile(text), -1);
	assert_string_equal(error.text, "needs 65 rules, the kernel takes 64");
	*strrchr(text, ',') = '\0';
	assert_int_equal(compile(text), 64);
	/* 8 * 8 fit, 9 * 8 don't. */
	assert_int_equal(compile("pid 1,2,3,4,5,6,7,8 and tid 1,2,3,4,5,6,7,8"), 64);
	assert_int_equal(compile("pid 1,2,3,4,5,6,7,8 and tid 1,2,3,4,5,6,7,8,9"), -1);
	assert_string_equal(error.text, "needs 72 rules, the kernel takes 64");
	strcpy(text, "pid 1");
	for (i = 2; i <= 1500; i++)
		sprintf(text + strlen(text), " or tid %d and pid %d", i, i);
	assert_int_equal(compile(text), -1);
	assert_non_null(strstr(error.text, "the kernel takes 64"));
	strcpy(text, "not pid 1");
	for (i = 2; i <= 60; i++)
		sprintf(text + strlen(text), " and (not tid %d or not pid %d)", i, i);
	assert_int_equal(compile(text), 61);
}

static void write_file(const char *path, const char *content)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(content, file);
	fclose(file);
}

static void reasons_of_silence(void **state)
{
	char root[] = "/tmp/muted.XXXXXX", path[128], reason[256];

	(void)state;
	assert_non_null(mkdtemp(root));
	muted_reason(root, reason, sizeof(reason));
	assert_non_null(strstr(reason, "check 'sysctl kernel.ftrace_enabled=1', and"));
	sprintf(path, "mkdir -p %s/proc/sys/kernel %s/sys/kernel/debug/kprobes", root, root);
	assert_int_equal(system(path), 0);
	sprintf(path, "%s/proc/sys/kernel/ftrace_enabled", root);
	write_file(path, "1\n");
	sprintf(path, "%s/sys/kernel/debug/kprobes/enabled", root);
	write_file(path, "0\n");
	muted_reason(root, reason, sizeof(reason));
	assert_string_equal(reason, "/sys/kernel/debug/kprobes/enabled is 0: "
				    "echo 1 > /sys/kernel/debug/kprobes/enabled");
	sprintf(path, "%s/proc/sys/kernel/ftrace_enabled", root);
	write_file(path, "0\n");
	muted_reason(root, reason, sizeof(reason));
	assert_non_null(strstr(reason, "is 0: sysctl kernel.ftrace_enabled=1; /sys"));
	sprintf(path, "rm -r %s", root);
	assert_int_equal(system(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),   cmocka_unit_test(places),
		cmocka_unit_test(grammar),  cmocka_unit_test(comparisons), cmocka_unit_test(told), cmocka_unit_test(mistakes),
		cmocka_unit_test(tables),   cmocka_unit_test(sizes),
		cmocka_unit_test(reasons_of_silence),
	};

	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
