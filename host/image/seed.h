/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a provisioning medium says, where a case has words of its own for it: the files of cloud-init's NoCloud. The agent lies
 * beside them. Whoever comes in by cloud-init has to start it:
 *
 *	text_adds(&user_data, "#cloud-config\n");
 *	image_seed_start_agent(&user_data);
 *	struct image_seed seed = {.user_data = user_data.buf, .user_data_length = user_data.length,
 *				  .meta_data = "instance-id: one\n"};
 *	r = image_media_seeded(fd, agent_path, &seed, e);
 */
#ifndef ASSAY_HOST_IMAGE_SEED_H
#define ASSAY_HOST_IMAGE_SEED_H

#include "base/text.h"
#include "host/image/image.h"

struct image_seed {
	const char *user_data; /* any bytes */
	size_t user_data_length;
	const char *meta_data;
	const char *network_config; /* NULL: there is none */
};

/* Adds the key "bootcmd" of a cloud-config, which starts the agent at every boot. */
void image_seed_start_agent(struct text *out) NONNULL(1);

/* As image_media, with these files on it whatever brings the agent in; the label is cidata. */
int image_media_seeded(int fd, const char *agent_path, const struct image_seed *seed, struct err *e)
	NONNULL(2, 3, 4);

#endif
