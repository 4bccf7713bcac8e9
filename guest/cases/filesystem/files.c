/* SPDX-License-Identifier: Apache-2.0 */
/* What programs expect of the files on the root filesystem. */
#include <linux/magic.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

#include "guest/kit/case.h"
#include "guest/kit/helper.h"
#include "guest/kit/seccomp.h"

#define BEYOND_4_GIB ((off_t)5 << 30)
#define NOBODY	     65534

static void remove_file(void *arg)
{
	(void)unlink(arg);
}

/* A new file of root's, gone with the trial; its descriptor. */
static int make_file(struct trial *t, const char **ret_path)
{
	const char *path = case_format(t, "/var/tmp/.assay-%d", getpid());
	int fd;

	REQUIRE_OK(t, fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
	case_defer(t, remove_file, (void *)(uintptr_t)path);
	*ret_path = path;
	return fd;
}

CASE(filesystem, large_offsets_work,
     .title = "A sparse file can be written and read beyond four gibibytes", .priority = P2,
     .isolation = ISOLATION_FORK, .why = "Disk images, databases and backups are larger than that.",
     .remedy = "Look for a limit on file sizes; check the filesystem.", .sources = "own")
{
	const char *path;
	int fd = make_file(t, &path);
	char read_back[6] = "";
	struct stat st;

	CHECK_EQ(t, pwrite(fd, "assay", 5, BEYOND_4_GIB), 5);
	REQUIRE_OK(t, fsync(fd));
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	CHECK_EQ(t, pread(fd, read_back, 5, BEYOND_4_GIB), 5);
	CHECK_EQ(t, (const char *)read_back, "assay");
	CHECK_EQ(t, pread(fd, read_back, 5, BEYOND_4_GIB & UINT32_MAX), 5);
	CHECK_EQ(t, (const char *)read_back, "");
	REQUIRE_OK(t, fstat(fd, &st));
	CHECK_EQ(t, st.st_size, BEYOND_4_GIB + 5);
	CHECK_LT(t, st.st_blocks,
		 2048); /* of 512 bytes: it takes no room for what is not written */
	close(fd);
}

/* The high half of the offset gets lost. */
SABOTAGE(filesystem, large_offsets_work, "writes beyond four gibibytes do nothing")
{
	sabotage_syscall_argument(t, SYS_pwrite64, 3, (unsigned)(BEYOND_4_GIB & UINT32_MAX), 0);
}

/* The POSIX ACL "user::rw-, user:65534:r--, group::---, mask::r--, other::---", as the kernel takes it: version 2, then
 * tag, permission and id of each entry, little endian. */
static const unsigned char acl[] = {
	2, 0,	 0,    0,   1,	 0,   6,  0, 255, 255, 255, 255, 2,   0,   4,
	0, 0xfe, 0xff, 0,   0,	 4,   0,  0, 0,	  255, 255, 255, 255, 16,  0,
	4, 0,	 255,  255, 255, 255, 32, 0, 0,	  0,   255, 255, 255, 255,
};

/* 0 when somebody else may read the file, an errno when not. */
static int read_as_nobody(void *arg)
{
	if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
		return 125;
	CLEAN_FD int fd = open(arg, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? errno : 0;
}

CASE(filesystem, extended_attributes_work,
     .title = "User attributes and POSIX ACLs can be set, read and enforced", .priority = P2,
     .isolation = ISOLATION_FORK,
     .why = "Backups, container images and shared folders lose rights and labels without them.",
     .remedy = "Mount the root filesystem with user_xattr and acl.", .sources = "own")
{
	const char *path;
	int fd = make_file(t, &path);
	char value[8] = "";
	struct statfs fs;

	if (fstatfs(fd, &fs) == 0 && (unsigned long)fs.f_type == TMPFS_MAGIC)
		case_skip(t, "fs:ext4", "the folder for temporary files lies in memory");
	CHECK_OK(t, fsetxattr(fd, "user.assay", "kept", 4, 0));
	CHECK_EQ(t, fgetxattr(fd, "user.assay", value, sizeof value), 4);
	CHECK_EQ(t, (const char *)value, "kept");
	int before = helper_run(t, read_as_nobody, (void *)(uintptr_t)path);
	CHECK_EQ(t, WEXITSTATUS(before), EACCES);
	CHECK_OK(t, fsetxattr(fd, "system.posix_acl_access", acl, sizeof acl, 0));
	int after = helper_run(t, read_as_nobody, (void *)(uintptr_t)path);
	CHECK_EQ(t, WEXITSTATUS(after), 0);
	close(fd);
}

SABOTAGE(filesystem, extended_attributes_work, "the filesystem takes no attributes")
{
	sabotage_syscall(t, SYS_fsetxattr, ENOTSUP);
}
