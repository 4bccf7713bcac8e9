/* SPDX-License-Identifier: Apache-2.0 */
/* Which QEMU this host has, and all that a frozen machine depends on. */
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/child.h"
#include "host/driver/qemu/qemu.h"
#include "wire/netpeer.h"

/* The oldest whose command line and migration are as this driver uses them: -netdev dgram came with it. */
#define VERSION_MAJOR 7
#define VERSION_MINOR 2

#define PROGRAMS_MAX 64
#define VERSION_SIZE 64

struct known_version {
	char *program;
	char version[VERSION_SIZE];
};

static struct {
	pthread_mutex_t mutex; /* innermost; held while a QEMU is asked, once a process */
	struct known_version versions[PROGRAMS_MAX];
	size_t count;
} known = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* "QEMU emulator version 7.2.22 (Debian …)" gives "7.2.22 (Debian …)". */
static int parse(const char *program, const char *said, char version[VERSION_SIZE], struct err *e)
{
	static const char words[] = "QEMU emulator version ";
	const char *at = strstr(said, words);
	int major = 0, minor = 0;

	if (!at || sscanf(at, "QEMU emulator version %d.%d", &major, &minor) != 2)
		return err_set(e, BLAME_HOST, EINVAL,
			       "%.200s is no QEMU: asked for its version, it says '%.*s'", program,
			       (int)strcspn(said, "\r\n"), said);
	if (major < VERSION_MAJOR || (major == VERSION_MAJOR && minor < VERSION_MINOR))
		return err_set(e, BLAME_HOST, EINVAL, "QEMU %d.%d is too old, %d.%d is needed",
			       major, minor, VERSION_MAJOR, VERSION_MINOR);
	at += sizeof words - 1;
	(void)snprintf(version, VERSION_SIZE, "%.*s", (int)strcspn(at, "\n"), at);
	return 0;
}

static int ask(const char *program, const struct patience *p, char version[VERSION_SIZE],
	       struct err *e)
{
	CLEAN_DONE(child_output) struct child_output out = CHILD_OUTPUT_INIT(4096);
	const char *argv[] = {program, "--version", NULL};
	bool is_usual = strcmp(program, QEMU_PROGRAM) == 0; /* another one may be a script */
	struct child_spec spec = {
		.argv = argv, .no_network = true, .no_exec = is_usual, .limit_cpu_s = 30};
	int r = child_run_ok(&spec, p, &out, e);

	if (r == -ENOENT && is_usual)
		return err_set(e, BLAME_HOST, ENOENT,
			       QEMU_PROGRAM
			       " is not installed: install qemu-system-x86 (or qemu-kvm)");
	return r < 0 ? r : parse(program, out.stdout_text.buf, version, e);
}

static int find_or_ask(const char *program, const struct patience *p, char buf[VERSION_SIZE],
		       struct err *e)
{
	struct known_version asked;

	for (size_t i = 0; i < known.count; i++) {
		if (strcmp(known.versions[i].program, program) != 0)
			continue;
		memcpy(buf, known.versions[i].version, VERSION_SIZE);
		return 0;
	}
	int r = ask(program, p, asked.version, e);
	if (r < 0)
		return r;
	memcpy(buf, asked.version, VERSION_SIZE);
	if (known.count < PROGRAMS_MAX) { /* one more is asked again each time */
		asked.program = xstrdup(program);
		known.versions[known.count++] = asked;
	}
	return 0;
}

int qemu_version(const char *program, const struct patience *p, char buf[64], struct err *e)
{
	pthread_mutex_lock(&known.mutex);
	int r = find_or_ask(program ? program : QEMU_PROGRAM, p, buf, e);
	pthread_mutex_unlock(&known.mutex);
	return r;
}

/* With hardware virtualisation the guest sees the host's CPU. */
static void add_cpu(struct text *out)
{
	CLEAN_TEXT struct text info = TEXT_INIT(1U << 20);
	static const char *const keys[] = {"model name", "microcode", "flags"};

	if (text_read_file(&info, "/proc/cpuinfo") < 0 && info.length == 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const char *line = strstr(info.buf, keys[i]);
		if (line)
			(void)text_addf(out, "cpu %.*s\n", (int)strcspn(line, "\n"), line);
	}
}

