/* SPDX-License-Identifier: Apache-2.0 */
/* qemu-img on foreign files. */
#include "host/image/qemu_img.h"

static struct child_spec confined(const char *const *argv)
{
	return (struct child_spec){
		.argv = argv,
		.limit_memory = 2ULL << 30,
		.limit_cpu_s = 120,
		.no_network = true,
		.no_exec = true,
	};
}

int qemu_img(const char *const *argv, const struct patience *p, struct child_output *out,
	     struct err *e)
{
	const struct child_spec spec = confined(argv);

	return child_run(&spec, p, out, e);
}

int qemu_img_ok(const char *const *argv, const struct patience *p, struct child_output *out,
		struct err *e)
{
	const struct child_spec spec = confined(argv);

	return child_run_ok(&spec, p, out, e);
}

int qemu_img_on(int fd, const char *const *argv, const struct patience *p, struct err *e)
{
	CLEAN_DONE(child_output) struct child_output out = CHILD_OUTPUT_INIT(65536);
	const struct child_fd passed = {.fd = fd, .as = QEMU_IMG_FD};
	struct child_spec spec = confined(argv);

	spec.fds = &passed;
	spec.fd_count = 1;
	return child_run_ok(&spec, p, &out, e);
}
