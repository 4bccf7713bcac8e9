/* SPDX-License-Identifier: Apache-2.0 */
/* What two instances of an image say of themselves. */
#include "host/cases/host_instance.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "host/cases/host_trial.h"

/* The first line of what is kept: another version of it is asked for anew. */
#define FACTS_HEAD     "# assay instance 1\n"
#define FACTS_NAME     "another-instance.txt"
#define FACTS_MAX      (256U << 10)
#define FOLDER	       "another"
#define BOOT_SPAN_NS   (3600 * NS_PER_S)
#define SETTLE_SPAN_NS (900 * NS_PER_S)
#define ASK_SPAN_NS    (30 * NS_PER_S)
#define RENEWAL_NS     (110 * NS_PER_S) /* a lease of two minutes is renewed after one */
#define LOCK_LOOK_MS   500

/* ---- asking an instance ---- */

/* The identifier in "2 10.0.2.15 id 01…"; NULL: there is none. */
static const char *client_id(struct host_trial *t, const char *words)
{
	const char *id = strstr(words, " id ");

	return id && id[4] ? host_format(t, "%.*s", (int)strcspn(id + 4, " "), id + 4) : NULL;
}

/* What the machine's network has seen as such an event; "" when it has seen none in that time. */
static const char *await_event(struct host_trial *t, struct machine *machine, const char *event,
			       uint64_t span_ns)
{
	struct patience p = patience_within(&t->patience, span_ns);
	const char *question = host_format(t, "await %s 1", event);
	struct err e = {0};

	if (!machine_spec(machine)->netpeer)
		return "";
	text_clear(&t->scratch);
	int r = machine_ask_netpeer(machine, &p, question, -1, &t->scratch, &e);
	if (r == 0)
		return host_keep(t, t->scratch.buf, t->scratch.length);
	if (r != -ETIMEDOUT && r != -EREMOTEIO)
		host_leave_with(t, &e);
	return "";
}

static const char *ask_identity(struct host_trial *t, struct machine *machine)
{
	const char *const arguments[] = {"identity", NULL};
	struct err e = {0};
	int code = 0;

	text_clear(&t->scratch);
	int r = machine_call(machine, &t->patience, "probe", arguments, &t->scratch, &code, &e);
	if (!host_step_done(t, r, &e) || code != 0)
		host_broken(t, "the instance does not tell what it has of its own: error %d", code);
	return host_keep(t, t->scratch.buf, t->scratch.length);
}

const char *instance_own(struct host_trial *t)
{
	return ask_identity(t, t->machine);
}

const char *instance_own_dhcp(struct host_trial *t)
{
	const char *id = client_id(t, await_event(t, t->machine, "dhcp-renew", RENEWAL_NS));

	return id ? id : "";
}

/* ---- the other one ---- */

static void check_boot(struct host_trial *t, int r, const struct err *e, const char *folder)
{
	if (r == 0)
		return;
	if (e->blame != BLAME_GUEST)
		host_leave_with(t, e);
	host_broken(t, "another instance of the image did not come up, see %s/console.log: %s",
		    folder, e->text);
}

/* It boots as the first has; t->own is where a trial keeps such a machine. */
static void boot_another(struct host_trial *t, const char *folder)
{
	struct patience p = patience_within(&t->patience, BOOT_SPAN_NS),
			settle = patience_within(&t->patience, SETTLE_SPAN_NS);
	struct machine_spec spec = *machine_spec(t->machine);
	struct boot_report report;
	struct err e = {0};

	host_require_word_of_boot(t);
	spec.folder = folder;
	spec.instance = 1;
	int r = machine_boot(&spec, &p, &t->own, &report, &e);
	boot_report_done(&report);
	text_clear(&t->scratch);
	if (r == 0)
		r = machine_settle(t->own, &settle, &t->scratch, &e);
	check_boot(t, r, &e, folder);
	/* What is not made yet would differ for no other reason. */
	if (t->scratch.length > 0)
		host_broken(t, "another instance of the image did not come to rest: %s",
			    t->scratch.buf);
}

static const char *make_folder(struct host_trial *t)
{
	const char *folder = host_format(t, "%s/" FOLDER, machine_spec(t->machine)->folder);

	if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		host_broken(t, "make the folder %s: %m", folder);
	return folder;
}

