// SPDX-License-Identifier: Apache-2.0
// Every audit case over a small healthy system: it passes there, and fails with its planted defect.
#include "base/test.h"
#include "guest/kit/disk.h"
#include "guest/kit/elf_for_test.h"
#include "guest/kit/module_for_test.h"
#include "guest/kit/pe_for_test.h"
#include "guest/kit/trial.h"

#define RELEASE	  "6.1.0-9-cloud-amd64"
#define MODULES	  "/usr/lib/modules/" RELEASE
#define ROOT_UUID "11111111-2222-4333-8444-555555555555"
#define DISK_SIZE (16U << 20)
#define ROOT_AT	  (8U << 20)

/* What the policy promises of it, for the cases that ask. */
static const char parameters[] =
	"today=2026-01-01\n"
	"absent_files=/usr/include/linux\n"
	"advisories=libz 1.1 CVE-1\tsource-of-openssl 3.0.1\tnot-installed 9\n"
	"agent_minimum=zlib|libz 1.1\n"
	"agent_settings=/etc/initramfs-tools/initramfs.conf MODULES=most\n"
	"agent_units=cloud-init.service waagent.service|agent.service\n"
	"blocked_modules=dccp rare\n"
	"cloud=none\n"
	"denied_packages=telnetd open-vm-*\n"
	"eol=debian-13 2030-06-30\topenssl-3.0 2028-06-30\tpython-3.11 2028-06-30\tlinux-6.1 2028-06-30\n"
	"file_digests=yes\n"
	"forbidden_arguments=splash quiet\n"
	"grub_defaults=GRUB_TIMEOUT=0..5\tGRUB_TERMINAL=serial console\n"
	"kernel_config=CONFIG_MODULE_SIG=y\n"
	"login_defs=UID_MIN=1000\n"
	"lvm=yes\n"
	"pam=login: auth required pam_unix.so nullok\tlogin: @include common-session\n"
	"present_files=/etc/os-release\n"
	"repositories=http://deb.example/debian/ https://vendor.example/*\n"
	"required_arguments=console=ttyS0* nothere|ro\n"
	"required_modules=udf virtio_pci\n"
	"required_packages=base telnet|libz\n"
	"required_tools=growpart eject|sh\n"
	"reserved_names=admin test*\n"
	"single_root=yes\n"
	"sshd=UseDNS=no ClientAliveInterval=30..235\n"
	"time_sources=*.debian.example built-in\n"
	"trusted_keys=3AA58338621D90AA2E944900A9031A87B11060EB\n";

/* ---- the files ---- */

