/* SPDX-License-Identifier: Apache-2.0 */
/* Templates: freezing a machine into a folder, and waking private copies of it. */
#include <fcntl.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/vec.h"
#include "host/machine/internal.h"
#include "host/machine/template.h"

#define TEMPLATE_FILE	  "template.json"
#define TEMPLATE_VERSION  1
#define TEMPLATE_FILE_MAX (256U << 10)
#define AGENT_SIZE_MAX	  FRAME_PAYLOAD_MAX
#define RESUME_SPAN_NS	  (20 * NS_PER_S)
#define LOAD_SPAN_NS	  (30 * NS_PER_S)
#define ENTROPY_SIZE	  32

struct template
{
	char *description, *agent_digest;
};

static void template_done(struct template *template)
{
	free(template->description);
	free(template->agent_digest);
}
DEFINE_CLEAN_DONE(template);

/* SHA-256 of a file's content in hex; the content is added to `content`. */
static int read_agent(const char *path, struct text *content, char digest[65], struct err *e)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	int r = text_read_file(content, path);

	if (r < 0)
		return err_set(e, BLAME_HOST, -r, "read the agent %s: %m", path);
	if (!EVP_Digest(content->buf, content->length, hash, &length, EVP_sha256(), NULL))
		return err_set(e, BLAME_HOST, EIO, "SHA-256 is not available");
	for (unsigned i = 0; i < length; i++)
		(void)snprintf(digest + 2 * (size_t)i, 3, "%02x", hash[i]);
	return 0;
}

static int agent_digest(const struct machine_spec *spec, char digest[65], struct err *e)
{
	CLEAN_TEXT struct text content = TEXT_INIT(AGENT_SIZE_MAX);

	digest[0] = '\0';
	return spec->agent_path ? read_agent(spec->agent_path, &content, digest, e) : 0;
}

static int describe(const struct machine_spec *spec, const struct patience *p, struct text *out,
		    struct err *e)
{
	const struct driver *driver = spec_driver(spec);

	(void)text_addf(out, "template %d\ndriver %s\n", TEMPLATE_VERSION, driver->name);
	return driver->describe(spec, p, out, e);
}

static int write_whole(const char *path, const struct text *content, struct err *e)
{
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		return err_set(e, BLAME_HOST, errno, "write %s: %m", path);
	for (size_t at = 0; at < content->length;) {
		ssize_t n = write(fd, content->buf + at, content->length - at);
		if (n < 0)
			return err_set(e, BLAME_HOST, errno, "write %s: %m", path);
		at += (size_t)n;
	}
	return fsync(fd) < 0 ? err_set(e, BLAME_HOST, errno, "write %s: %m", path) : 0;
}

static int write_description(struct machine *machine, const char *folder,
			     const struct text *description, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", folder, TEMPLATE_FILE);
	CLEAN_TEXT struct text json = TEXT_INIT(TEMPLATE_FILE_MAX);
	char digest[65], created[CLOCK_ISO_SIZE];
	int r = agent_digest(&machine->spec, digest, e);

	if (r < 0)
		return r;
	json_open(&json, '{');
	json_member_number(&json, "version", TEMPLATE_VERSION);
	json_member(&json, "created", clock_iso(clock_wall_ns(), created));
	json_member(&json, "agent_digest", digest);
	json_member(&json, "agent_version", machine->agent_version);
	json_member(&json, "facts", machine->facts.buf);
	json_member(&json, "description", description->buf);
	json_close(&json, '}');
	text_adds(&json, "\n");
	return write_whole(path, &json, e);
}

/* What the agent answers when it could not do what was asked. */
static int refusal(const struct frame *frame, const char *what, struct err *e)
{
	char why[256] = "";
	struct field field;
	struct err ignored = {0};

	if (frame->type != FRAME_REPLY)
		return err_set(e, BLAME_GUEST, EBADMSG,
			       "%s: the agent answered with a frame of type %u", what, frame->type);
	if (frame_find(frame, FIELD_TEXT, &field, &ignored) > 0)
		field_string(&field, why, sizeof why);
	return err_set(e, BLAME_GUEST, EREMOTEIO, "%s: %s", what, why);
}

/* Sends one frame and waits for the frame of type `wanted`. An agent that finds its host gone and back greets it,
 * and it may have owed an answer when it was frozen: neither says that it is awake. */
static int exchange(struct machine *machine, unsigned wanted, const char *what,
		    const struct patience *p, struct frame *ret, struct err *e)
{
	int r = machine_send(machine, p, what, e);

	*ret = (struct frame){0};
	do {
		if (r == 0)
			r = machine_next_frame(machine, p, ret, what, e);
	} while (r == 0 && wanted == FRAME_RESUMED &&
		 (ret->type == FRAME_HELLO || ret->type == FRAME_REPLY));
	if (r == 0 && ret->type != wanted)
		return refusal(ret, what, e);
	return r;
}