static const char *ask_another(struct host_trial *t, const char *event, uint64_t span_ns)
{
	const char *identity = ask_identity(t, t->own),
		   *id = client_id(t, await_event(t, t->own, event, span_ns));
	const char *facts = host_format(t, FACTS_HEAD "%s%s%s%s", identity, id ? "dhcp - " : "",
					id ? id : "", id ? "\n" : "");

	machine_free(STEAL_PTR(t->own));
	return facts;
}

static const char *boot_and_ask(struct host_trial *t)
{
	host_note(t, "another instance is booted for its first time, to compare with");
	boot_another(t, make_folder(t));
	return ask_another(t, "dhcp-request", ASK_SPAN_NS);
}

/* ---- what is kept ---- */

static const char *read_kept(struct host_trial *t, const char *path)
{
	CLEAN_TEXT struct text text = TEXT_INIT(FACTS_MAX);

	if (text_read_file(&text, path) < 0 || !has_prefix(text.buf, FACTS_HEAD)) {
		text_done(&text);
		return NULL;
	}
	const char *facts = host_keep(t, text.buf, text.length);
	text_done(&text);
	return facts;
}

/* Not being able to is no harm: it will be asked for again. */
static void keep(struct host_trial *t, const char *path, const char *facts)
{
	const char *unfinished = host_format(t, "%s.new", path);
	int fd = open(unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ssize_t length = (ssize_t)strlen(facts);

	if (fd < 0)
		return;
	bool is_whole = write(fd, facts, (size_t)length) == length;
	close(fd);
	if (!is_whole || rename(unfinished, path) < 0)
		(void)unlink(unfinished);
}

/* One at a time boots it; who comes later reads. The lock goes with the descriptor, and that with the trial: the case may be
 * left while the other instance boots. */
static void lock(struct host_trial *t, const char *path)
{
	t->instance_lock =
		open(host_format(t, "%s.lock", path), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	while (t->instance_lock >= 0 && flock(t->instance_lock, LOCK_EX | LOCK_NB) < 0 &&
	       patience_left_ns(&t->patience) > 0)
		host_sleep(t, LOCK_LOOK_MS);
}

void host_instance_release(struct host_trial *t)
{
	if (t->instance_lock > 0)
		close(t->instance_lock);
	t->instance_lock = 0;
}

static const char *kept_or_asked(struct host_trial *t, const char *path)
{
	const char *facts = read_kept(t, path);

	if (facts)
		return facts;
	lock(t, path);
	facts = read_kept(t, path);
	if (!facts) {
		facts = boot_and_ask(t);
		keep(t, path, facts);
	}
	host_instance_release(t);
	return facts;
}

const char *instance_another(struct host_trial *t)
{
	const char *template = machine_template(t->machine);

	if (t->instance_facts)
		return t->instance_facts;
	t->instance_facts = template ? kept_or_asked(t, host_format(t, "%s/" FACTS_NAME, template))
				     : boot_and_ask(t);
	return t->instance_facts;
}

void instance_clone(struct host_trial *t)
{
	const char *folder = make_folder(t);
	struct boot_report report;
	struct err e = {0};

	int r = machine_twin(t->machine, folder, &t->patience, &t->own, &report, &e);
	boot_report_done(&report);
	check_boot(t, r, &e, folder);
	machine_join(t->machine, t->own);
	bool wants_dhcp = needs_name(t->info->needs, "netpeer:dhcp");
	t->instance_facts = ask_another(t, "dhcp-renew", wants_dhcp ? RENEWAL_NS : 0);
}

/* ---- facts ---- */

bool instance_next(const char **at, const char *kind, struct instance_fact *ret)
{
	size_t length = strlen(kind);

	while (**at) {
		const char *line = *at;
		size_t whole = strcspn(line, "\n");
		*at = line + whole + (line[whole] == '\n');
		if (whole <= length || whole >= sizeof ret->line ||
		    strncmp(line, kind, length) != 0 || line[length] != ' ' ||
		    sscanf(line + length, " %255s", ret->path) != 1)
			continue;
		(void)snprintf(ret->line, sizeof ret->line, "%.*s", (int)whole, line);
		return true;
	}
	return false;
}

bool instance_has(const char *facts, const struct instance_fact *fact)
{
	size_t length = strlen(fact->line);

	for (const char *at = facts; *at; at += strcspn(at, "\n"), at += *at == '\n')
		if (strncmp(at, fact->line, length) == 0 && (at[length] == '\n' || !at[length]))
			return true;
	return false;
}