static const struct plain_file {
	const char *path;
	unsigned mode;
	const char *content;
} plain_files[] = {
	{"/etc/passwd", 0644, "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1::/:/usr/sbin/nologin\n"},
	{"/etc/shadow", 0600, "root:*:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\n"},
	{"/etc/group", 0644, "root:x:0:\ndaemon:x:1:\nsudo:x:27:\n"},
	{"/etc/gshadow", 0640, "root:*::\ndaemon:*::\nsudo:*::\n"},
	{"/etc/subuid", 0644, "one:100000:65536\n"},
	{"/etc/login.defs", 0644, "UID_MIN 1000\nENCRYPT_METHOD YESCRYPT\n"},
	{"/etc/pam.d/login", 0644,
	 "# The login stack\nauth  required\tpam_unix.so nullok\n\n@include common-session\n"},
	{"/etc/default/grub", 0644, "GRUB_TIMEOUT=9\nGRUB_TERMINAL=\"serial console\"\n"},
	{"/etc/default/grub.d/10.cfg", 0644, "GRUB_TIMEOUT=5\n"},
	{"/etc/modprobe.d/rare.conf", 0644, "install dccp /bin/false\n"},
	{"/etc/chrony/chrony.conf", 0644, "# time\npool 2.debian.example iburst\nmakestep 1 3\n"},
	{"/usr/lib/systemd/system/agent.service", 0644,
	 "[Unit]\nAfter=network.target cloud-config.target\n[Service]\nExecStart=/usr/bin/env\n"},
	{"/usr/lib/systemd/system/cloud-config.target", 0644, "[Unit]\nAfter=cloud-init.service\n"},
	{"/usr/bin/env", 0755, "#!env\n"},
	{"/usr/sbin/lvm", 0755, "#!lvm\n"},
	{"/usr/share/keyrings/debian.gpg", 0644,
	 "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmAYEXgAAAQE=\n-----END PGP PUBLIC KEY BLOCK-----\n"},
	{"/var/lib/dpkg/info/base.md5sums", 0644,
	 "2ce0107e8eac8040517912f1cb5697ed  usr/bin/env\n00000000000000000000000000000000  usr/share/doc/base/copyright\n"
	 "00000000000000000000000000000000  usr/bin/diverted\n"},
	{"/var/lib/dpkg/diversions", 0644, "/usr/bin/diverted\n/usr/bin/diverted.distrib\nlibz\n"},
	{"/var/lib/dpkg/info/openssl.list", 0644, "/etc/ssl\n"},
	{"/var/lib/dpkg/info/python3-minimal.list", 0644, "/etc/python3\n"},
	{"/etc/apt/sources.list.d/vendor.list", 0644,
	 "deb [signed-by=/usr/share/keyrings/v.gpg] https://vendor.example/apt stable main\n"},
	{"/etc/apt/sources.list.d/off.sources", 0644,
	 "Enabled: no\nTypes: deb\nURIs: http://off.example/\n"},
	{"/etc/nsswitch.conf", 0644,
	 "passwd: files systemd\ngroup: files\nshadow: files\nhosts: files dns\n"},
	{"/etc/sudoers", 0440,
	 "Defaults env_reset\nroot ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n"},
	{"/usr/bin/sudo", 04755, "#!sudo"},
	{"/etc/hosts", 0644, "127.0.0.1 localhost\n::1 localhost\n"},
	{"/etc/hostname", 0644, "localhost\n"},
	{"/etc/machine-id", 0444, ""},
	{"/etc/os-release", 0644,
	 "ID=debian\nNAME=Debian\nPRETTY_NAME=\"Debian 13\"\nVERSION_ID=\"13\"\n"},
	{"/etc/fstab", 0644,
	 "UUID=" ROOT_UUID
	 " / ext4 errors=remount-ro 0 1\nUUID=ABCD-1234 /boot/efi vfat umask=0077 0 1\n"},
	{"/etc/ssh/sshd_config", 0644, "Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n"},
	{"/etc/ssh/sshd_config.d/10.conf", 0644,
	 "PasswordAuthentication no\nKbdInteractiveAuthentication no\nClientAliveInterval 120\n"},
	{"/usr/sbin/sshd", 0755, "#!sshd"},
	{"/usr/lib/systemd/systemd", 0755, NULL},
	{"/usr/lib/systemd/system/ssh.service", 0644, "[Service]\nExecStart=/usr/sbin/sshd -D\n"},
	{"/usr/lib/systemd/system/multi-user.target", 0644, "[Unit]\nDescription=x\n"},
	{"/usr/lib/systemd/system/rescue.target", 0644, "[Unit]\nDescription=x\n"},
	{"/usr/lib/systemd/system/fstrim.timer", 0644, "[Timer]\nOnCalendar=weekly\n"},
	{"/usr/lib/systemd/system/serial-getty@.service", 0644,
	 "[Service]\nExecStart=-/sbin/agetty %I\n"},
	{"/usr/lib/systemd/system/cloud-init.service", 0644,
	 "[Service]\nExecStart=/usr/bin/cloud-init init\n"},
	{"/usr/lib/systemd/system-generators/cloud-init-generator", 0755, "#!/bin/sh\n"},
	{"/etc/systemd/network/99-dhcp.network", 0644, "[Match]\nName=en*\n[Network]\nDHCP=yes\n"},
	{"/etc/systemd/journald.conf", 0644, "[Journal]\nSystemMaxUse=64M\n"},
	{"/usr/bin/cloud-init", 0755, "#!/usr/bin/python3\n"},
	{"/usr/bin/growpart", 0755, "#!/bin/sh\n"},
	{"/etc/cloud/cloud.cfg.d/90_dpkg.cfg", 0644, "datasource_list: [ NoCloud, None ]\n"},
	{"/etc/cloud/cloud.cfg", 0644,
	 "datasource_list:\n  - Azure\n  - None\ncloud_init_modules:\n - growpart\n - resizefs\n"},
	{"/usr/bin/apt-get", 0755, NULL},
	{"/usr/bin/unattended-upgrade", 0755, "#!/usr/bin/python3\n"},
	{"/etc/apt/apt.conf.d/20auto", 0644, "APT::Periodic::Unattended-Upgrade \"1\";\n"},
	{"/etc/apt/sources.list.d/debian.sources", 0644,
	 "Types: deb\nURIs: http://deb.example/debian\nSigned-By: /usr/share/keyrings/debian.gpg\n"},
	{"/var/lib/dpkg/status", 0644,
	 "Package: base\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0-1\nDepends: libz (>= 1)\n\n"
	 "Package: libz\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.2\n\n"
	 "Package: openssl\nStatus: install ok installed\nSource: source-of-openssl (3.0.1)\n"
	 "Architecture: amd64\nVersion: 1:3.0.1-1\n\n"
	 "Package: python3-minimal\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.11.2-1\n"},
	{"/var/lib/dpkg/info/base.list", 0644,
	 "/usr/bin/env\n/usr/sbin/lvm\n/usr/bin/sh\n/usr/bin/sudo\n/usr/sbin/sshd\n/usr/bin/cloud-init\n/usr/bin/growpart\n/usr/bin/apt-get\n"
	 "/usr/bin/unattended-upgrade\n/usr/sbin/init\n"},
	{"/var/lib/dpkg/info/libz:amd64.list", 0644, "/usr/lib/libz.so.1\n"},
	{"/usr/bin/sh", 0755, NULL},
	{"/usr/sbin/init", 0755, NULL},
	{"/usr/lib/libz.so.1", 0644, NULL},
	{"/usr/lib/ld.so", 0755, NULL},
	{"/boot/config-" RELEASE, 0644,
	 "CONFIG_MODULE_SIG=y\nCONFIG_VIRTIO_PCI=y\nCONFIG_VIRTIO_BLK=m\nCONFIG_VIRTIO_NET=m\nCONFIG_SCSI_VIRTIO=m\nCONFIG_VIRTIO_CONSOLE=m\n"
	 "CONFIG_HW_RANDOM_VIRTIO=m\nCONFIG_BLK_DEV_NVME=m\n"},
	{"/boot/System.map-" RELEASE, 0600, "0 T _text\n"},
	{"/boot/grub/grub.cfg", 0600,
	 "set default=\"0\"\nmenuentry 'Debian' $menuentry_id_option 'simple' {\n\tlinux /boot/vmlinuz-" RELEASE
	 " root=UUID=" ROOT_UUID
	 " ro console=ttyS0,115200 rd.lvm.lv=vg/root\n\tinitrd /boot/initrd.img-" RELEASE "\n}\n"},
	{"/etc/initramfs-tools/initramfs.conf", 0644, "MODULES=most\n"},
	{MODULES "/modules.builtin", 0644,
	 "kernel/drivers/virtio/virtio_pci.ko\nkernel/drivers/md/dm-mod.ko\n"},
	{MODULES "/modules.dep", 0644,
	 "kernel/virtio_blk.ko:\nkernel/virtio_net.ko:\nkernel/virtio_scsi.ko:\nkernel/virtio_console.ko:\n"
	 "kernel/virtio-rng.ko:\nkernel/nvme.ko:\nkernel/isofs.ko:\nkernel/vfat.ko:\nkernel/udf.ko:\n"},
	{MODULES "/kernel/virtio_blk.ko", 0644, NULL},
	{MODULES "/kernel/virtio_net.ko", 0644, NULL},
	{MODULES "/kernel/virtio_scsi.ko", 0644, NULL},
	{MODULES "/kernel/virtio_console.ko", 0644, NULL},
	{MODULES "/kernel/virtio-rng.ko", 0644, NULL},
	{MODULES "/kernel/nvme.ko", 0644, NULL},
	{MODULES "/kernel/isofs.ko", 0644, NULL},
	{MODULES "/kernel/vfat.ko", 0644, NULL},
	{MODULES "/kernel/udf.ko", 0644, NULL},
};

