/* SPDX-License-Identifier: Apache-2.0 */
/* Whether udev is to be expected. */
#include "guest/kit/udev.h"

void udev_required(struct trial *t)
{
	if (!file_exists(t, "/run/udev/control") && !file_exists(t, "/run/systemd/system"))
		case_skip(t, "udev", "neither udev nor systemd has been started");
}
