/* SPDX-License-Identifier: Apache-2.0 */
/* Names and limits of suites. */
#include "wire/bundle.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

static const char *const suite_names[BUNDLE_SUITES] = {
	[BUNDLE_LTP] = "ltp",
	[BUNDLE_KSELFTEST] = "kselftest",
};

const char *bundle_suite_name(enum bundle_suite suite)
{
	return (unsigned)suite < BUNDLE_SUITES ? suite_names[suite] : "unknown";
}

int bundle_suite_parse(const char *name, enum bundle_suite *ret)
{
	for (unsigned i = 0; i < BUNDLE_SUITES; i++) {
		if (strcmp(name, suite_names[i]) == 0) {
			*ret = (enum bundle_suite)i;
			return 0;
		}
	}
	return -EINVAL;
}

unsigned bundle_limit_s(const struct bundle_limit *limit, bool slow_kernel, unsigned slowness)
{
	unsigned long long body_s = limit->body_s;

	body_s *= slow_kernel ? BUNDLE_SLOW_KERNEL : 1;
	body_s *= slowness ? slowness : 1;
	unsigned long long whole_s = (body_s + limit->run_s) * (limit->rounds ? limit->rounds : 1);
	return whole_s > UINT_MAX ? UINT_MAX : (unsigned)whole_s;
}