static const struct link_file {
	const char *path, *target;
} link_files[] = {
	{"/bin", "usr/bin"},
	{"/sbin", "usr/sbin"},
	{"/lib", "usr/lib"},
	{"/etc/localtime", "/usr/share/zoneinfo/Etc/UTC"},
	{"/etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf"},
	{"/usr/lib/systemd/system/default.target", "multi-user.target"},
	{"/etc/systemd/system/multi-user.target.wants/ssh.service",
	 "/usr/lib/systemd/system/ssh.service"},
	{"/etc/systemd/system/timers.target.wants/fstrim.timer",
	 "/usr/lib/systemd/system/fstrim.timer"},
	{"/etc/systemd/system/multi-user.target.wants/agent.service",
	 "/usr/lib/systemd/system/agent.service"},
	{"/etc/systemd/system/cloud-init.target.wants/cloud-init.service",
	 "/usr/lib/systemd/system/cloud-init.service"},
};

static void make_parents(const char *root, const char *path)
{
	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		CLEAN_FREE char *folder = xasprintf("%s%.*s", root, (int)(slash - path), path);
		(void)mkdir(folder, 0755);
	}
}

static void write_bytes(const char *root, const char *path, unsigned mode, const void *bytes,
			size_t length)
{
	CLEAN_FREE char *full = xasprintf("%s%s", root, path);

	make_parents(root, path);
	CLEAN_FD int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, bytes, length) != (ssize_t)length || fchmod(fd, mode) < 0)
		abort();
}

