/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: what every machine has, what a spec and a sabotage change. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/test.h"
#include "host/driver/qemu/qemu.h"

static const struct size small = {.name = "small", .cpus = 2, .mem_mib = 512, .nics = 1};

static char *argv_of(const struct machine_spec *spec)
{
	CLEAN_DONE(command) struct command command = {0};
	CLEAN_TEXT struct text line = TEXT_INIT(65536);
	struct qemu *qemu = qemu_new(spec);

	qemu->node_count = ram_nodes(spec);
	argv_machine(&command, qemu);
	for (size_t i = 0; i < command.words.count; i++)
		(void)text_addf(&line, "%s%s", i ? " " : "", command.words.items[i]);
	qemu_free(&qemu->vm);
	return text_steal(&line);
}

static struct machine_spec spec_with(const struct case_sabotage *sabotage)
{
	return (struct machine_spec){
		.size = &small,
		.firmware = FIRMWARE_BIOS,
		.accel = ACCEL_TCG,
		.entry = ENTRY_INIT,
		.kernel = "/vmlinuz",
		.folder = "/tmp",
		.sabotage = sabotage,
	};
}

TEST(argv, guest_cannot_reach_the_hosts_network)
{
	struct machine_spec spec = spec_with(NULL);
	CLEAN_FREE char *line = argv_of(&spec);

	EXPECT(strstr(line, "-netdev user,id=net0,restrict=on -device virtio-net-pci,netdev=net0"));
	EXPECT(!strstr(line, "hostfwd"));
	EXPECT(strstr(line, "romfile=,guest_announce=off"));
}

/* A hub for each, since the cable comes later; and what goes to the second's is not the first's. */
TEST(argv, nics_for_cables_are_in_the_ports_for_what_is_plugged_in)
{
	struct machine_spec spec = spec_with(NULL);

	CLEAN_FREE char *without = argv_of(&spec);
	EXPECT(!strstr(without, "hubport"));
	spec.make.cables = 2;
	CLEAN_FREE char *line = argv_of(&spec);
	EXPECT(strstr(line, "-netdev {\"type\":\"hubport\",\"id\":\"hub1\",\"hubid\":101}") !=
	       NULL);
	EXPECT(strstr(line, "\"id\":\"cable1\",\"netdev\":\"hub1\",\"bus\":\"hot1\"") != NULL);
	EXPECT(strstr(line, "\"mac\":\"52:54:00:ca:01:00\"}") != NULL);
	EXPECT(!strstr(line, "hub2"));
}

TEST(argv, ssh_gets_one_way_in)
{
	struct machine_spec spec = spec_with(NULL);

	spec.entry = ENTRY_SSH;
	CLEAN_FREE char *line = argv_of(&spec);
	EXPECT(strstr(line, "restrict=on,hostfwd=tcp:127.0.0.1:0-:22 "));
}

TEST(argv, accelerator_decides_the_cpu)
{
	struct machine_spec spec = spec_with(NULL);
	CLEAN_FREE char *tcg = argv_of(&spec);

	EXPECT(strstr(
		tcg,
		"-accel tcg,thread=multi -cpu max -smp 2,maxcpus=4,sockets=2,cores=2,threads=1 "));
	spec.accel = ACCEL_KVM;
	CLEAN_FREE char *kvm = argv_of(&spec);
	EXPECT(strstr(kvm, "-accel kvm -cpu host"));
}

TEST(argv, memory_is_split_among_nodes)
{
	struct size numa = small;
	struct machine_spec spec = spec_with(NULL);

	numa.numa_nodes = 2;
	spec.size = &numa;
	CLEAN_FREE char *line = argv_of(&spec);
	EXPECT(strstr(line, "id=ram1,mem-path="));
	EXPECT(strstr(
		line,
		"-numa node,nodeid=0,memdev=ram0,cpus=0-0 -numa node,nodeid=1,memdev=ram1,cpus=1-1"));
	EXPECT(!strstr(line, "memory-backend=ram0"));
	EXPECT(strstr(line, "-smp 2,sockets=2,cores=1,threads=1 "));
}

