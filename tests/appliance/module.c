// SPDX-License-Identifier: GPL-2.0
#include "module.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* All of a file, or NULL with errno. */
static void *contents(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *image = NULL;
	struct stat st;
	ssize_t got;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0)
		image = malloc((size_t)st.st_size);
	for (*len = 0; image && *len < (size_t)st.st_size; *len += (size_t)got) {
		got = read(fd, image + *len, (size_t)st.st_size - *len);
		if (got <= 0)
			break;
	}
	close(fd);
	return image;
}

/* Not finit_module(), which 3.8 brought: some C libraries have no number for it. */
int module_load(const char *path, const char *parameters)
{
	size_t len;
	void *image = contents(path, &len);
	int err = 0;

	if (!image)
		return errno;
	if (syscall(SYS_init_module, image, (unsigned long)len, parameters) != 0)
		err = errno;
	free(image);
	return err;
}

int module_unload(const char *name)
{
	int i;

	for (i = 0; i < 1000; i++) {
		if (syscall(SYS_delete_module, name, O_NONBLOCK) == 0)
			return 0;
		if (errno != EAGAIN && errno != EBUSY)
			break;
		usleep(10000);
	}
	return errno;
}