static void write_kernel(const char *root)
{
	struct pe_for_test image = pe_for_test("");
	static const char version[] = RELEASE " (build) #1";

	memcpy(image.bytes + 0x202, "HdrS", 4);
	pe_test_put(image.bytes + 0x20e, 2, 0x80);
	pe_test_put(image.bytes + 0x236, 2, 1);
	memcpy(image.bytes + 0x280, version, sizeof version);
	pe_for_test_sign(&image);
	write_bytes(root, "/boot/vmlinuz-" RELEASE, 0644, &image, sizeof image);
}

/* Entries of a cpio archive whose names and contents are padded as the format wants. */
static void write_initrd(const char *root)
{
	static const char *const names[] = {"virtio_blk", "virtio_scsi", "nvme", "ext4"};
	CLEAN_TEXT struct text archive = TEXT_INIT(65536);

	for (size_t i = 0; i <= ARRAY_LEN(names); i++) {
		CLEAN_FREE char *name =
			i < ARRAY_LEN(names)
				? xasprintf("usr/lib/modules/" RELEASE "/kernel/%s.ko", names[i])
				: xstrdup("TRAILER!!!");
		(void)text_addf(&archive,
				"070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08zx%08x", 1,
				0100644, 0, 0, 1, 0, 0, 0, 0, 0, 0, strlen(name) + 1, 0);
		(void)text_add(&archive, name, strlen(name) + 1);
		while (archive.length % 4)
			(void)text_add(&archive, "", 1);
	}
	write_bytes(root, "/boot/initrd.img-" RELEASE, 0600, archive.buf, archive.length);
}

static void write_grub_environment(const char *root)
{
	static const char head[] = "# GRUB Environment Block\n";
	char block[1024];

	memset(block, '#', sizeof block);
	memcpy(block, head, sizeof head - 1);
	write_bytes(root, "/boot/grub/grubenv", 0600, block, sizeof block);
}

static void write_loader(const char *root)
{
	struct pe_for_test shim = pe_for_test("sbat,1,SBAT Version\nshim,4,UEFI shim\n");

	pe_for_test_sign(&shim);
	write_bytes(root, "/boot/efi/EFI/BOOT/BOOTX64.EFI", 0700, &shim, sizeof shim);
}