static void add_words(struct text *out, const struct command *command)
{
	for (size_t i = 0; i < command->words.count; i++)
		(void)text_addf(out, "argument %s\n", command->words.items[i]);
}

static void add_digest(struct text *out, const char *name, const void *bytes, size_t length)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned size = 0;

	(void)text_addf(out, "%s ", name);
	if (EVP_Digest(bytes, length, hash, &size, EVP_sha256(), NULL))
		for (unsigned i = 0; i < size; i++)
			(void)text_addf(out, "%02x", hash[i]);
	(void)text_adds(out, "\n");
}

/* In what it differs from others of its size; the rest of that stands among the arguments. */
static void add_make(struct text *out, const struct machine_spec *spec)
{
	const struct machine_make *make = &spec->make;
	const struct case_sabotage *sabotage = spec->sabotage;

	if (make->disk_bytes)
		(void)text_addf(out, "root disk of %llu bytes\n",
				(unsigned long long)make->disk_bytes);
	if (spec_controller(spec))
		(void)text_addf(out, "root disk on %s\n", spec_controller(spec));
	if (make->cables)
		(void)text_addf(out, "NICs for %u cables\n", make->cables);
	if (make->seed) {
		const char *network = make->seed->network_config;
		add_digest(out, "user-data", make->seed->user_data, make->seed->user_data_length);
		add_digest(out, "meta-data", make->seed->meta_data, strlen(make->seed->meta_data));
		add_digest(out, "network-config", network ? network : "",
			   network ? strlen(network) : 0);
	}
	if (sabotage) {
		const char *argument = sabotage->argument ? sabotage->argument : "";
		(void)text_addf(out, "sabotage %s %s\n", sabotage_kind_name(sabotage->kind),
				sabotage->path ? sabotage->path : "");
		add_digest(out, "planted", argument, strlen(argument));
	}
}

/* Two builds may say the same version. */
static void add_program(struct text *out, const char *program)
{
	struct stat stat_;

	if (!program || stat(program, &stat_) < 0)
		return;
	(void)text_addf(out, "program %s of %lld bytes, %lld.%09ld\n", program,
			(long long)stat_.st_size, (long long)stat_.st_mtim.tv_sec,
			stat_.st_mtim.tv_nsec);
}

int qemu_describe(const struct machine_spec *spec, const struct patience *p, struct text *out,
		  struct err *e)
{
	CLEAN_DONE(command) struct command command = {0};
	struct firmware_files firmware = {0};
	char version[64];
	int r = qemu_version(spec->qemu, p, version, e);

	if (r == 0 && spec->image && spec->firmware == FIRMWARE_UEFI)
		r = firmware_find(spec_has_secure_boot(spec), &firmware, e);
	if (r < 0)
		return r;
	(void)text_addf(out, "qemu %s\n", version);
	add_program(out, spec->qemu);
	(void)text_addf(out, "image %s\n", spec->image ? spec->image->digest : spec_kernel(spec));
	if (spec->own_kernel)
		(void)text_addf(out, "kernel %s\n", spec->own_kernel->key);
	(void)text_addf(out, "image file %s\n", spec->image ? spec->image->path : "");
	(void)text_addf(out, "firmware %s\n", firmware.code);
	if (spec_has_secure_boot(spec))
		(void)text_adds(out, "secure boot\n");
	(void)text_addf(out, "entry %s\n", entry_name(spec->entry));
	if (spec->netpeer)
		(void)text_addf(out, "network " NETPEER_PROGRAM ", leases of %d s\n",
				NETPEER_LEASE_S);
	(void)text_addf(out, "disks %u of %u MiB\n", spec->size->data_disks,
			spec->size->data_disk_mib);
	(void)text_addf(out, "tpm %s\n", spec->size->tpm ? "with its state in one file" : "0");
	add_make(out, spec);
	if (spec->accel == ACCEL_KVM)
		add_cpu(out);
	/* The machine as the guest sees it, with stand-ins for what each start has anew. */
	struct qemu *qemu = qemu_new(spec);
	qemu->node_count = ram_nodes(spec);
	argv_machine(&command, qemu);
	add_words(out, &command);
	qemu_free(&qemu->vm);
	return out->overflowed
		       ? err_set(e, BLAME_BUG, EMSGSIZE, "the machine's description is too long")
		       : 0;
}
