// SPDX-License-Identifier: GPL-2.0
/* Links if liburing is there for this compiler, and new enough for the selftest. */
#include <liburing.h>

int main(void)
{
	struct io_uring_sqe sqe;

	io_uring_prep_socket(&sqe, 0, 0, 0, 0);
	io_uring_prep_multishot_accept(&sqe, 0, NULL, NULL, 0);
	return io_uring_get_probe_ring(NULL) || io_uring_submit(NULL);
}