TEST(argv, memory_can_be_added_where_the_size_has_room)
{
	struct size elastic = small;
	struct machine_spec spec = spec_with(NULL);
	CLEAN_FREE char *fixed = argv_of(&spec);

	EXPECT(strstr(fixed, "-m 512 ") != NULL);
	elastic.max_mem_mib = 2048;
	spec.size = &elastic;
	CLEAN_FREE char *line = argv_of(&spec);
	EXPECT(strstr(line, "-m 512,slots=4,maxmem=2048M ") != NULL);
}

TEST(argv, machine_that_is_off_gets_another_size)
{
	struct machine_spec spec = spec_with(NULL);
	struct size larger = small, other = small;
	struct qemu *qemu = qemu_new(&spec);
	struct err e = {0};

	larger.cpus = 3;
	larger.mem_mib = 768;
	EXPECT_NUMBER(qemu_resize(&qemu->vm, &larger, &e), 0);
	EXPECT_NUMBER(ram_make(qemu, &e), 0);
	CLEAN_FREE char *line = argv_of(&qemu->spec);
	EXPECT(strstr(line, "-smp 3,") != NULL);
	EXPECT(strstr(line, "-m 768 ") != NULL);
	EXPECT(strstr(line, ",size=768M,") != NULL);
	EXPECT_NUMBER(lseek(qemu->ram_fds[0], 0, SEEK_END), 768LL << 20);
	other.nics = 2;
	EXPECT_NUMBER(qemu_resize(&qemu->vm, &other, &e), -EINVAL);
	EXPECT(qemu->spec.size == &larger);
	qemu_free(&qemu->vm);
}

static const struct {
	const char *device, *word;
} droppable[] = {
	{"virtio-rng", "virtio-rng-pci"},
	{"pvpanic", "pvpanic-pci"},
	{"vmgenid", "vmgenid,"},
	{"virtio-net", "virtio-net-pci"},
};

TEST(argv, dropped_device_is_left_out)
{
	struct machine_spec whole = spec_with(NULL);
	CLEAN_FREE char *before = argv_of(&whole);

	for (size_t i = 0; i < ARRAY_LEN(droppable); i++) {
		struct case_sabotage drop = {.kind = SABOTAGE_DROP,
					     .argument = droppable[i].device};
		struct machine_spec spec = spec_with(&drop);
		CLEAN_FREE char *after = argv_of(&spec);
		EXPECT(strstr(before, droppable[i].word) != NULL);
		EXPECT(strstr(after, droppable[i].word) == NULL);
	}
}

TEST(argv, machine_setting_replaces_the_cpu)
{
	struct case_sabotage cpu = {.kind = SABOTAGE_MACHINE, .argument = "cpu=qemu64"};
	struct machine_spec spec = spec_with(&cpu);
	CLEAN_FREE char *line = argv_of(&spec);

	EXPECT(strstr(line, "-cpu qemu64 ") && !strstr(line, "-cpu max"));
}

TEST(argv, kernel_argument_reaches_the_micro_vm)
{
	struct case_sabotage argument = {.kind = SABOTAGE_CMDLINE, .argument = "maxcpus=1"};
	struct machine_spec spec = spec_with(&argument);
	CLEAN_FREE char *line = argv_of(&spec);

	EXPECT(has_suffix(line, "-append console=ttyS0 panic=-1 maxcpus=1"));
}

TEST(argv, credentials_keep_their_commas)
{
	CLEAN_DONE(command) struct command command = {0};
	struct machine_spec spec = spec_with(NULL);
	struct qemu *qemu = qemu_new(&spec);

	qemu->node_count = 1;
	qemu->credentials = xstrdup("io.systemd.credential:a=1,2\nio.systemd.credential:b=3\n");
	argv_machine(&command, qemu);
	unsigned found = 0;
	for (size_t i = 0; i < command.words.count; i++)
		found += strcmp(command.words.items[i],
				"type=11,value=io.systemd.credential:a=1,,2") == 0 ||
			 strcmp(command.words.items[i],
				"type=11,value=io.systemd.credential:b=3") == 0;
	EXPECT_NUMBER(found, 2);
	qemu_free(&qemu->vm);
}

