/* SPDX-License-Identifier: Apache-2.0 */
/* One machine ahead of the cases. */
#include "host/run/spare.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "host/run/internal.h"

#define LOAD_SPAN_NS (60 * NS_PER_S)
#define STACK_SIZE   (1U << 20)

enum spare_state { SPARE_NONE, SPARE_ORDERED, SPARE_READY, SPARE_ENDING };

struct spare {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct engine *engine;
	enum spare_state state;
	struct cell_run *cell;
	struct machine_spec spec;
	struct spare_machine made; /* its machine is NULL when it could not be made */
};

/* It has never run: its console log is empty. */
static void machine_drop(struct spare_machine *made)
{
	machine_free(STEAL_PTR(made->machine));
	if (!made->folder)
		return;
	CLEAN_FREE char *console = xasprintf("%s/console.log", made->folder);
	(void)unlink(console);
	(void)rmdir(made->folder);
	free(STEAL_PTR(made->folder));
}

/* What cannot be made ahead is made when it is wanted, and there the error is told. */
static void make(struct spare *spare)
{
	struct patience p = engine_patience(spare->engine, LOAD_SPAN_NS);
	struct spare_machine *made = &spare->made;
	struct err e = {0};

	int r = engine_make_folder(spare->engine, "fork", made->name, &made->folder, &e);
	spare->spec.folder = made->folder;
	if (r == 0)
		r = template_load(spare->cell->template_folder, &spare->spec, &p, &made->machine,
				  &e);
	if (r < 0)
		machine_drop(made);
}

static void *spare_main(void *arg)
{
	struct spare *spare = arg;

	pthread_mutex_lock(&spare->mutex);
	while (spare->state != SPARE_ENDING) {
		if (spare->state != SPARE_ORDERED) {
			pthread_cond_wait(&spare->changed, &spare->mutex);
			continue;
		}
		pthread_mutex_unlock(&spare->mutex);
		make(spare);
		pthread_mutex_lock(&spare->mutex);
		if (spare->state == SPARE_ORDERED)
			spare->state = SPARE_READY;
		pthread_cond_broadcast(&spare->changed);
	}
	pthread_mutex_unlock(&spare->mutex);
	return NULL;
}

struct spare *spare_new(struct engine *engine)
{
	struct spare *spare = xnew(sizeof *spare);
	pthread_attr_t attr;

	spare->engine = engine;
	pthread_mutex_init(&spare->mutex, NULL);
	pthread_cond_init(&spare->changed, NULL);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	int r = pthread_create(&spare->thread, &attr, spare_main, spare);
	pthread_attr_destroy(&attr);
	if (r == 0) {
		pthread_setname_np(spare->thread, "spare");
		return spare;
	}
	pthread_cond_destroy(&spare->changed);
	pthread_mutex_destroy(&spare->mutex);
	free(spare);
	return NULL;
}

void spare_free(struct spare *spare)
{
	if (!spare)
		return;
	pthread_mutex_lock(&spare->mutex);
	spare->state = SPARE_ENDING;
	pthread_cond_broadcast(&spare->changed);
	pthread_mutex_unlock(&spare->mutex);
	pthread_join(spare->thread, NULL);
	machine_drop(&spare->made);
	pthread_cond_destroy(&spare->changed);
	pthread_mutex_destroy(&spare->mutex);
	free(spare);
}

void spare_order(struct spare *spare, struct cell_run *cell, const struct machine_spec *spec)
{
	pthread_mutex_lock(&spare->mutex);
	if (spare->state == SPARE_READY && spare->cell != cell)
		machine_drop(&spare->made);
	else if (spare->state != SPARE_NONE) {
		pthread_mutex_unlock(&spare->mutex);
		return;
	}
	spare->cell = cell;
	spare->spec = *spec;
	spare->state = SPARE_ORDERED;
	pthread_cond_broadcast(&spare->changed);
	pthread_mutex_unlock(&spare->mutex);
}

void spare_tidy(struct spare *spare)
{
	pthread_mutex_lock(&spare->mutex);
	/* The schedule's own mutex is taken inside this one, and nothing inside that. */
	if (spare->state == SPARE_READY &&
	    !schedule_has_fork(spare->engine->schedule, spare->cell->cell->index)) {
		machine_drop(&spare->made);
		spare->state = SPARE_NONE;
	}
	pthread_mutex_unlock(&spare->mutex);
}

bool spare_take(struct spare *spare, const struct cell_run *cell, struct spare_machine *ret)
{
	bool taken = false;

	pthread_mutex_lock(&spare->mutex);
	while (spare->state == SPARE_ORDERED && spare->cell == cell)
		pthread_cond_wait(&spare->changed, &spare->mutex);
	if (spare->state == SPARE_READY && spare->cell == cell) {
		taken = spare->made.machine != NULL;
		*ret = spare->made;
		spare->made = (struct spare_machine){0};
		spare->state = SPARE_NONE;
	}
	pthread_mutex_unlock(&spare->mutex);
	return taken;
}
