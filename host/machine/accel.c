/* SPDX-License-Identifier: Apache-2.0 */
/* Proving accelerators with a tiny guest. */
#include "host/machine/accel.h"

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/json.h"
#include "host/driver/qemu/version.h"
#include "host/machine/accel_guest.h"

#define PROBE_SPAN_NS (6 * NS_PER_S)
#define ANSWER_MAX    8192
#define EXIT_PROVED                                                                                \
	33 /* isa-debug-exit turns the 0x10 that the guest writes into twice that plus one */
/* A refusal may have been the fault of a busy moment, so it is not for ever. */
#define REFUSAL_SPAN_NS (24 * 3600 * NS_PER_S)

/* Two builds may say the same version. */
static void add_program(struct text *key, const char *program)
{
	struct stat stat_;

	(void)text_addf(key, ", %s", program);
	if (stat(program, &stat_) == 0)
		(void)text_addf(key, " of %lld bytes, %lld", (long long)stat_.st_size,
				(long long)stat_.st_mtim.tv_sec);
}

/* What an answer holds for. */
static int probe_key(enum accel accel, const char *program, const struct patience *p,
		     struct text *key, struct err *e)
{
	CLEAN_TEXT struct text cpu = TEXT_INIT(1U << 20);
	struct utsname system;
	char version[64];
	int r = qemu_version(program, p, version, e);

	if (r < 0)
		return r;
	if (uname(&system) < 0)
		return err_set(e, BLAME_HOST, errno, "uname: %m");
	(void)text_read_file(&cpu, "/proc/cpuinfo");
	const char *model = strstr(cpu.buf, "model name");
	(void)text_addf(key, "%s, guest %s, kernel %s, QEMU %s, %.*s", accel_name(accel),
			ACCEL_GUEST_SAYS, system.release, version,
			model ? (int)strcspn(model, "\n") : 0, model ? model : "");
	if (program)
		add_program(key, program);
	return 0;
}

#define ANSWER_PREFIX "accelerator-"

/* FNV-1a of the program's path: each has an answer of its own, and whose it is stands in it. */
static uint64_t program_number(const char *program)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (const char *c = program; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 0x100000001b3;
	return hash;
}

static char *answer_path(enum accel accel, const char *program, const char *cache_folder)
{
	if (!program)
		return xasprintf("%s/" ANSWER_PREFIX "%s.json", cache_folder, accel_name(accel));
	return xasprintf("%s/" ANSWER_PREFIX "%s-%016llx.json", cache_folder, accel_name(accel),
			 (unsigned long long)program_number(program));
}

static bool recall(enum accel accel, const char *path, const char *key, struct accel_answer *ret)
{
	CLEAN_TEXT struct text content = TEXT_INIT(ANSWER_MAX);
	const char *its_key = NULL, *sentence = NULL;
	json_int_t asked_s = 0;
	int proved = 0;

	if (text_read_file(&content, path) < 0)
		return false;
	json_t *json = json_loadb(content.buf, content.length, 0, NULL);
	bool holds = json_unpack(json, "{s:s, s:b, s:s, s:I}", "key", &its_key, "proved", &proved,
				 "sentence", &sentence, "asked", &asked_s) == 0 &&
		     strcmp(its_key, key) == 0;
	uint64_t now_ns = clock_wall_ns();
	/* Behind TCG there is nothing: asking again costs seconds, believing it a day without runs. */
	if (holds && !proved &&
	    (accel == ACCEL_TCG || now_ns - (uint64_t)asked_s * NS_PER_S > REFUSAL_SPAN_NS))
		holds = false;
	if (holds) {
		*ret = (struct accel_answer){
			.proved = proved, .remembered = true, .refusal = ACCEL_REFUSED_FAILED};
		(void)snprintf(ret->sentence, sizeof ret->sentence, "%s", sentence);
	}
	json_decref(json);
	return holds;
}

/* Best effort: without it the next run asks again. */
static void remember(const char *path, const char *key, const struct accel_answer *answer)
{
	CLEAN_FREE char *unfinished = xasprintf("%s.XXXXXX", path);
	CLEAN_TEXT struct text json = TEXT_INIT(ANSWER_MAX);
	CLEAN_FD int fd = mkostemp(unfinished, O_CLOEXEC);

	if (fd < 0)
		return;
	json_open(&json, '{');
	json_member(&json, "key", key);
	json_key(&json, "proved");
	json_bool(&json, answer->proved);
	json_member(&json, "sentence", answer->sentence);
	json_member_number(&json, "asked", (long long)(clock_wall_ns() / NS_PER_S));
	json_close(&json, '}');
	if (write(fd, json.buf, json.length) != (ssize_t)json.length ||
	    rename(unfinished, path) < 0)
		(void)unlink(unfinished);
}

static int make_rom(struct err *e)
{
	unsigned char rom[ACCEL_GUEST_ROM_SIZE];
	int fd = memfd_create("probe", MFD_CLOEXEC);

	accel_guest_rom(rom);
	if (fd >= 0 && write(fd, rom, sizeof rom) == (ssize_t)sizeof rom)
		return fd;
	scope_close(&fd);
	return err_set(e, BLAME_HOST, errno, "make the probe's ROM: %m");
}

/* What QEMU said last, of what may be several lines. */
static const char *last_line(struct text *said)
{
	while (said->length > 0 && strchr(" \r\n", said->buf[said->length - 1]))
		text_cut(said, said->length - 1);
	const char *newline = strrchr(said->buf, '\n');
	return newline ? newline + 1 : said->buf;
}