static void make_root(const char *root)
{
	static const char *const folders[] = {
		"/root",	  "/tmp",	 "/var/tmp", "/usr/local/bin",
		"/etc/sudoers.d", "/lost+found", "/srv"};
	struct elf_for_test program = elf_for_test("/usr/lib/ld.so", "", "libz.so.1", "");
	struct elf_for_test library = elf_for_test("", "libz.so.1", "", "");
	struct module_for_test module = module_for_test(RELEASE " SMP mod_unload ");

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		CLEAN_FREE char *full = xasprintf("%s%s", root, folders[i]);
		make_parents(root, folders[i]);
		if (mkdir(full, 0755) < 0 || (strstr(folders[i], "tmp") && chmod(full, 01777) < 0))
			abort();
	}
	for (size_t i = 0; i < ARRAY_LEN(plain_files); i++) {
		const struct plain_file *file = &plain_files[i];
		bool is_library = strstr(file->path, "/lib/l") != NULL;
		if (has_suffix(file->path, ".ko"))
			write_bytes(root, file->path, file->mode, &module, sizeof module);
		else if (file->content)
			write_bytes(root, file->path, file->mode, file->content,
				    strlen(file->content));
		else
			write_bytes(root, file->path, file->mode, is_library ? &library : &program,
				    sizeof program);
	}
	for (size_t i = 0; i < ARRAY_LEN(link_files); i++) {
		CLEAN_FREE char *full = xasprintf("%s%s", root, link_files[i].path);
		make_parents(root, link_files[i].path);
		if (symlink(link_files[i].target, full) < 0)
			abort();
	}
	write_grub_environment(root);
	write_kernel(root);
	write_initrd(root);
	write_loader(root);
}

/* ---- the disk: GPT with a partition for GRUB, an ESP and the root ---- */

static void put(unsigned char *at, uint64_t number, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (unsigned char)(number >> (8 * i));
}

static void put_entry(unsigned char *entry, unsigned char type, unsigned char id, uint64_t start,
		      uint64_t size)
{
	static const unsigned char types[3][16] = {
		{0x48, 0x61, 0x68, 0x21, 0x49, 0x64, 0x6f, 0x6e, 0x74, 0x4e, 0x65, 0x65, 0x64, 0x45,
		 0x46, 0x49},
		{0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e,
		 0xc9, 0x3b},
		{0xe3, 0xbc, 0x68, 0x4f, 0xcd, 0xe8, 0xb1, 0x4d, 0x96, 0xe7, 0xfb, 0xca, 0xf9, 0x84,
		 0xb7, 0x09},
	};

	memcpy(entry, types[type], 16);
	memset(entry + 16, id, 16);
	put(entry + 32, start / 512, 8);
	put(entry + 40, (start + size) / 512 - 1, 8);
}

static void put_header(unsigned char *disk, uint64_t at, uint64_t other, uint64_t entries)
{
	unsigned char *header = disk + at * 512;

	memcpy(header, "EFI PART\0\0\1\0\134\0\0\0", 16);
	put(header + 24, at, 8);
	put(header + 32, other, 8);
	put(header + 40, 34, 8);
	put(header + 48, DISK_SIZE / 512 - 34, 8);
	memset(header + 56, 0x77, 16);
	put(header + 72, entries, 8);
	put(header + 80, 128, 4);
	put(header + 84, 128, 4);
	put(header + 88, disk_crc32(disk + entries * 512, 128 * 128), 4);
	put(header + 16, disk_crc32(header, 92), 4);
}

static unsigned char *make_disk(void)
{
	unsigned char *disk = xnew(DISK_SIZE), *entries = disk + 1024,
		      *super = disk + ROOT_AT + 1024;
	uint64_t last = DISK_SIZE / 512 - 1;

	memcpy(disk + 0x180, "GRUB ", 5);
	put(disk + 0x5c, 2048, 8);
	disk[446 + 4] = 0xee;
	disk[510] = 0x55, disk[511] = 0xaa;
	put_entry(entries, 0, 0x11, 1U << 20, 1U << 20);
	put_entry(entries + 128, 1, 0x22, 2U << 20, 4U << 20);
	put_entry(entries + 256, 2, 0x33, ROOT_AT, 7U << 20);
	memcpy(disk + (last - 32) * 512, entries, 128 * 128);
	put_header(disk, 1, last, 2);
	put_header(disk, last, 1, last - 32);
	/* GRUB's second stage: one sector that lists the others. */
	memset(disk + 2048 * 512, 'R', 16);
	put(disk + 2048 * 512 + 0x1f4, 2049, 8);
	put(disk + 2048 * 512 + 0x1fc, 4, 2);
	memset(disk + 2049 * 512, 'G', 4 * 512);
	/* ext4: inodes, blocks, free blocks, free inodes, magic */
	put(super, 1000, 4);
	put(super + 4, 1000, 4);
	put(super + 12, 500, 4);
	put(super + 16, 900, 4);
	super[56] = 0x53, super[57] = 0xef;
	return disk;
}

