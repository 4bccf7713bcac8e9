/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent tells of its guest. */
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "guest/call.h"
#include "guest/kit/systemd_version.h"

#define SMALL_FILE 65536

static void add_file_line(struct text *out, const char *key, const char *path)
{
	CLEAN_TEXT struct text content = TEXT_INIT(SMALL_FILE);

	if (text_read_file(&content, path) == 0)
		(void)text_addf(out, "%s=%.*s\n", key, (int)strcspn(content.buf, "\n"),
				content.buf);
}

static void add_os_release(struct text *out)
{
	static const struct release_line {
		const char *key, *fact;
	} lines[] = {{"ID=", "os_id"}, {"VERSION_ID=", "os_version"}, {"PRETTY_NAME=", "os_name"}};
	CLEAN_TEXT struct text release = TEXT_INIT(SMALL_FILE);

	if (text_read_file(&release, "/etc/os-release") < 0)
		(void)text_read_file(&release, "/usr/lib/os-release");
	for (const char *line = release.buf; *line;) {
		size_t length = strcspn(line, "\n");
		for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
			if (!has_prefix(line, lines[i].key))
				continue;
			const char *value = line + strlen(lines[i].key);
			bool is_quoted = *value == '"' || *value == '\'';
			value += is_quoted;
			(void)text_addf(out, "%s=%.*s\n", lines[i].fact,
					(int)strcspn(value, is_quoted ? "\"'\n" : "\n"), value);
		}
		line += length + (line[length] == '\n');
	}
}

/* The linker's build id of this program, from its own notes: the host compares it with the agent it has. */
static void add_build_id(struct text *out)
{
	const ElfW(Phdr) *header = (const ElfW(Phdr) *)getauxval(AT_PHDR);
	unsigned long count = getauxval(AT_PHNUM);
	uintptr_t base = 0;

	for (unsigned long i = 0; header && i < count; i++) {
		if (header[i].p_type == PT_PHDR)
			base = (uintptr_t)header - header[i].p_vaddr;
	}
	for (unsigned long i = 0; header && i < count; i++) {
		if (header[i].p_type != PT_NOTE)
			continue;
		const char *at = (const char *)(base + header[i].p_vaddr),
			   *end = at + header[i].p_memsz;
		while (end - at >= (long)sizeof(ElfW(Nhdr))) {
			const ElfW(Nhdr) *note = (const void *)at;
			const char *name = at + sizeof *note;
			const unsigned char *id =
				(const unsigned char *)name + (note->n_namesz + 3) / 4 * 4;
			if (note->n_type == NT_GNU_BUILD_ID && memcmp(name, "GNU", 4) == 0) {
				(void)text_adds(out, "agent_build=");
				for (unsigned k = 0; k < note->n_descsz; k++)
					(void)text_addf(out, "%02x", id[k]);
				(void)text_adds(out, "\n");
				return;
			}
			at = (const char *)id + (note->n_descsz + 3) / 4 * 4;
		}
	}
}

static void add_systemd(struct text *out)
{
	struct tree *tree = access("/run/systemd/system", F_OK) == 0 ? tree_of_folder("/") : NULL;

	if (tree)
		(void)text_addf(out, "systemd=%lld\n", systemd_version(tree));
	tree_free(tree);
}

void facts_add(struct text *out)
{
	struct utsname uts;
	struct sysinfo info;

	if (uname(&uts) == 0)
		(void)text_addf(out, "kernel=%s\narch=%s\nhostname=%s\n", uts.release, uts.machine,
				uts.nodename);
	add_os_release(out);
	add_file_line(out, "boot_id", "/proc/sys/kernel/random/boot_id");
	if (sysinfo(&info) == 0)
		(void)text_addf(out, "mem_kib=%llu\n",
				(unsigned long long)info.totalram * info.mem_unit / 1024);
	(void)text_addf(out, "cpus=%ld\nuptime_ms=%llu\nagent_pid=%d\n",
			sysconf(_SC_NPROCESSORS_ONLN),
			(unsigned long long)(clock_now_ns() / NS_PER_MS), (int)getpid());
	add_systemd(out);
	add_build_id(out);
}
