/* SPDX-License-Identifier: Apache-2.0 */
/* What the scheduler says of the machines' processes, summed up. */
#include "host/driver/steal.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/vec.h"

#define WATCHED_MAX 4096
#define WANTED_MIN  (100 * NS_PER_MS)

struct watched {
	pid_t pid;
	struct steal seen; /* when last looked at */
};
DEFINE_VEC(watched_list, struct watched);

static struct {
	pthread_mutex_t lock;
	struct watched_list live;
	struct steal gone; /* of those that were left */
} all = {.lock = PTHREAD_MUTEX_INITIALIZER, .live = VEC_INIT(WATCHED_MAX)};

/* "<time on a CPU> <time on a run queue> <timeslices>" in nanoseconds. */
static void add_thread(pid_t pid, const char *tid, struct steal *sum)
{
	CLEAN_TEXT struct text line = TEXT_INIT(128);
	unsigned long long ran, waited;
	char path[64];

	(void)snprintf(path, sizeof path, "/proc/%d/task/%.20s/schedstat", (int)pid, tid);
	if (text_read_file(&line, path) < 0 || sscanf(line.buf, "%llu %llu", &ran, &waited) != 2)
		return;
	sum->ran_ns += ran;
	sum->stolen_ns += waited;
}

/* Threads end and take what they had with them: a sum never falls. */
static void look(struct watched *it)
{
	struct steal sum = {0};
	char path[32];
	struct dirent *entry;

	(void)snprintf(path, sizeof path, "/proc/%d/task", (int)it->pid);
	DIR *tasks = opendir(path);
	if (!tasks)
		return;
	while ((entry = readdir(tasks)))
		if (entry->d_name[0] != '.')
			add_thread(it->pid, entry->d_name, &sum);
	(void)closedir(tasks);
	if (sum.ran_ns > it->seen.ran_ns)
		it->seen.ran_ns = sum.ran_ns;
	if (sum.stolen_ns > it->seen.stolen_ns)
		it->seen.stolen_ns = sum.stolen_ns;
}

void steal_watch(pid_t pid)
{
	pthread_mutex_lock(&all.lock);
	(void)vec_add(&all.live, ((struct watched){.pid = pid}));
	pthread_mutex_unlock(&all.lock);
}

void steal_leave(pid_t pid)
{
	pthread_mutex_lock(&all.lock);
	for (size_t i = 0; i < all.live.count; i++) {
		struct watched *it = &all.live.items[i];
		if (it->pid != pid)
			continue;
		look(it);
		all.gone.ran_ns += it->seen.ran_ns;
		all.gone.stolen_ns += it->seen.stolen_ns;
		*it = all.live.items[--all.live.count];
		break;
	}
	pthread_mutex_unlock(&all.lock);
}

struct steal steal_now(void)
{
	pthread_mutex_lock(&all.lock);
	struct steal sum = all.gone;
	for (size_t i = 0; i < all.live.count; i++) {
		struct watched *it = &all.live.items[i];
		look(it);
		sum.ran_ns += it->seen.ran_ns;
		sum.stolen_ns += it->seen.stolen_ns;
	}
	pthread_mutex_unlock(&all.lock);
	return sum;
}

unsigned steal_percent_since(const struct steal *mark)
{
	struct steal now = steal_now();
	uint64_t stolen = now.stolen_ns - mark->stolen_ns;
	uint64_t wanted = stolen + now.ran_ns - mark->ran_ns;

	return wanted < WANTED_MIN ? 0 : (unsigned)(stolen * 100 / wanted);
}