/* ---- the tree: a folder, a disk, and two filesystems ---- */

struct system {
	struct tree *folder;
	unsigned char *disk;
};

static int system_stat(void *impl, const char *path, struct tree_stat *ret)
{
	struct system *system = impl;
	int r = tree_lstat(system->folder, path, ret);

	/* The test may run as an ordinary user: the files are root's all the same. */
	ret->uid = ret->gid = ret->filesystem = 0;
	return r;
}

static ssize_t system_read(void *impl, const char *path, uint64_t offset, void *buf, size_t size)
{
	return tree_pread(((struct system *)impl)->folder, path, offset, buf, size);
}

static ssize_t system_readlink(void *impl, const char *path, char *buf, size_t size)
{
	char target[TREE_PATH_MAX];
	int r = tree_readlink(((struct system *)impl)->folder, path, target, sizeof target);

	if (r < 0)
		return r;
	size_t length = strlen(target) < size ? strlen(target) : size;
	memcpy(buf, target, length);
	return (ssize_t)length;
}

struct relay {
	tree_entry_fn *entry;
	void *arg;
};

static int relay_entry(void *arg, const char *name, const struct tree_stat *stat)
{
	const struct relay *relay = arg;
	struct tree_stat owned = *stat;

	owned.uid = owned.gid = owned.filesystem = 0;
	return relay->entry(relay->arg, name, &owned);
}

static int system_list(void *impl, const char *path, tree_entry_fn *entry, void *arg)
{
	struct relay relay = {entry, arg};

	return tree_list(((struct system *)impl)->folder, path, relay_entry, &relay);
}

static ssize_t system_disk_read(void *impl, uint64_t offset, void *buf, size_t size)
{
	if (offset >= DISK_SIZE)
		return 0;
	if (size > DISK_SIZE - offset)
		size = DISK_SIZE - (size_t)offset;
	memcpy(buf, ((struct system *)impl)->disk + offset, size);
	return (ssize_t)size;
}

static uint64_t system_disk_size(void *impl)
{
	(void)impl;
	return DISK_SIZE;
}

static int system_filesystem(void *impl, unsigned n, struct text *facts)
{
	(void)impl;
	if (n == 0)
		return text_addf(
			facts,
			"type=ext4\nuuid=" ROOT_UUID
			"\nmount=/\nclean=1\nerrors=0\npart_start=%u\nstart=%u\nvolume=vg-root\n",
			ROOT_AT, ROOT_AT);
	if (n == 1)
		return text_adds(facts,
				 "type=vfat\nuuid=ABCD-1234\nmount=/boot/efi\nclean=1\nerrors=0\n"
				 "part_start=2097152\n");
	return -ENOENT;
}

static const struct tree_ops system_ops = {
	.stat = system_stat,
	.read = system_read,
	.readlink = system_readlink,
	.list = system_list,
	.disk_read = system_disk_read,
	.disk_size = system_disk_size,
	.filesystem = system_filesystem,
};

/* ---- the tests ---- */

static void run_case(struct tree *tree, const struct case_def *def, bool sabotage,
		     struct result *result)
{
	const struct trial_setup setup = {
		.def = def, .tree = tree, .parameters = parameters, .sabotage = sabotage};
	char id[CASE_ID_SIZE];

	result_init(result, case_id(&def->info, id));
	trial_execute(&setup, result);
}

/* Says on failure which case and why: EXPECT_TEXT prints both sides. */
static void expect_outcome(const struct result *result, enum outcome wanted)
{
	CLEAN_FREE char *got = xasprintf("%s: %s %s", result->id, outcome_name(result->outcome),
					 result->outcome == wanted ? "" : result->message);
	CLEAN_FREE char *want = xasprintf("%s: %s ", result->id, outcome_name(wanted));

	EXPECT_TEXT(got, want);
}