/* A path may hold whatever a file name may. */
TEST(argv, disk_paths_are_quoted)
{
	CLEAN_DONE(command) struct command command = {0};
	struct machine_spec spec = spec_with(NULL);
	struct qemu *qemu = qemu_new(&spec);

	qemu->disk_count = 1;
	qemu->disks[0] = (struct qemu_disk){.fd = -1,
					    .log_fd = -1,
					    .before_fd = -1,
					    .format = "qcow2",
					    .backing = xstrdup("/a,b\"c"),
					    .backing_format = "raw"};
	argv_disks(&command, qemu);
	EXPECT(command.words.count >= 2);
	EXPECT(strstr(command.words.items[1],
		      "\"backing\":{\"driver\":\"raw\",\"read-only\":true,\"file\":{\"driver\":\"file\","
		      "\"filename\":\"/a,b\\\"c\"") != NULL);
	qemu_free(&qemu->vm);
}

/* The log has a maximum, and where the power goes there is another disk to give. */
static const char *controller_of(const char *of_size, const char *of_make)
{
	struct size size = small;
	struct machine_spec spec = spec_with(NULL);

	(void)snprintf(size.controller, sizeof size.controller, "%s", of_size);
	spec.size = &size;
	spec.make.controller = of_make;
	const char *controller = spec_controller(&spec);
	return !controller ? "" : strcmp(controller, "nvme") == 0 ? "nvme" : "another";
}

TEST(argv, root_disk_is_where_the_size_has_it_unless_the_make_says_otherwise)
{
	EXPECT_TEXT(controller_of("", NULL), "");
	EXPECT_TEXT(controller_of("virtio", NULL), "");
	EXPECT_TEXT(controller_of("nvme", NULL), "nvme");
	EXPECT_TEXT(controller_of("nvme", "sata"), "another");
	EXPECT_TEXT(controller_of("sata", "nvme"), "nvme");
}

TEST(argv, disk_of_a_machine_whose_power_is_cut_is_logged)
{
	CLEAN_DONE(command) struct command command = {0};
	struct machine_spec spec = spec_with(NULL);
	struct qemu *qemu = qemu_new(&spec);

	qemu->disk_count = 1;
	qemu->disks[0] = (struct qemu_disk){
		.fd = 90, .log_fd = 91, .before_fd = 92, .format = "raw", .size = 4096};
	argv_disks(&command, qemu);
	qemu->disks[0].fd = qemu->disks[0].log_fd = qemu->disks[0].before_fd = -1;
	EXPECT_NUMBER(command.words.count, 6);
	EXPECT(has_prefix(command.words.items[1],
			  "{\"driver\":\"blklogwrites\",\"node-name\":\"disk0\","));
	EXPECT(strstr(command.words.items[1], "\"log\":{\"driver\":\"raw\",\"size\":4294967296,") !=
	       NULL);
	EXPECT_TEXT(command.words.items[3],
		    "{\"driver\":\"null-co\",\"node-name\":\"gone0\",\"size\":4096,"
		    "\"latency-ns\":3600000000000}");
	EXPECT_TEXT(command.words.items[5], "virtio-blk-pci,id=disk0,drive=disk0,serial=disk0");
	EXPECT_NUMBER(command.fd_count, 2);
	qemu_free(&qemu->vm);
}

