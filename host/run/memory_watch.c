/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at the host's memory. */
#include "host/run/memory_watch.h"

#include "base/clock.h"
#include "base/log.h"
#include "host/driver/resources.h"
#include "host/run/internal.h"

#define INTERVAL_NS NS_PER_S
/* In hundredths of a percent, as resources_memory_pressure tells them. */
#define SOME_MAX 2000
#define FULL_MAX 1000

void memory_watch_read(const char *root, struct memory_reading *ret, bool *ret_has_psi)
{
	struct resources_pressure pressure = {0};
	uint64_t bytes = resources_memory(root);

	*ret_has_psi = resources_memory_pressure(root, &pressure);
	*ret = (struct memory_reading){
		.at_ns = clock_now_ns(),
		.available_mib = bytes > 0 ? bytes >> 20 : ROOM_MEMORY_MAX,
		.is_pressed = pressure.some >= SOME_MAX || pressure.full >= FULL_MAX,
	};
}

void memory_watch_done(struct memory_watch *watch, struct engine *engine)
{
	if (watch->held_ns > 0)
		tell_phase(engine, 0, "memory wait", clock_now_ns() - watch->held_ns, 1,
			   "new machines waited for memory");
	watch->held_ns = 0;
}

static void tell_held(struct memory_watch *watch, struct engine *engine,
		      const struct memory_reading *reading)
{
	bool is_held = schedule_is_held(engine->schedule);

	if (is_held && watch->held_ns == 0) {
		watch->held_ns = reading->at_ns;
		tell_host_step(engine, reading->is_pressed
					       ? "the host is short of memory: new machines wait"
					       : "new machines wait for free memory");
	} else if (!is_held) {
		memory_watch_done(watch, engine);
	}
}

/* Once; where one machine follows another it makes no difference. */
static void tell_without_psi(struct memory_watch *watch, const struct engine *engine)
{
	if (!watch->is_without_psi && engine->jobs > 1 && engine->setup->plan->cells.count > 1)
		log_info(
			"this kernel tells no memory pressure (%s/proc/pressure/memory): free memory alone "
			"decides when new machines wait",
			watch->root);
	watch->is_without_psi = true;
}

void memory_watch_tick(struct memory_watch *watch, struct engine *engine)
{
	struct memory_reading reading;
	bool has_psi;

	if (!watch->root || clock_now_ns() < watch->next_ns)
		return;
	memory_watch_read(watch->root, &reading, &has_psi);
	watch->next_ns = reading.at_ns + INTERVAL_NS;
	if (!has_psi)
		tell_without_psi(watch, engine);
	schedule_set_memory(engine->schedule, &reading);
	tell_held(watch, engine, &reading);
}