typedef void each_fn(struct tree *tree, const struct case_def *def);

static void each_audit(each_fn *fn)
{
	struct system system = {.folder = tree_of_folder(test_folder()), .disk = make_disk()};
	struct tree *tree = tree_new(&system_ops, &system, true);
	const struct case_def *const *all;
	size_t count;

	make_root(test_folder());
	all = cases_all(&count);
	for (size_t i = 0; i < count; i++)
		if (all[i]->info.kind == CASE_KIND_AUDIT)
			fn(tree, all[i]);
	tree_free(tree);
	tree_free(system.folder);
	free(system.disk);
}

static void expect_pass(struct tree *tree, const struct case_def *def)
{
	CLEAN_DONE(result) struct result result;

	run_case(tree, def, false, &result);
	expect_outcome(&result, OUTCOME_PASS);
}

static void expect_fail(struct tree *tree, const struct case_def *def)
{
	CLEAN_DONE(result) struct result result;

	run_case(tree, def, true, &result);
	expect_outcome(&result, OUTCOME_FAIL);
}

/* Nothing may be planted any more when the case after it runs. */
static void expect_pass_after_fail(struct tree *tree, const struct case_def *def)
{
	expect_fail(tree, def);
	expect_pass(tree, def);
}

TEST(audit, every_case_passes_on_a_healthy_system)
{
	each_audit(expect_pass);
}

TEST(audit, every_case_fails_with_its_defect_and_passes_after_it)
{
	each_audit(expect_pass_after_fail);
}

/* On nothing at all a case may pass or skip, or fail where something must be there; it never breaks. */
static void expect_not_broken(struct tree *tree, const struct case_def *def)
{
	CLEAN_DONE(result) struct result result;

	run_case(tree, def, false, &result);
	if (result.outcome == OUTCOME_BROKEN)
		expect_outcome(&result, OUTCOME_SKIP);
	EXPECT(result.outcome != OUTCOME_INFRA);
}

TEST(audit, an_empty_tree_breaks_no_case)
{
	struct tree *tree = tree_of_folder(test_folder());
	const struct case_def *const *all;
	size_t count;

	all = cases_all(&count);
	for (size_t i = 0; i < count; i++)
		if (all[i]->info.kind == CASE_KIND_AUDIT)
			expect_not_broken(tree, all[i]);
	tree_free(tree);
}

/* Minimal images carry the program alone, and go by its defaults. */
TEST(audit, cloud_init_without_a_configuration_breaks_no_case)
{
	CLEAN_FREE char *folder = xasprintf("%s/usr/bin", test_folder());
	CLEAN_FREE char *program = xasprintf("%s/cloud-init", folder);
	CLEAN_FREE char *parent = xasprintf("%s/usr", test_folder());
	struct tree *tree = tree_of_folder(test_folder());
	const struct case_def *const *all;
	size_t count;

	EXPECT(mkdir(parent, 0755) == 0 && mkdir(folder, 0755) == 0);
	CLEAN_FD int fd = open(program, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	EXPECT(fd >= 0);
	all = cases_all(&count);
	for (size_t i = 0; i < count; i++)
		if (strcmp(all[i]->info.area, "provisioning") == 0 &&
		    all[i]->info.kind == CASE_KIND_AUDIT)
			expect_not_broken(tree, all[i]);
	tree_free(tree);
}

TEST(audit, every_case_says_why_and_what_to_do)
{
	const struct case_def *const *all;
	size_t count;

	all = cases_all(&count);
	for (size_t i = 0; i < count; i++) {
		const struct case_info *info = &all[i]->info;
		if (info->kind != CASE_KIND_AUDIT)
			continue;
		EXPECT(info->title && !has_suffix(info->title, "."));
		EXPECT(info->why && has_suffix(info->why, "."));
		EXPECT(info->remedy && has_suffix(info->remedy, "."));
		EXPECT(case_sabotage_def(all[i]) != NULL);
	}
}
