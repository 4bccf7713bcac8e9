/* SPDX-License-Identifier: Apache-2.0 */
/* What the guest sees of a QEMU machine, as a command line: one function per noun. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "host/driver/cable.h"
#include "host/driver/qemu/qemu.h"
#include "host/driver/qemu/write_log.h"
#include "wire/network.h"

#define WORDS_MAX	400
#define BLOCKDEV_MAX	16384
#define CREDENTIAL_SIZE 8192
/* Of a disk that was taken away: longer than QEMU lives after that. */
#define GONE_LATENCY_NS (3600ULL * 1000 * 1000 * 1000)

void command_done(struct command *command)
{
	vec_each (&command->words, word)
		free(*word);
	vec_done(&command->words);
}

void command_add(struct command *command, const char *word)
{
	command->words.maximum = WORDS_MAX;
	char *copy = xstrdup(word);
	if (!vec_add(&command->words, copy))
		abort(); /* our own words only: their number is known */
}

void command_addf(struct command *command, const char *format, ...)
{
	CLEAN_TEXT struct text word = TEXT_INIT(CREDENTIAL_SIZE + BLOCKDEV_MAX);
	va_list args;

	va_start(args, format);
	(void)text_addv(&word, format, args);
	va_end(args);
	command_add(command, word.buf);
}

const char *const *command_argv(struct command *command)
{
	command_add(command, ""); /* room for the end mark */
	char **words = command->words.items;
	free(words[command->words.count - 1]);
	words[--command->words.count] = NULL;
	return (const char *const *)words;
}

int command_fd(struct command *command, int fd)
{
	if (command->fd_count == QEMU_FDS_MAX)
		abort();
	int as = QEMU_FIRST_FD + (int)command->fd_count;
	command->fds[command->fd_count++] = (struct child_fd){.fd = fd, .as = as};
	return as;
}

/* A device, unless the sabotage leaves it out. `word` is its name in cases ("virtio-rng"). */
static void add_device(struct command *command, const struct qemu *qemu, const char *word,
		       const char *device)
{
	if (spec_drops(&qemu->spec, word))
		return;
	command_add(command, "-device");
	command_add(command, device);
}

static const char *setting(const struct qemu *qemu, const char *name, const char *otherwise)
{
	const char *value = spec_machine_setting(&qemu->spec, name);

	return value ? value : otherwise;
}

/* A node is a socket where that goes: kernels warn of nodes that share one. Without nodes a second socket is free. */
static void add_topology(struct command *command, const struct size *size, unsigned nodes)
{
	unsigned cpus = size->cpus, sockets = cpus % nodes == 0 ? nodes : 1;

	if (size_cpus_max(size) > cpus)
		command_addf(command, "%u,maxcpus=%u,sockets=2,cores=%u,threads=1", cpus,
			     size_cpus_max(size), cpus);
	else
		command_addf(command, "%u,sockets=%u,cores=%u,threads=1", cpus, sockets,
			     cpus / sockets);
}

static void add_cpu(struct command *command, const struct qemu *qemu)
{
	const struct size *size = qemu->spec.size;
	bool kvm = qemu->spec.accel == ACCEL_KVM;
	const char *model = size->cpu_model[0] ? size->cpu_model : kvm ? "host" : "max";

	command_add(command, "-accel");
	command_add(command, kvm ? "kvm" : "tcg,thread=multi");
	command_add(command, "-cpu");
	command_add(command, setting(qemu, "cpu", model));
	command_add(command, "-smp");
	if (spec_machine_setting(&qemu->spec, "smp"))
		command_add(command, setting(qemu, "smp", ""));
	else
		add_topology(command, size, ram_nodes(&qemu->spec));
}

/* The CPUs of a node: as even as it goes, in order. */
static void add_node_cpus(struct text *out, unsigned node, unsigned nodes, unsigned cpus)
{
	unsigned first = node * cpus / nodes, last = (node + 1) * cpus / nodes;

	if (last > first)
		(void)text_addf(out, ",cpus=%u-%u", first, last - 1);
}

