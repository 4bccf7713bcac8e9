/* SPDX-License-Identifier: Apache-2.0 */
/* Cables between machines. QMP: netdev_add and device_add of the QEMU QMP reference. */
#include "host/machine/cables.h"

#include <stdio.h>

#include "host/driver/qemu/netpeer.h"

struct cables {
	struct netpeer *process;
	unsigned count;
};

int cables_new(const struct machine_spec *spec, unsigned count, struct cables **ret, struct err *e)
{
	struct netpeer *process = NULL;

	if (count < 1 || count > CABLES_MAX)
		return err_set(e, BLAME_BUG, EINVAL, "1 to %d cables can be laid", CABLES_MAX);
	int r = netpeer_start_cables(spec->folder, spec->agent_path, count, &process, e);
	if (r < 0)
		return err_wrap(e, "cables between machines");
	*ret = xnew(sizeof **ret);
	**ret = (struct cables){.process = process, .count = count};
	return 0;
}

void cables_free(struct cables *cables)
{
	if (!cables)
		return;
	netpeer_free(cables->process);
	free(cables);
}

static int run_qmp(struct machine *machine, const struct patience *p, const char *command,
		   const char *arguments, struct err *e)
{
	CLEAN_TEXT struct text ignored = TEXT_INIT(4096);

	return machine_qmp(machine, p, command, arguments, &ignored, e);
}

/* Frames as datagrams, as the wires to assay-netpeer. */
static int add_wire(struct machine *machine, const struct patience *p, unsigned cable, int fd,
		    struct err *e)
{
	CLEAN_FREE char *name = xasprintf("wire%u", cable);
	CLEAN_FREE char *arguments =
		xasprintf("{\"type\":\"socket\",\"id\":\"%s\",\"fd\":\"%s\"}", name, name);
	int r = machine_give_fd(machine, p, name, fd, e);

	return r < 0 ? r : run_qmp(machine, p, "netdev_add", arguments, e);
}

static int add_nic(struct machine *machine, const struct patience *p, unsigned cable,
		   const struct cable_nic *nic, struct err *e)
{
	CLEAN_TEXT struct text json = TEXT_INIT(512);
	const unsigned char *mac = nic->mac;

	(void)text_addf(&json,
			"{\"driver\":\"virtio-net-pci\",\"id\":\"cable%u\",\"netdev\":\"wire%u\","
			"\"bus\":\"hot%u\",\"romfile\":\"\","
			"\"mac\":\"%02x:%02x:%02x:%02x:%02x:%02x\"",
			cable, cable, cable, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	if (nic->mtu)
		(void)text_addf(&json, ",\"host_mtu\":%u", nic->mtu);
	(void)text_adds(&json, "}");
	return run_qmp(machine, p, "device_add", json.buf, e);
}

int cables_plug(struct cables *cables, unsigned end, struct machine *machine,
		const struct patience *p, const struct cable_nic *nic, struct err *e)
{
	unsigned cable = end / 2;

	if (cable >= cables->count)
		return err_set(e, BLAME_BUG, EINVAL, "there is no cable %u", cable);
	int r = add_wire(machine, p, cable, netpeer_nic_fd(cables->process, end), e);
	if (r == 0)
		r = add_nic(machine, p, cable, nic, e);
	return r < 0 ? err_wrap(e, "plug in cable %u", cable) : 0;
}

int cables_ask(struct cables *cables, struct machine *machine, const struct patience *p,
	       const char *question, struct text *answer, struct err *e)
{
	int fd = netpeer_answer_fd(cables->process);
	int r = netpeer_ask(cables->process, question, -1, e);

	while (r == 0) {
		r = machine_wait_fd(machine, p, fd, POLLIN, question, e);
		if (r < 0)
			return r;
		r = netpeer_answer(cables->process, answer, e);
		if (r != -EAGAIN)
			return r;
		r = 0;
	}
	return r;
}

int cables_keep_evidence(struct cables *cables, struct err *e)
{
	return netpeer_keep_capture(cables->process, e);
}