/* The copies need not do what the agent can do once, here. */
static int stand_by(struct machine *machine, const struct patience *p, struct err *e)
{
	struct patience span =
		patience_within(p, RESUME_SPAN_NS * machine_slowness(&machine->spec));
	struct frame frame;

	if (machine_wants_ssh(machine)) /* its copies bring the agent in anew */
		return 0;
	frame_open(agent_out(machine->agent), FRAME_STAND_BY);
	frame_close(agent_out(machine->agent));
	return exchange(machine, FRAME_REPLY, "having the agent stand by", &span, &frame, e);
}

/* A template is whole when its template.json is there: it is written last, and the folder gets its name after it. */
static int freeze_into(struct machine *machine, const char *folder, const struct patience *p,
		       struct err *e)
{
	CLEAN_TEXT struct text description = TEXT_INIT(TEMPLATE_FILE_MAX);
	int r = describe(&machine->spec, p, &description, e);

	if (r == 0)
		r = stand_by(machine, p, e);
	if (r == 0)
		r = machine->vm->driver->freeze(machine->vm, folder, p, e);
	if (r < 0)
		return r;
	machine->frozen = machine->ended = true;
	return write_description(machine, folder, &description, e);
}

int machine_freeze(struct machine *machine, const char *folder, const struct patience *p,
		   struct err *e)
{
	const struct driver *driver = machine->vm->driver;
	CLEAN_FREE char *unfinished = xasprintf("%s.XXXXXX", folder);

	if (!driver->freeze)
		return err_set(e, BLAME_HOST, ENOTSUP, "the %s driver cannot freeze machines",
			       driver->name);
	if (!machine_is_alive(machine))
		return err_set(e, BLAME_BUG, ENOTCONN,
			       "freeze %s: the machine cannot be used any more", folder);
	if (!mkdtemp(unfinished))
		return err_set(e, BLAME_HOST, errno, "make the folder %s: %m", unfinished);
	int r = freeze_into(machine, unfinished, p, e);
	if (r == 0 && rename(unfinished, folder) < 0) {
		/* Another run was faster, with the same content: its template serves as well. */
		if (errno == ENOTEMPTY || errno == EEXIST)
			template_remove(unfinished);
		else
			r = err_set(e, BLAME_HOST, errno, "rename %s to %s: %m", unfinished,
				    folder);
	}
	if (r < 0)
		template_remove(unfinished);
	return r;
}

static int template_read(const char *folder, struct template *ret, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", folder, TEMPLATE_FILE);
	CLEAN_TEXT struct text content = TEXT_INIT(TEMPLATE_FILE_MAX);
	const char *description = NULL, *digest = NULL;
	int version = 0;
	int r = text_read_file(&content, path);

	if (r < 0)
		return err_set(e, BLAME_HOST, -r, "read %s: %m", path);
	json_t *json = json_loadb(content.buf, content.length, 0, NULL);
	if (json_unpack(json, "{s:i, s:s, s:s}", "version", &version, "description", &description,
			"agent_digest", &digest) < 0 ||
	    version != TEMPLATE_VERSION) {
		json_decref(json);
		return err_set(e, BLAME_HOST, EINVAL, "%s is not of this version", path);
	}
	ret->description = xstrdup(description);
	ret->agent_digest = xstrdup(digest);
	json_decref(json);
	return 0;
}

/* The first line in which the two differ, for people. */
static void say_difference(const char *had, const char *has, struct text *why)
{
	while (*had && *has && strcspn(had, "\n") == strcspn(has, "\n") &&
	       memcmp(had, has, strcspn(had, "\n")) == 0) {
		had += strcspn(had, "\n") + 1;
		has += strcspn(has, "\n") + 1;
	}
	(void)text_addf(why, "it was frozen with \"%.*s\", now it is \"%.*s\"",
			(int)strcspn(had, "\n"), had, (int)strcspn(has, "\n"), has);
}

bool template_is_usable(const char *folder, const struct machine_spec *spec, struct text *why)
{
	CLEAN_DONE(template) struct template template = {0};
	CLEAN_TEXT struct text now = TEXT_INIT(TEMPLATE_FILE_MAX);
	struct patience p = patience_for(-1, RESUME_SPAN_NS);
	struct err e = {0};

	if (!spec_driver(spec)->load) {
		(void)text_addf(why, "the %s driver cannot fork machines", spec_driver(spec)->name);
		return false;
	}
	if (template_read(folder, &template, &e) < 0 || describe(spec, &p, &now, &e) < 0) {
		text_adds(why, e.text);
		return false;
	}
	if (strcmp(template.description, now.buf) == 0)
		return true;
	say_difference(template.description, now.buf, why);
	return false;
}