static void judge(enum accel accel, int r, struct child_output *out, struct accel_answer *ret)
{
	const char *step = accel_guest_step(out->stdout_text.buf);
	const char *name = accel == ACCEL_KVM ? "/dev/kvm" : "TCG";
	char status[64];

	ret->proved = r == 0 && WIFEXITED(out->status) && WEXITSTATUS(out->status) == EXIT_PROVED &&
		      strcmp(out->stdout_text.buf, ACCEL_GUEST_SAYS) == 0;
	if (ret->proved)
		(void)snprintf(ret->sentence, sizeof ret->sentence, "%s runs guests", name);
	else if (step)
		(void)snprintf(
			ret->sentence, sizeof ret->sentence,
			"%s is there but does not run kernels: its last step was %s, then the test guest %s",
			name, step, r == -ETIMEDOUT ? "hung" : "crashed");
	else if (r == -ETIMEDOUT)
		(void)snprintf(ret->sentence, sizeof ret->sentence,
			       "%s is there but the test guest hung before its first instruction",
			       name);
	else
		(void)snprintf(ret->sentence, sizeof ret->sentence,
			       "%s does not run guests: QEMU %s%s%.200s", name,
			       child_status_text(out->status, status, sizeof status),
			       out->stderr_text.length ? ", it said: " : "",
			       last_line(&out->stderr_text));
}

/* Runs the guest with the CPU that machines get. */
static int ask(enum accel accel, const char *program, const struct patience *p,
	       struct accel_answer *ret, struct err *e)
{
	CLEAN_DONE(child_output) struct child_output out = CHILD_OUTPUT_INIT(4096);
	CLEAN_FD int rom = make_rom(e);
	bool kvm = accel == ACCEL_KVM;
	const char *argv[] = {
		program ? program : QEMU_PROGRAM,
		"-nodefaults",
		"-no-user-config",
		"-display",
		"none",
		"-no-reboot",
		"-sandbox",
		"on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
		"-accel",
		accel_name(accel),
		"-cpu",
		kvm ? "host" : "max",
		"-machine",
		"q35,graphics=off",
		"-m",
		"64",
		"-bios",
		"/proc/self/fd/10",
		"-chardev",
		"stdio,id=said,signal=off",
		"-device",
		"isa-debugcon,iobase=0xe9,chardev=said",
		"-device",
		"isa-debug-exit,iobase=0xf4,iosize=1",
		NULL,
	};
	struct child_fd fd = {.fd = rom, .as = 10};
	struct child_spec spec = {.argv = argv, .fds = &fd, .fd_count = 1, .no_network = true};
	struct patience span = patience_within(p, PROBE_SPAN_NS);

	if (rom < 0)
		return -e->code;
	int r = child_run(&spec, &span, &out, e);
	if (r == -ECANCELED || r == -ENOENT || (r == -ETIMEDOUT && patience_left_ns(p) == 0))
		return r;
	judge(accel, r, &out, ret);
	err_clear(e);
	return 0;
}

int accel_probe(enum accel accel, const char *program, const char *cache_folder,
		const struct patience *p, struct accel_answer *ret, struct err *e)
{
	CLEAN_FREE char *path = cache_folder ? answer_path(accel, program, cache_folder) : NULL;
	CLEAN_TEXT struct text key = TEXT_INIT(1024);

	*ret = (struct accel_answer){.refusal = ACCEL_REFUSED_FAILED};
	if (accel == ACCEL_KVM && access("/dev/kvm", R_OK | W_OK) < 0) {
		ret->refusal = errno == ENOENT ? ACCEL_REFUSED_ABSENT : ACCEL_REFUSED_FORBIDDEN;
		(void)snprintf(ret->sentence, sizeof ret->sentence, "/dev/kvm %s",
			       ret->refusal == ACCEL_REFUSED_ABSENT
				       ? "is not there"
				       : "may not be used by this user");
		return 0;
	}
	int r = probe_key(accel, program, p, &key, e);
	if (r < 0 || (path && recall(accel, path, key.buf, ret)))
		return r;
	r = ask(accel, program, p, ret, e);
	if (r == 0 && path)
		remember(path, key.buf, ret);
	return r;
}

void accel_forget(const char *cache_folder)
{
	DIR *dir = opendir(cache_folder);

	if (!dir)
		return;
	for (struct dirent *entry; (entry = readdir(dir));)
		if (has_prefix(entry->d_name, ANSWER_PREFIX))
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	(void)closedir(dir);
}

int accel_choose(enum accel wanted, const char *program, const char *cache_folder,
		 const struct patience *p, enum accel *ret, struct err *e)
{
	struct accel_answer answer;
	enum accel first = wanted == ACCEL_TCG ? ACCEL_TCG : ACCEL_KVM;
	int r = accel_probe(first, program, cache_folder, p, &answer, e);

	/* That QEMU is not there says it all. */
	if (r < 0)
		return r == -ENOENT ? r
				    : err_wrap(e, "probe the accelerator %s", accel_name(first));
	*ret = first;
	if (answer.proved)
		return 0;
	if (wanted != ACCEL_AUTO)
		return err_set(e, BLAME_HOST, ENOTSUP, "the accelerator %s cannot be used: %s",
			       accel_name(wanted), answer.sentence);
	return accel_choose(ACCEL_TCG, program, cache_folder, p, ret, e);
}
