/* SPDX-License-Identifier: Apache-2.0 */
#include "host/judge/noise.h"

#include <math.h>
#include <string.h>

#define OF_NORMAL   1.4826 /* the standard deviation of a normal distribution, in median distances */
#define NUMBERS_MAX 1000000

static bool is_of(const struct noise *noise, const struct noise_key *key)
{
	return strcmp(noise->id, key->id) == 0 && strcmp(noise->name, key->name) == 0 &&
	       strcmp(noise->unit, key->unit) == 0 && strcmp(noise->size, key->size) == 0 &&
	       strcmp(noise->firmware, key->firmware) == 0 &&
	       strcmp(noise->accel, key->accel) == 0 && strcmp(noise->host, key->host) == 0;
}

/* ---- counting ---- */

static void end_run(struct noise *noise)
{
	if (noise->samples.count > 0)
		(void)vec_add(&noise->medians,
			      log(median_of(noise->samples.items, noise->samples.count)));
	noise->samples.count = 0;
}

/* Of an image that one run has measured there is nothing to compare. */
static void end_image(struct noise *noise)
{
	struct noise_numbers *medians = &noise->medians;

	end_run(noise);
	if (medians->count > 1) {
		double middle = median_of(medians->items, medians->count);
		vec_each (medians, it)
			(void)vec_add(&noise->distances, fabs(*it - middle));
		noise->runs += (unsigned)medians->count;
	}
	medians->count = 0;
}

static void end_value(struct noise *noise)
{
	end_image(noise);
	if (noise->distances.count > 0)
		noise->relative = expm1(OF_NORMAL *
					median_of(noise->distances.items, noise->distances.count));
	vec_done(&noise->samples);
	vec_done(&noise->medians);
	vec_done(&noise->distances);
}

static struct noise *add_value(struct noises *noises, const struct noise_key *key)
{
	if (noises->count > 0)
		end_value(&noises->items[noises->count - 1]);
	if (noises->count == noises->maximum)
		return NULL;
	struct noise noise = {.id = xstrdup(key->id),
			      .name = xstrdup(key->name),
			      .unit = xstrdup(key->unit),
			      .size = xstrdup(key->size),
			      .firmware = xstrdup(key->firmware),
			      .accel = xstrdup(key->accel),
			      .host = xstrdup(key->host),
			      .sha256 = xstrdup(""),
			      .run = xstrdup(""),
			      .samples = VEC_INIT(NUMBERS_MAX),
			      .medians = VEC_INIT(NUMBERS_MAX),
			      .distances = VEC_INIT(NUMBERS_MAX)};
	(void)vec_add(noises, noise);
	return &noises->items[noises->count - 1];
}

static void note(char **place, const char *string)
{
	free(*place);
	*place = xstrdup(string);
}

bool noises_add(struct noises *noises, const struct store_sample *sample)
{
	const struct store_cell *cell = &sample->cell;
	const struct noise_key key = {sample->id,     sample->name, sample->unit, cell->size,
				      cell->firmware, cell->accel,  sample->host};
	struct noise *noise = noises->count > 0 ? &noises->items[noises->count - 1] : NULL;

	if (!noise || !is_of(noise, &key))
		noise = add_value(noises, &key);
	if (!noise)
		return false;
	if (strcmp(noise->sha256, cell->sha256) != 0) {
		end_image(noise);
		note(&noise->sha256, cell->sha256);
		note(&noise->run, sample->run);
	} else if (strcmp(noise->run, sample->run) != 0) {
		end_run(noise);
		note(&noise->run, sample->run);
	}
	if (sample->sample > 0) /* ratios are of nothing else */
		(void)vec_add(&noise->samples, sample->sample);
	return true;
}

void noises_end(struct noises *noises)
{
	if (noises->count > 0)
		end_value(&noises->items[noises->count - 1]);
}

void noises_done(struct noises *noises)
{
	vec_each (noises, it) {
		char *const strings[] = {it->id,    it->name, it->unit,	  it->size, it->firmware,
					 it->accel, it->host, it->sha256, it->run};
		for (size_t i = 0; i < ARRAY_LEN(strings); i++)
			free(strings[i]);
		vec_done(&it->samples);
		vec_done(&it->medians);
		vec_done(&it->distances);
	}
	vec_done(noises);
}

const struct noise *noises_find(const struct noises *noises, const struct noise_key *key)
{
	vec_each (noises, it)
		if (it->runs >= NOISE_RUNS_LEAST && is_of(it, key))
			return it;
	return NULL;
}
