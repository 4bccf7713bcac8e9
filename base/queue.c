/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded queue: a ring, a mutex and two conditions. */
#include "base/queue.h"

#include <pthread.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/text.h"

struct queue {
	pthread_mutex_t
		mutex; /* guards all below; innermost: nothing else is locked while it is held */
	pthread_cond_t has_item, has_room;
	bool closed;
	size_t room, count, first;
	void *items[];
};

struct queue *queue_new(size_t room)
{
	struct queue *queue = xnew(sizeof *queue + room * sizeof queue->items[0]);
	pthread_condattr_t attr;

	queue->room = room;
	pthread_mutex_init(&queue->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&queue->has_item, &attr);
	pthread_cond_init(&queue->has_room, &attr);
	pthread_condattr_destroy(&attr);
	return queue;
}

void queue_free(struct queue *queue)
{
	if (!queue)
		return;
	pthread_cond_destroy(&queue->has_item);
	pthread_cond_destroy(&queue->has_room);
	pthread_mutex_destroy(&queue->mutex);
	free(queue);
}

int queue_put(struct queue *queue, void *item)
{
	int r = -EPIPE;

	pthread_mutex_lock(&queue->mutex);
	while (queue->count == queue->room && !queue->closed)
		pthread_cond_wait(&queue->has_room, &queue->mutex);
	if (!queue->closed) {
		queue->items[(queue->first + queue->count) % queue->room] = item;
		queue->count++;
		pthread_cond_signal(&queue->has_item);
		r = 0;
	}
	pthread_mutex_unlock(&queue->mutex);
	return r;
}

/* With the mutex held: the oldest item, or NULL. */
static void *take_first(struct queue *queue)
{
	if (queue->count == 0)
		return NULL;
	void *item = queue->items[queue->first];
	queue->first = (queue->first + 1) % queue->room;
	queue->count--;
	pthread_cond_signal(&queue->has_room);
	return item;
}

void *queue_take(struct queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	while (queue->count == 0 && !queue->closed)
		pthread_cond_wait(&queue->has_item, &queue->mutex);
	void *item = take_first(queue);
	pthread_mutex_unlock(&queue->mutex);
	return item;
}

void *queue_take_within(struct queue *queue, uint64_t span_ns, int *ret_closed)
{
	uint64_t until = clock_now_ns() + span_ns;
	struct timespec deadline = {
		.tv_sec = (time_t)(until / NS_PER_S),
		.tv_nsec = (long)(until % NS_PER_S),
	};
	int r = 0;

	pthread_mutex_lock(&queue->mutex);
	while (queue->count == 0 && !queue->closed && r == 0)
		r = pthread_cond_timedwait(&queue->has_item, &queue->mutex, &deadline);
	void *item = take_first(queue);
	if (ret_closed)
		*ret_closed = !item && queue->closed;
	pthread_mutex_unlock(&queue->mutex);
	return item;
}

void queue_close(struct queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	queue->closed = true;
	pthread_cond_broadcast(&queue->has_item);
	pthread_cond_broadcast(&queue->has_room);
	pthread_mutex_unlock(&queue->mutex);
}

size_t queue_count(struct queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	size_t count = queue->count;
	pthread_mutex_unlock(&queue->mutex);
	return count;
}
