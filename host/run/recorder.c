/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that writes. */
#include "host/run/recorder.h"

#include <pthread.h>

#include "base/log.h"
#include "base/queue.h"

#define QUEUE_ROOM 1024
#define BURST_MAX  256 /* records that share one flush */

struct recorder {
	pthread_t thread;
	struct queue *queue;
	struct journal *journal;
	struct store *store;
	recorder_fn *on_record;
	void *arg;
	int failed_fd;
	struct err error; /* the journal's first one; read after the thread has ended */
	bool store_failed;
};

static void fail(struct recorder *recorder, const struct err *e)
{
	if (recorder->error.code)
		return;
	recorder->error = *e;
	uint64_t one = 1;
	if (recorder->failed_fd >= 0 && write(recorder->failed_fd, &one, sizeof one) < 0)
		log_error("tell the engine that the journal failed: %m");
}

/* The store can be made again from the journal: losing it is worth a warning, not the run. */
static void keep(struct recorder *recorder, struct record *const *burst, size_t count)
{
	struct err e = {0};
	int r = 0;

	if (!recorder->store || recorder->store_failed)
		return;
	for (size_t i = 0; i < count && r == 0; i++)
		r = store_add(recorder->store, burst[i], &e);
	if (r == 0)
		r = store_commit(recorder->store, &e);
	if (r == 0)
		return;
	recorder->store_failed = true;
	log_warning("%s; the journal goes on, `assay runs --rebuild` reads it in later", e.text);
}

static void record_burst(struct recorder *recorder, struct record *const *burst, size_t count)
{
	struct err e = {0};
	int r = recorder->error.code ? -recorder->error.code : 0;

	for (size_t i = 0; i < count && r == 0; i++)
		r = journal_add(recorder->journal, burst[i], &e);
	if (r == 0)
		r = journal_flush(recorder->journal, &e);
	if (r < 0) {
		fail(recorder, &e);
		return; /* what is not in the journal did not happen */
	}
	keep(recorder, burst, count);
	for (size_t i = 0; recorder->on_record && i < count; i++)
		recorder->on_record(recorder->arg, burst[i]);
}

static void *recorder_main(void *arg)
{
	struct recorder *recorder = arg;
	struct record *burst[BURST_MAX];
	size_t count;

	while ((burst[0] = queue_take(recorder->queue))) {
		count = 1;
		while (count < BURST_MAX && queue_count(recorder->queue) > 0)
			burst[count++] =
				queue_take(recorder->queue); /* the only taker: it is there */
		record_burst(recorder, burst, count);
		for (size_t i = 0; i < count; i++)
			record_free(burst[i]);
	}
	return NULL;
}

int recorder_start(struct journal *journal, struct store *store, recorder_fn *on_record, void *arg,
		   int failed_fd, struct recorder **ret, struct err *e)
{
	struct recorder *recorder = xnew(sizeof *recorder);

	*recorder = (struct recorder){
		.journal = journal,
		.store = store,
		.on_record = on_record,
		.arg = arg,
		.failed_fd = failed_fd,
		.queue = queue_new(QUEUE_ROOM),
	};
	int r = pthread_create(&recorder->thread, NULL, recorder_main, recorder);
	if (r) {
		queue_free(recorder->queue);
		free(recorder);
		return err_set(e, BLAME_HOST, r, "start the recorder's thread: %m");
	}
	pthread_setname_np(recorder->thread, "recorder");
	*ret = recorder;
	return 0;
}

void recorder_add(struct recorder *recorder, struct record *record)
{
	if (queue_put(recorder->queue, record) < 0)
		record_free(record); /* closed: the run is over */
}

int recorder_stop(struct recorder *recorder, struct err *e)
{
	queue_close(recorder->queue);
	pthread_join(recorder->thread, NULL);
	queue_free(recorder->queue);
	int code = recorder->error.code;
	if (code)
		*e = recorder->error;
	free(recorder);
	return -code;
}