static void add_memory(struct command *command, const struct qemu *qemu)
{
	const struct size *size = qemu->spec.size;

	command_add(command, "-m");
	if (size->max_mem_mib > size->mem_mib)
		command_addf(command, "%u,slots=%u,maxmem=%uM", size->mem_mib, SIZE_MEMORY_SLOTS,
			     size->max_mem_mib);
	else
		command_addf(command, "%u", size->mem_mib);
	for (unsigned i = 0; i < qemu->node_count; i++) {
		int as = command_fd(command, qemu->ram_fds[i]);
		command_add(command, "-object");
		command_addf(
			command,
			"memory-backend-file,id=ram%u,mem-path=/proc/self/fd/%d,size=%uM,share=%s",
			i, as, size->mem_mib / qemu->node_count,
			ram_is_private(qemu) ? "off" : "on");
	}
	if (qemu->node_count == 1) {
		command_add(command, "-machine");
		command_add(command, "memory-backend=ram0");
		return;
	}
	for (unsigned i = 0; i < qemu->node_count; i++) {
		CLEAN_TEXT struct text node = TEXT_INIT(128);
		(void)text_addf(&node, "node,nodeid=%u,memdev=ram%u", i, i);
		add_node_cpus(&node, i, qemu->node_count, size->cpus);
		command_add(command, "-numa");
		command_add(command, node.buf);
	}
}

static void add_board(struct command *command, const struct qemu *qemu)
{
	command_add(command, "-machine");
	command_addf(command, "%s,graphics=off,usb=off,vmport=off,dump-guest-core=off",
		     spec_machine_type(&qemu->spec));
	command_add(command, "-rtc");
	command_add(command, setting(qemu, "rtc", "base=utc,clock=host"));
	/* A guest that panics is not taken away: its trace, its dump or its own restart are evidence. */
	command_add(command, "-action");
	command_add(command, "panic=none");
	command_add(command, "-boot");
	command_add(command, "strict=on");
	ports_add(command, &qemu->spec);
}

/* Without restrict the guest would reach the host's network. The first NIC's addresses are QEMU's own choice. */
static void add_user_network(struct command *command, const struct qemu *qemu, unsigned nic)
{
	bool forward = nic == 0 && qemu->spec.entry == ENTRY_SSH;
	char network[NETWORK_TEXT_SIZE];
	CLEAN_FREE char *more =
		xasprintf(",net=%s/%d", network_text(network_address(nic, 0), network),
			  NETWORK_PREFIX_LENGTH);

	command_add(command, "-netdev");
	command_addf(command, "user,id=net%u,restrict=on%s%s", nic, nic > 0 ? more : "",
		     forward ? ",hostfwd=tcp:127.0.0.1:0-:22" : "");
}

/* Frames as datagrams: -netdev dgram does the same, from QEMU 7.2 on. */
static void add_wire(struct command *command, const struct qemu *qemu, unsigned nic)
{
	command_add(command, "-netdev");
	command_addf(command, "socket,id=net%u,fd=%d", nic,
		     command_fd(command, netpeer_nic_fd(qemu->netpeer, nic)));
}

/* A fork has not moved, and its guest need not tell the network so. While it does, Linux 6.12 locks up when the NIC is set
 * down: virtnet_close waits for virtnet_config_changed_work, and that for the lock of the one who closes. Not by the
 * migration's announce-rounds=0: with it QEMU 7.2 crashes when the guest is reset. */
static const char *without_announcement(const char *model)
{
	return has_prefix(model, "virtio-net") ? ",guest_announce=off" : "";
}

static void add_network(struct command *command, const struct qemu *qemu)
{
	const char *model = setting(qemu, "nic", "virtio-net-pci");
	char text[NETWORK_MAC_SIZE];

	for (unsigned i = 0; i < qemu->spec.size->nics; i++) {
		uint8_t mac[6];
		if (spec_drops(&qemu->spec, "virtio-net"))
			return;
		if (qemu->netpeer)
			add_wire(command, qemu, i);
		else
			add_user_network(command, qemu, i);
		network_guest_mac(i, mac);
		mac[4] = (uint8_t)(mac[4] + qemu->spec.instance);
		command_add(command, "-device");
		command_addf(command, "%s,netdev=net%u,mac=%s,romfile=%s", model, i,
			     network_mac_text(mac, text), without_announcement(model));
	}
}