TEST(argv, machine_type_is_the_specs)
{
	struct machine_spec spec = spec_with(NULL);
	static const struct case_sabotage planted = {.kind = SABOTAGE_MACHINE,
						     .argument = "machine=q35,hpet=off"};

	CLEAN_FREE char *usual = argv_of(&spec);
	EXPECT(strstr(usual, "-machine q35,graphics=off"));
	EXPECT(strstr(usual, "pcie-root-port,id=hot0,"));
	spec.machine = "pc-i440fx-7.2";
	CLEAN_FREE char *old = argv_of(&spec);
	EXPECT(strstr(old, "-machine pc-i440fx-7.2,graphics=off"));
	EXPECT(!strstr(old, "pcie-root-port"));
	EXPECT(!qemu_has_secure_boot(&spec));
	spec.sabotage = &planted;
	CLEAN_FREE char *defect = argv_of(&spec);
	EXPECT(strstr(defect, "-machine q35,hpet=off,graphics=off"));
	EXPECT(strstr(defect, "pcie-root-port"));
}

/* Without PCI Express the ports are slots of the only bus. */
TEST(argv, ports_are_where_the_machine_has_them)
{
	static const struct {
		const char *machine, *arguments, *placed;
	} rows[] = {
		{"pc", "{\"driver\":\"nvme\",\"bus\":\"hot0\"}",
		 "{\"driver\":\"nvme\",\"bus\":\"pci.0\",\"addr\":\"1f.0\"}"},
		{"pc", "{\"bus\":\"hot7\"}", "{\"bus\":\"pci.0\",\"addr\":\"18.0\"}"},
		{"pc-i440fx-7.2", "{\"bus\":\"balloon\"}", "{\"bus\":\"pci.0\",\"addr\":\"17.0\"}"},
		{"pc", "{\"bus\":\"hot8\"}", NULL},
		{"pc", "{\"driver\":\"pc-dimm\"}", NULL},
		{"pc", "no JSON", NULL},
		{"pc-q35-7.2", "{\"bus\":\"hot0\"}", NULL},
		{NULL, "{\"bus\":\"hot0\"}", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct machine_spec spec = spec_with(NULL);
		spec.machine = rows[i].machine;
		CLEAN_FREE char *placed = ports_place(&spec, rows[i].arguments);
		EXPECT_TEXT(placed ? placed : "", rows[i].placed ? rows[i].placed : "");
	}
}

/* What a template depends on. */
TEST(argv, description_tells_program_and_machine_type)
{
	CLEAN_FREE char *program = xasprintf("%s/qemu", test_folder());
	CLEAN_TEXT struct text usual = TEXT_INIT(65536), other = TEXT_INIT(65536);
	struct machine_spec spec = spec_with(NULL);
	struct patience p = patience_for(-1, 30 * NS_PER_S);
	static const char script[] = "#!/bin/sh\necho 'QEMU emulator version 9.1.0 (own)'\n";
	struct err e = {0};

	CLEAN_FD int fd = open(program, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	EXPECT_NUMBER(write(fd, script, strlen(script)), strlen(script));
	scope_close(&fd);
	fd = -1;
	spec.qemu = program;
	EXPECT_NUMBER(qemu_describe(&spec, &p, &usual, &e), 0);
	EXPECT(strstr(usual.buf, "qemu 9.1.0 (own)\n"));
	EXPECT(strstr(usual.buf, "/qemu of "));
	spec.machine = "pc";
	EXPECT_NUMBER(qemu_describe(&spec, &p, &other, &e), 0);
	EXPECT(strcmp(usual.buf, other.buf) != 0);
}

TEST(argv, program_that_is_no_qemu_is_refused)
{
	struct patience p = patience_for(-1, 30 * NS_PER_S);
	struct err e = {0};
	char version[64];

	EXPECT_NUMBER(qemu_version("true", &p, version, &e), -EINVAL);
	EXPECT(strstr(e.text, "true is no QEMU: asked for its version, it says '"));
	EXPECT(!strchr(e.text, '\n'));
	err_clear(&e);
	EXPECT(qemu_version("/nonexistent/qemu", &p, version, &e) < 0);
	EXPECT(strstr(e.text, "/nonexistent/qemu"));
}