/* The copy thinks that no time has passed, and it has the same entropy as its siblings. */
static int resume(struct machine *machine, const struct patience *p, struct err *e)
{
	struct patience span =
		patience_within(p, RESUME_SPAN_NS * machine_slowness(&machine->spec));
	struct text *out = agent_out(machine->agent);
	unsigned char entropy[ENTROPY_SIZE];
	struct frame frame;

	if (RAND_bytes(entropy, sizeof entropy) != 1)
		return err_set(e, BLAME_HOST, EIO, "no random bytes are to be had");
	agent_skip_greeting(machine->agent);
	frame_open(out, FRAME_RESUME);
	if (!machine->spec.keeps_random) {
		field_number(out, FIELD_NUMBER, clock_wall_ns());
		field_bytes(out, FIELD_BYTES, entropy, sizeof entropy);
	}
	frame_close(out);
	return exchange(machine, FRAME_RESUMED, "waking the agent", &span, &frame, e);
}

static int load_agent(struct machine *machine, const struct text *content, const struct patience *p,
		      struct err *e)
{
	struct patience span = patience_within(p, LOAD_SPAN_NS * machine_slowness(&machine->spec));
	struct text *out = agent_out(machine->agent);
	struct frame frame;

	frame_open(out, FRAME_LOAD);
	field_bytes(out, FIELD_BYTES, content->buf, content->length);
	frame_close(out);
	int r = exchange(machine, FRAME_HELLO, "loading the current agent", &span, &frame, e);
	return r < 0 ? r : machine_greeted(machine, &frame, e);
}

/* The template's SSH session is not the copy's: the agent is brought in again. */
static int reach_anew(struct machine *machine, const struct patience *p, struct err *e)
{
	struct boot_report report = {.console_tail = TEXT_INIT(CONSOLE_TAIL_MAX)};
	int r = boot_watch(machine, p, &report, e);

	boot_report_done(&report);
	return r;
}

int machine_load_agent(struct machine *machine, const struct patience *p, struct err *e)
{
	CLEAN_TEXT struct text content = TEXT_INIT(AGENT_SIZE_MAX);
	char digest[65];
	int r = read_agent(machine->spec.agent_path, &content, digest, e);

	return r < 0 ? r : load_agent(machine, &content, p, e);
}

/* The template's agent may be of another build: it stays resident, and takes the current one. */
static int bring_agent_up(struct machine *machine, const struct patience *p, struct err *e)
{
	char digest[65] = "";
	bool by_ssh = machine_wants_ssh(machine); /* which brings the current one */
	int r = by_ssh ? reach_anew(machine, p, e) : 0;

	if (r == 0)
		r = resume(machine, p, e);
	if (r < 0)
		return r;
	machine->agent_greeted = true;
	if (!by_ssh)
		r = agent_digest(&machine->spec, digest, e);
	machine->has_old_agent = digest[0] && strcmp(digest, machine->frozen_agent) != 0;
	return r < 0 || !machine->has_old_agent ? r : machine_load_agent(machine, p, e);
}

int template_load(const char *folder, const struct machine_spec *spec, const struct patience *p,
		  struct machine **ret, struct err *e)
{
	CLEAN_DONE(template) struct template template = {0};
	struct vm *vm = NULL;

	if (!spec_driver(spec)->load)
		return err_set(e, BLAME_HOST, ENOTSUP, "the %s driver cannot fork machines",
			       spec_driver(spec)->name);
	int r = template_read(folder, &template, e);
	if (r == 0)
		r = spec_driver(spec)->load(folder, spec, p, &vm, e);
	if (r == 0)
		r = machine_new(spec, vm, ret, e);
	if (r < 0)
		return err_wrap(e, "fork of %s", folder);
	(void)snprintf((*ret)->frozen_agent, sizeof(*ret)->frozen_agent, "%s",
		       template.agent_digest);
	(*ret)->template_folder = xstrdup(folder);
	return 0;
}

int template_wake(struct machine *machine, const struct patience *p, struct err *e)
{
	machine->power_on_ns = clock_now_ns();
	int r = machine->vm->driver->go(machine->vm, p, e);
	if (r == 0)
		r = bring_agent_up(machine, p, e);
	return r < 0 ? err_wrap(e, "wake the fork in %s", machine->spec.folder) : 0;
}

int template_fork(const char *folder, const struct machine_spec *spec, const struct patience *p,
		  struct machine **ret, struct err *e)
{
	CLEANUP(machine) struct machine *machine = NULL;
	int r = template_load(folder, spec, p, &machine, e);

	if (r == 0)
		r = template_wake(machine, p, e);
	if (r < 0)
		return r;
	*ret = STEAL_PTR(machine);
	return 0;
}
