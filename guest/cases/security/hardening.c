/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's guards between users, and against what it knows to be flawed. */
#include <dirent.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mount.h>
#include <sys/prctl.h>

#include "guest/kit/case.h"
#include "guest/kit/helper.h"
#include "guest/kit/knob.h"
#include "guest/kit/seccomp.h"

#define VULNERABILITIES "/sys/devices/system/cpu/vulnerabilities"

CASE(security, cpu_mitigations_are_active, .title = "No known CPU flaw is reported as vulnerable",
     .priority = P1, .needs = "kvm",
     .why = "These flaws let one program or guest read the memory of another.",
     .remedy =
	     "Update kernel and microcode, take mitigations= off the command line, give the CPU model the flags it needs.",
     .sources = "own")
{
	const char *const *names = file_names(t, VULNERABILITIES);

	REQUIRE(t, *names != NULL);
	for (; *names; names++) {
		const char *state = file_line(t, case_format(t, VULNERABILITIES "/%s", *names));
		if (!state || has_prefix(state, "Vulnerable"))
			FAIL(t, "%s: %s", *names, state ? state : "nothing is told");
		else
			check_passed(t);
	}
}

SABOTAGE(security, cpu_mitigations_are_active, "the guard against Spectre is off")
{
	sabotage_file(t, VULNERABILITIES "/spectre_v2",
		      "Vulnerable, IBPB: disabled, STIBP: disabled\n");
}

/* Forbids itself one call by a filter, and makes it: exits with the error number. */
static int forbid_and_call(void *arg UNUSED)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOTEMPTY),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = ARRAY_LEN(filter), .filter = filter};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		return errno;
	return syscall(SYS_getppid) < 0 ? errno : 0;
}

CASE(security, seccomp_filter_blocks, .title = "A seccomp filter makes the chosen call fail",
     .priority = P1, .needs = "kconfig:SECCOMP_FILTER",
     .why = "Browsers, containers and system services are caged by such filters.",
     .remedy = "Check the kernel's configuration.", .sources = "own")
{
	int status = helper_run(t, forbid_and_call, NULL);

	REQUIRE(t, WIFEXITED(status));
	CHECK_EQ(t, WEXITSTATUS(status), ENOTEMPTY);
}

SABOTAGE(security, seccomp_filter_blocks, "filters are taken and ignored")
{
	sabotage_syscall_argument(t, SYS_prctl, 0, PR_SET_SECCOMP, 0);
}

/* ---- sticky directories ---- */

static const struct trap {
	const char *name;
	mode_t type;
	int flags; /* with which the trap is opened; only for creation fifos and files are guarded */
} traps[] = {
	{"fifo", S_IFIFO, O_RDWR | O_CREAT},
	{"file", S_IFREG, O_RDWR | O_CREAT},
	{"symlink", S_IFLNK, O_RDWR},
};

struct trap_place {
	const struct trap *trap;
	char folder[64], path[96], target[96];
};

static int plant_trap(void *arg)
{
	const struct trap_place *place = arg;

	if (setgid(65533) < 0 || setuid(65533) < 0)
		return 1;
	switch (place->trap->type) {
	case S_IFIFO:
		return mkfifo(place->path, 0666) < 0;
	case S_IFREG: {
		int fd = open(place->path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
		return fd < 0;
	}
	default:
		return symlink(place->target, place->path) < 0;
	}
}

static void remove_place(void *arg)
{
	const struct trap_place *place = arg;

	(void)unlink(place->path);
	(void)unlink(place->target);
	(void)rmdir(place->folder);
}

static void make_place(struct trial *t, struct trap_place *place)
{
	(void)snprintf(place->folder, sizeof place->folder, "/tmp/.assay-%s-%d", place->trap->name,
		       getpid());
	(void)snprintf(place->path, sizeof place->path, "%s/trap", place->folder);
	(void)snprintf(place->target, sizeof place->target, "%s/target", place->folder);
	umask(0);
	if (mkdir(place->folder, 01777) < 0)
		case_broken(t, "mkdir %s: %m", place->folder);
	case_defer(t, remove_place, place);
	int fd = open(place->target, O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
	if (fd < 0)
		case_broken(t, "create %s: %m", place->target);
	close(fd);
	if (helper_run(t, plant_trap, place) != 0)
		case_broken(t, "an ordinary user could not plant the trap");
}

CASE_EACH(
	security, sticky_directory_links_are_safe, traps,
	.title = "Links, fifos and files planted in sticky directories are not followed",
	.priority = P1, .isolation = ISOLATION_FORK,
	.why = "Programs of root that write into /tmp could otherwise be led to overwrite any file.",
	.remedy =
		"Set fs.protected_symlinks, fs.protected_fifos and fs.protected_regular to at least 1.",
	.sources = "own")
{
	struct trap_place *place = case_alloc(t, sizeof *place);

	place->trap = c;
	make_place(t, place);
	int fd;
	CHECK_ERRNO(t, fd = open(place->path, c->flags | O_NONBLOCK | O_CLOEXEC, 0600), EACCES);
	if (fd >= 0)
		close(fd);
}

SABOTAGE(security, sticky_directory_links_are_safe, "symbolic links are followed everywhere")
{
	knob_set(t, "/proc/sys/fs/protected_symlinks", "0");
}

/* ---- what an ordinary user may see ---- */

/* Exits with 1 when an address other than zero is seen, 0 when not. */
static int read_kernel_addresses(void *arg UNUSED)
{
	char line[256];
	int r = 0;

	if (setgid(65534) < 0 || setuid(65534) < 0)
		return 125;
	FILE *file = fopen("/proc/kallsyms", "re");
	if (!file)
		return 0; /* hidden altogether */
	for (int i = 0; i < 1000 && fgets(line, sizeof line, file); i++) {
		if (strspn(line, "0") < strcspn(line, " "))
			r = 1;
	}
	(void)fclose(file);
	return r;
}

CASE(security, kernel_addresses_are_hidden,
     .title = "An ordinary user sees no kernel symbol addresses", .priority = P2,
     .isolation = ISOLATION_FORK, .needs = "kconfig:KALLSYMS",
     .why = "The addresses defeat the randomisation that makes kernel flaws hard to use.",
     .remedy = "Set kernel.kptr_restrict to 1 or 2.", .sources = "own")
{
	int status = helper_run(t, read_kernel_addresses, NULL);

	REQUIRE(t, WIFEXITED(status) && WEXITSTATUS(status) != 125);
	CHECK_EQ(t, WEXITSTATUS(status), 0);
}

SABOTAGE(security, kernel_addresses_are_hidden, "addresses are shown to everybody")
{
	knob_set(t, "/proc/sys/kernel/kptr_restrict", "0");
	knob_set(t, "/proc/sys/kernel/perf_event_paranoid", "0");
}