/* Wires without a NIC, for those that are plugged in later: the guest sees nothing of them. */
static void add_spare_wires(struct command *command, const struct qemu *qemu)
{
	unsigned nics = qemu->netpeer ? netpeer_nics(qemu->spec.size->nics) : 0;

	for (unsigned i = qemu->spec.size->nics; i < nics; i++)
		add_wire(command, qemu, i);
}

static void add_cables(struct command *command, const struct qemu *qemu)
{
	for (unsigned i = 0; i < qemu->spec.make.cables; i++) {
		CLEAN_TEXT struct text json = TEXT_INIT(BLOCKDEV_MAX);
		cable_backend(&json, i);
		command_add(command, "-netdev");
		command_add(command, json.buf);
		text_clear(&json);
		cable_device(&json, i);
		command_add(command, "-device");
		command_add(command, json.buf);
	}
}

static void add_extras(struct command *command, const struct qemu *qemu)
{
	const char *options = qemu->spec.driver_options ? qemu->spec.driver_options : "";

	add_device(command, qemu, "virtio-rng", "virtio-rng-pci,rng=rng0");
	add_device(command, qemu, "pvpanic", "pvpanic-pci");
	/* The same word twice would be the same identifier: that is a sabotage of its own. */
	if (!spec_drops(&qemu->spec, "vmgenid")) {
		command_add(command, "-device");
		command_addf(command, "vmgenid,guid=%s", setting(qemu, "vmgenid", "auto"));
	}
	if (strstr(options, "watchdog=i6300esb"))
		add_device(command, qemu, "watchdog", "i6300esb");
}

static void add_credentials(struct command *command, const struct qemu *qemu)
{
	for (const char *at = qemu->credentials; at && *at; at += strspn(at, "\n")) {
		int length = (int)strcspn(at, "\n");
		CLEAN_TEXT struct text value = TEXT_INIT(CREDENTIAL_SIZE);
		for (int i = 0; i < length; i++) /* a comma is doubled: it would end the value */
			(void)text_add(&value, at[i] == ',' ? ",," : at + i, at[i] == ',' ? 2 : 1);
		command_add(command, "-smbios");
		command_addf(command, "type=11,value=%s", value.buf);
		at += length;
	}
}

static void add_kernel(struct command *command, const struct qemu *qemu)
{
	const struct case_sabotage *sabotage = qemu->spec.sabotage;
	const char *more = sabotage && sabotage->kind == SABOTAGE_CMDLINE ? sabotage->argument : "";

	if (!spec_kernel(&qemu->spec))
		return;
	command_add(command, "-kernel");
	command_add(command, spec_kernel(&qemu->spec));
	command_add(command, "-initrd");
	command_addf(command, "/proc/self/fd/%d", command_fd(command, qemu->initrd_fd));
	command_add(command, "-append");
	/* A guest with a root of its own is let panic as it would at home. */
	if (qemu->spec.image)
		command_addf(command, "root=UUID=%s ro console=ttyS0%s%s",
			     qemu->spec.image->filesystems[0].uuid, *more ? " " : "", more);
	else
		command_addf(command, "console=ttyS0 panic=-1%s%s", *more ? " " : "", more);
}

void argv_machine(struct command *command, const struct qemu *qemu)
{
	add_board(command, qemu);
	add_cpu(command, qemu);
	add_memory(command, qemu);
	command_add(command, "-object");
	command_add(command, "rng-builtin,id=rng0");
	command_add(command, "-device");
	command_add(command, "virtio-serial-pci,id=serial0");
	command_add(command, "-device");
	command_add(command, "virtserialport,id=" AGENT_PORT_ID
			     ",bus=serial0.0,nr=1,chardev=agent,name=" AGENT_PORT);
	command_add(command, "-device");
	command_add(command, "isa-serial,chardev=console");
	add_network(command, qemu);
	add_spare_wires(command, qemu);
	add_cables(command, qemu);
	add_extras(command, qemu);
	add_credentials(command, qemu);
	add_kernel(command, qemu);
}

