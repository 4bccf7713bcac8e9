/* SPDX-License-Identifier: Apache-2.0 */
/* The queue between threads. */
#include "base/queue.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/test.h"

#define PRODUCERS 4
#define ITEMS	  5000

TEST(queue, first_in_first_out)
{
	struct queue *queue = queue_new(3);
	int items[3], closed = 1;

	for (int i = 0; i < 3; i++)
		EXPECT_NUMBER(queue_put(queue, &items[i]), 0);
	EXPECT_NUMBER(queue_count(queue), 3);
	EXPECT(queue_take(queue) == &items[0]);
	EXPECT_NUMBER(queue_put(queue, &items[0]), 0);
	EXPECT(queue_take(queue) == &items[1]);
	EXPECT(queue_take(queue) == &items[2]);
	EXPECT(queue_take_within(queue, 0, &closed) == &items[0]);
	EXPECT_NUMBER(closed, 0);
	queue_free(queue);
}

TEST(queue, closed_refuses_and_drains)
{
	struct queue *queue = queue_new(2);
	int item, closed = 0;

	EXPECT_NUMBER(queue_put(queue, &item), 0);
	queue_close(queue);
	EXPECT_NUMBER(queue_put(queue, &item), -EPIPE);
	EXPECT(queue_take(queue) == &item);
	EXPECT(!queue_take(queue));
	EXPECT(!queue_take_within(queue, NS_PER_S, &closed));
	EXPECT_NUMBER(closed, 1);
	queue_free(queue);
	queue_free(NULL);
}

TEST(queue, take_within_gives_up)
{
	struct queue *queue = queue_new(2);
	uint64_t start = clock_now_ns();
	int closed = 1;

	EXPECT(!queue_take_within(queue, 20 * NS_PER_MS, &closed));
	EXPECT_NUMBER(closed, 0);
	EXPECT(clock_now_ns() - start >= 20 * NS_PER_MS);
	queue_free(queue);
}

static void *produce(void *queue)
{
	static int items[ITEMS];

	for (int i = 0; i < ITEMS; i++)
		if (queue_put(queue, &items[i]) < 0)
			return queue;
	return NULL;
}

TEST(queue, carries_everything_between_threads)
{
	struct queue *queue = queue_new(7);
	pthread_t threads[PRODUCERS];
	int taken = 0;

	for (int i = 0; i < PRODUCERS; i++)
		EXPECT_NUMBER(pthread_create(&threads[i], NULL, produce, queue), 0);
	while (taken < PRODUCERS * ITEMS && queue_take(queue))
		taken++;
	for (int i = 0; i < PRODUCERS; i++)
		pthread_join(threads[i], NULL);
	EXPECT_NUMBER(taken, PRODUCERS * ITEMS);
	EXPECT_NUMBER(queue_count(queue), 0);
	queue_free(queue);
}

TEST(queue, close_wakes_who_waits_for_room)
{
	struct queue *queue = queue_new(1);
	pthread_t thread;
	void *refused = NULL;

	EXPECT_NUMBER(pthread_create(&thread, NULL, produce, queue), 0);
	while (queue_count(queue) == 0)
		usleep(1000);
	queue_close(queue);
	pthread_join(thread, &refused);
	EXPECT(refused == queue);
	queue_free(queue);
}
