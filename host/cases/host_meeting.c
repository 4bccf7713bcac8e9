/* SPDX-License-Identifier: Apache-2.0 */
/* Several cases, one reboot. */
#include "host/cases/host_meeting.h"

#include <pthread.h>

#include "host/cases/host_trial.h"

#define STACK_SIZE (1U << 20)
#define NOBODY	   SIZE_MAX /* the turn is the conductor's */

enum attendee_state { ATTENDEE_RUNS, ATTENDEE_WAITS, ATTENDEE_ENDED };

struct host_attendee {
	struct meeting *meeting;
	struct host_meeting_case *it;
	pthread_t thread;
	enum attendee_state state;
	size_t index;
};

struct meeting {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct host_attendee attendees[HOST_MEETING_MAX];
	size_t count, turn;
	size_t reboots; /* whose task the reboot is */
	bool is_back;	/* after it */
	struct machine *machine;
	const char *parameters;
	const struct patience *patience;
};

/* ---- an attendee's side ---- */

/* The turn is handed to the conductor, with the state; and awaited, unless that was the end. */
static void pass_turn(struct host_attendee *attendee, enum attendee_state state)
{
	struct meeting *meeting = attendee->meeting;

	pthread_mutex_lock(&meeting->mutex);
	attendee->state = state;
	meeting->turn = NOBODY;
	pthread_cond_broadcast(&meeting->changed);
	while (state != ATTENDEE_ENDED && meeting->turn != attendee->index)
		pthread_cond_wait(&meeting->changed, &meeting->mutex);
	if (state != ATTENDEE_ENDED)
		attendee->state = ATTENDEE_RUNS;
	pthread_mutex_unlock(&meeting->mutex);
}

static void await_first_turn(struct host_attendee *attendee)
{
	struct meeting *meeting = attendee->meeting;

	pthread_mutex_lock(&meeting->mutex);
	while (meeting->turn != attendee->index)
		pthread_cond_wait(&meeting->changed, &meeting->mutex);
	pthread_mutex_unlock(&meeting->mutex);
}

static void *attend(void *arg)
{
	struct host_attendee *attendee = arg;
	struct meeting *meeting = attendee->meeting;
	struct host_meeting_case *it = attendee->it;
	struct err e = {0};

	await_first_turn(attendee);
	int r = host_case_attend(it->def, meeting->machine, attendee, meeting->parameters,
				 meeting->patience, it->result, &e);
	it->is_decided = r == 0 && (it->result->outcome == OUTCOME_PASS ||
				    it->result->outcome == OUTCOME_SKIP);
	pass_turn(attendee, ATTENDEE_ENDED);
	return NULL;
}

unsigned host_meeting_size(const struct host_attendee *attendee)
{
	return (unsigned)attendee->meeting->count;
}

bool host_meeting_wait(struct host_attendee *attendee)
{
	pass_turn(attendee, ATTENDEE_WAITS);
	return attendee->meeting->reboots == attendee->index;
}

void host_meeting_rebooted(struct host_attendee *attendee, bool is_back)
{
	attendee->meeting->is_back = is_back;
}

bool host_meeting_is_back(const struct host_attendee *attendee)
{
	return attendee->meeting->is_back;
}

/* ---- the conductor's side ---- */

/* Until that one waits for a reboot, or has ended. */
static void give_turn(struct meeting *meeting, size_t index)
{
	pthread_mutex_lock(&meeting->mutex);
	meeting->turn = index;
	pthread_cond_broadcast(&meeting->changed);
	while (meeting->turn != NOBODY)
		pthread_cond_wait(&meeting->changed, &meeting->mutex);
	pthread_mutex_unlock(&meeting->mutex);
}

/* One reboot, by the first of those who wait, and then what they do after it; false: nobody waits. */
static bool hold_round(struct meeting *meeting)
{
	size_t waiting[HOST_MEETING_MAX], count = 0;

	for (size_t i = 0; i < meeting->count; i++)
		if (meeting->attendees[i].state == ATTENDEE_WAITS)
			waiting[count++] = i;
	if (count == 0)
		return false;
	/* What it cannot tell, because it ended on the way, did not come back. */
	meeting->is_back = false;
	meeting->reboots = waiting[0];
	give_turn(meeting, waiting[0]);
	meeting->reboots = NOBODY;
	for (size_t i = 1; i < count; i++)
		give_turn(meeting, waiting[i]);
	return true;
}

static void start(struct meeting *meeting, struct host_meeting_case *cases, size_t count)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	for (size_t i = 0; i < count; i++) {
		struct host_attendee *attendee = &meeting->attendees[meeting->count];
		cases[i].is_decided = false;
		*attendee = (struct host_attendee){
			.meeting = meeting, .it = &cases[i], .index = meeting->count};
		/* One without a thread stays undecided. */
		if (pthread_create(&attendee->thread, &attr, attend, attendee) == 0)
			meeting->count++;
	}
	pthread_attr_destroy(&attr);
}

int host_cases_run_together(struct host_meeting_case *cases, size_t count, struct machine *machine,
			    const char *parameters, const struct patience *p, struct err *e)
{
	if (count > HOST_MEETING_MAX)
		return err_set(e, BLAME_BUG, EINVAL, "at most %d cases share a reboot",
			       HOST_MEETING_MAX);
	struct meeting *meeting = xnew(sizeof *meeting);
	pthread_mutex_init(&meeting->mutex, NULL);
	pthread_cond_init(&meeting->changed, NULL);
	meeting->turn = meeting->reboots = NOBODY;
	meeting->machine = machine;
	meeting->parameters = parameters;
	meeting->patience = p;
	start(meeting, cases, count);
	for (size_t i = 0; i < meeting->count; i++)
		give_turn(meeting, i);
	while (hold_round(meeting))
		;
	for (size_t i = 0; i < meeting->count; i++)
		pthread_join(meeting->attendees[i].thread, NULL);
	pthread_cond_destroy(&meeting->changed);
	pthread_mutex_destroy(&meeting->mutex);
	free(meeting);
	return 0;
}