/* {"driver":FORMAT,…,"file":{"driver":"file","filename":PATH,…}}, without the closing bracket. */
static void open_node(struct text *json, const char *format, const char *path, bool read_only)
{
	json_open(json, '{');
	json_member(json, "driver", format);
	json_key(json, "read-only");
	json_bool(json, read_only);
	json_key(json, "file");
	json_open(json, '{');
	json_member(json, "driver", "file");
	json_member(json, "filename", path);
	json_key(json, "read-only");
	json_bool(json, read_only);
	json_close(json, '}');
}

static void add_file(struct command *command, const char *name, const char *format, int fd,
		     bool read_only)
{
	CLEAN_TEXT struct text json = TEXT_INIT(BLOCKDEV_MAX);
	CLEAN_FREE char *path = xasprintf("/proc/self/fd/%d", command_fd(command, fd));

	open_node(&json, format, path, read_only);
	json_member(&json, "node-name", name);
	if (!read_only)
		json_member(&json, "discard", "unmap");
	json_close(&json, '}');
	command_add(command, "-blockdev");
	command_add(command, json.buf);
}

/* The disk with `fd` as its top layer, without the closing bracket. */
static void open_disk(struct text *json, struct command *command, const struct qemu_disk *disk,
		      int fd)
{
	CLEAN_FREE char *path = xasprintf("/proc/self/fd/%d", command_fd(command, fd));

	open_node(json, disk->format, path, false);
	json_member(json, "discard", "unmap");
	if (disk->backing) {
		json_key(json, "backing");
		open_node(json, disk->backing_format, disk->backing, true);
		json_close(json, '}');
	}
}

void argv_disk_before(struct command *command, const struct qemu_disk *disk, const char *name)
{
	CLEAN_TEXT struct text json = TEXT_INIT(BLOCKDEV_MAX);

	open_disk(&json, command, disk, disk->before_fd);
	json_member(&json, "node-name", name);
	json_close(&json, '}');
	command_add(command, json.buf);
}

/* The guest's flushes go to the log; they need not reach the platter of this host. */
static void add_log(struct text *json, struct command *command, const struct qemu_disk *disk)
{
	CLEAN_FREE char *path = xasprintf("/proc/self/fd/%d", command_fd(command, disk->log_fd));

	json_key(json, "log");
	json_open(json, '{');
	json_member(json, "driver", "raw");
	json_member_number(json, "size", (long long)WRITE_LOG_MAX);
	json_key(json, "file");
	json_open(json, '{');
	json_member(json, "driver", "file");
	json_member(json, "filename", path);
	json_key(json, "cache");
	json_open(json, '{');
	json_key(json, "no-flush");
	json_bool(json, true);
	json_close(json, '}');
	json_close(json, '}');
	json_close(json, '}');
}

static void add_logged_disk(struct command *command, unsigned number, const struct qemu_disk *disk)
{
	CLEAN_TEXT struct text json = TEXT_INIT(BLOCKDEV_MAX);
	CLEAN_FREE char *name = xasprintf(QEMU_DISK_NAME, number);

	json_open(&json, '{');
	json_member(&json, "driver", "blklogwrites");
	json_member(&json, "node-name", name);
	json_member(&json, "discard", "unmap");
	json_member_number(&json, "log-sector-size", WRITE_LOG_SECTOR);
	json_key(&json, "file");
	open_disk(&json, command, disk, disk->fd);
	json_close(&json, '}');
	add_log(&json, command, disk);
	json_close(&json, '}');
	command_add(command, "-blockdev");
	command_add(command, json.buf);
	command_add(command, "-blockdev");
	command_addf(command,
		     "{\"driver\":\"null-co\",\"node-name\":\"" QEMU_GONE_NAME
		     "\",\"size\":%llu,\"latency-ns\":%llu}",
		     number, (unsigned long long)disk->size, GONE_LATENCY_NS);
}

