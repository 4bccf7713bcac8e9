/* SPDX-License-Identifier: Apache-2.0 */
#include "host/run/sure.h"

#include <math.h>

#define WORSE 10 /* so many times as many failures are too many */

/* Both errors are the same, so the bounds are as far from 0 on both sides. */
static double bound(void)
{
	return log((1 - SURE_ERROR) / SURE_ERROR);
}

double sure_bad_rate(double good)
{
	return 1 - WORSE * (1 - good);
}

void sure_init(struct sure *sure, double good)
{
	double bad = sure_bad_rate(good);

	*sure = (struct sure){.on_pass = log(good / bad), .on_other = log((1 - good) / (1 - bad))};
}

enum sure_state sure_state(const struct sure *sure)
{
	if (sure->evidence >= bound())
		return SURE_GOOD;
	return sure->evidence <= -bound() ? SURE_BAD : SURE_OPEN;
}

enum sure_state sure_add(struct sure *sure, bool passed)
{
	sure->evidence += passed ? sure->on_pass : sure->on_other;
	return sure_state(sure);
}

unsigned sure_passes_needed(double good)
{
	struct sure sure;

	sure_init(&sure, good);
	return (unsigned)ceil(bound() / sure.on_pass);
}
