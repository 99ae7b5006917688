// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel itself takes to call a probe that does nothing: a kprobe and a kretprobe
 * on each of the three functions that socket(), connect() and accept4() are.  bench/budget
 * compares with it, since it changes with the kernel.
 */
#include <linux/kprobes.h>
#include <linux/module.h>

static int entered(struct kprobe *probe, struct pt_regs *regs)
{
	return 0;
}

static int called(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	return 0;
}

#define FUNCTION(name)                                                            \
	{                                                                         \
		.entry = { .symbol_name = name, .pre_handler = entered },         \
		.call = { .kp.symbol_name = name, .handler = called,              \
			  .entry_handler = called },                              \
	}

static struct {
	struct kprobe entry;
	struct kretprobe call;
} functions[] = {
	FUNCTION("__sys_socket"),
	FUNCTION("__sys_connect"),
	FUNCTION("__sys_accept4"),
};

static void unregister(int nr)
{
	while (nr--) {
		unregister_kretprobe(&functions[nr].call);
		unregister_kprobe(&functions[nr].entry);
	}
}

static int __init floor_init(void)
{
	int i, ret;

	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		ret = register_kprobe(&functions[i].entry);
		if (!ret) {
			ret = register_kretprobe(&functions[i].call);
			if (ret)
				unregister_kprobe(&functions[i].entry);
		}
		if (ret) {
			unregister(i);
			return ret;
		}
	}
	return 0;
}

static void __exit floor_exit(void)
{
	unregister(ARRAY_SIZE(functions));
}

module_init(floor_init);
module_exit(floor_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Empty probes, to compare with");
