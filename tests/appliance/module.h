/* SPDX-License-Identifier: GPL-2.0 */
/* Modules of the small machine, which has no modprobe. */
#ifndef SOCKTRACE_APPLIANCE_MODULE_H
#define SOCKTRACE_APPLIANCE_MODULE_H

/* Both give 0, or the errno. */
int module_load(const char *path, const char *parameters);
/* Waits for whoever still uses it: for 10 s, then EAGAIN (EBUSY). */
int module_unload(const char *name);

#endif
