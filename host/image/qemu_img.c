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