static void add_disk(struct command *command, unsigned number, const struct qemu_disk *disk)
{
	CLEAN_TEXT struct text json = TEXT_INIT(BLOCKDEV_MAX);
	CLEAN_FREE char *name = xasprintf(QEMU_DISK_NAME, number);

	if (disk->log_fd >= 0) {
		add_logged_disk(command, number, disk);
		return;
	}
	open_disk(&json, command, disk, disk->fd);
	json_member(&json, "node-name", name);
	json_close(&json, '}');
	command_add(command, "-blockdev");
	command_add(command, json.buf);
}

static void add_firmware(struct command *command, const struct qemu *qemu)
{
	bool secure = spec_has_secure_boot(&qemu->spec);
	struct firmware_files files;
	struct err e = {0};

	if (qemu->vars_fd < 0 || firmware_find(secure, &files, &e) < 0)
		return; /* looked for when the variables were made */
	CLEAN_TEXT struct text json = TEXT_INIT(BLOCKDEV_MAX);
	open_node(&json, "raw", files.code, true);
	json_member(&json, "node-name", "code");
	json_close(&json, '}');
	command_add(command, "-blockdev");
	command_add(command, json.buf);
	add_file(command, "vars", "raw", qemu->vars_fd, false);
	command_add(command, "-machine");
	command_add(command, "pflash0=code,pflash1=vars");
	if (!secure)
		return;
	/* The variables can be written by the firmware's own code only, which runs in system management mode. */
	command_add(command, "-machine");
	command_add(command, "smm=on");
	command_add(command, "-global");
	command_add(command, "driver=cfi.pflash01,property=secure,value=on");
}

/* What is called IDE is SATA with PCI Express, and without it what its name says. */
static const char *sata_model(struct command *command, const struct qemu *qemu)
{
	if (!spec_is_i440fx(&qemu->spec))
		return "ide-hd,bus=ide.0";
	command_add(command, "-device");
	command_add(command, "ich9-ahci,id=ahci0");
	return "ide-hd,bus=ahci0.0";
}

/* The QEMU device that is the root disk: virtio-blk, unless the make names another controller. */
static const char *root_model(struct command *command, const struct qemu *qemu)
{
	const char *controller = spec_controller(&qemu->spec);
	bool is_planted = spec_machine_setting(&qemu->spec, "disk") != NULL;

	if (!controller || (is_planted && !qemu->spec.make.controller))
		return setting(qemu, "disk", "virtio-blk-pci");
	if (strcmp(controller, "nvme") == 0)
		return "nvme";
	if (strcmp(controller, "sata") == 0)
		return sata_model(command, qemu);
	command_add(command, "-device");
	command_add(command, "virtio-scsi-pci,id=scsi0");
	return "scsi-hd,bus=scsi0.0";
}

static void add_kernel_medium(struct command *command, const char *path)
{
	CLEAN_TEXT struct text json = TEXT_INIT(BLOCKDEV_MAX);

	open_node(&json, "raw", path, true);
	json_member(&json, "node-name", "kernel-medium");
	json_close(&json, '}');
	command_add(command, "-blockdev");
	command_add(command, json.buf);
	command_add(command, "-device");
	command_add(command, "virtio-blk-pci,drive=kernel-medium,serial=assay-kernel");
}

void argv_disks(struct command *command, const struct qemu *qemu)
{
	const char *model = root_model(command, qemu);

	add_firmware(command, qemu);
	for (unsigned i = 0; i < qemu->disk_count; i++) {
		CLEAN_FREE char *name = xasprintf(QEMU_DISK_NAME, i);
		bool is_root = i == 0 && qemu->spec.image;
		if (!is_root && spec_drops(&qemu->spec, "virtio-blk"))
			continue;
		add_disk(command, i, &qemu->disks[i]);
		command_add(command, "-device");
		command_addf(command, "%s,id=%s,drive=%s,serial=%s%s",
			     is_root ? model : "virtio-blk-pci", name, name,
			     is_root ? "root" : name, is_root ? ",bootindex=1" : "");
	}
	if (qemu->spec.own_kernel && qemu->spec.own_kernel->medium)
		add_kernel_medium(command, qemu->spec.own_kernel->medium);
	if (qemu->media_fd >= 0) {
		add_file(command, "media", "raw", qemu->media_fd, true);
		command_add(command, "-device");
		command_add(command, "virtio-blk-pci,drive=media,serial=assay");
	}
}
