/* SPDX-License-Identifier: Apache-2.0 */
/* How a test of LTP is run, and its end read. */
#include <stdlib.h>
#include <unistd.h>

#include "guest/bundle_suite.h"

/* Our environment has been cleaned already; LTP says what its tests want. */
static void set_environment(const struct bundle_order *order)
{
	const char *slash = order->root[0] ? "/" : "", *path = getenv("PATH");

	bundle_set_variable("LTPROOT", BUNDLE_TREE "%s%s", slash, order->root);
	bundle_set_variable("PATH", "%s:" BUNDLE_TREE "%s%s/testcases/bin", path ? path : "", slash,
			    order->root);
	bundle_set_variable("LTP_COLORIZE_OUTPUT", "n");
	if (order->device[0])
		bundle_set_variable("LTP_DEV", "/dev/%s", order->device);
	if (order->slowness > 1)
		bundle_set_variable("LTP_TIMEOUT_MUL", "%u", order->slowness);
}

static bool enter(struct bundle_order *order, struct result *result)
{
	set_environment(order);
	CLEAN_FREE char *programs = xasprintf("%s/testcases/bin", getenv("LTPROOT"));
	if (chdir(programs) == 0)
		return true;
	result_set(result, OUTCOME_BROKEN, "%s: %m", programs);
	return false;
}

static void take_line(void *arg, const struct ltp_line *line)
{
	const struct bundle_output *output = arg;
	struct check_record check;

	if (!output->on_check || (line->type != LTP_FAIL && line->type != LTP_BROK))
		return;
	ltp_check(line, output->name, &check);
	output->on_check(output->arg, &check);
}

static void begin(struct bundle_output *output)
{
	ltp_reader_init(&output->ltp, take_line, output);
}

static void feed(struct bundle_output *output, const char *bytes, size_t length)
{
	ltp_feed(&output->ltp, bytes, length);
}

static void judge(struct bundle_output *output, int status, struct result *result)
{
	ltp_judge(&output->ltp, output->name, status, result);
}

const struct bundle_way bundle_ltp = {enter, begin, feed, judge};
