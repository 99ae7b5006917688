/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_RCUPDATE_H
#define SHIM_RCUPDATE_H

struct rcu_head {
	void *unused[2];
};

#endif
