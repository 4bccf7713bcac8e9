/* SPDX-License-Identifier: Apache-2.0 */
/* Cables between machines. QMP: netdev_add and device_add of the QEMU QMP reference. */
#include "host/machine/cables.h"

#include <stdio.h>

#include "host/driver/cable.h"
#include "host/driver/qemu/netpeer.h"
#include "host/machine/internal.h"
#include "wire/network.h"

#define JSON_MAX  512
#define REPLY_MAX 16384
#define APPEAR_S  "60"

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

/* "wireN": frames as datagrams, as the wires to assay-netpeer. */
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
	CLEAN_TEXT struct text json = TEXT_INIT(JSON_MAX);
	char text[NETWORK_MAC_SIZE];

	(void)text_addf(&json,
			"{\"driver\":\"virtio-net-pci\",\"id\":\"cable%u\",\"netdev\":\"wire%u\","
			"\"bus\":\"hot%u\",\"romfile\":\"\",\"mac\":\"%s\"",
			cable, cable, cable, network_mac_text(nic->mac, text));
	if (nic->mtu)
		(void)text_addf(&json, ",\"host_mtu\":%u", nic->mtu);
	(void)text_adds(&json, "}");
	return run_qmp(machine, p, "device_add", json.buf, e);
}

/* To the hub at which the NIC is already. */
static int add_plug(struct machine *machine, const struct patience *p, unsigned cable,
		    struct err *e)
{
	CLEAN_TEXT struct text json = TEXT_INIT(JSON_MAX);

	cable_plug(&json, cable);
	return run_qmp(machine, p, "netdev_add", json.buf, e);
}

int cables_plug(struct cables *cables, unsigned end, struct machine *machine,
		const struct patience *p, const struct cable_nic *nic, struct err *e)
{
	unsigned cable = end / 2;

	if (cable >= cables->count)
		return err_set(e, BLAME_BUG, EINVAL, "there is no cable %u", cable);
	int r = add_wire(machine, p, cable, netpeer_nic_fd(cables->process, end), e);
	if (r == 0)
		r = nic ? add_nic(machine, p, cable, nic, e) : add_plug(machine, p, cable, e);
	return r < 0 ? err_wrap(e, "plug in cable %u", cable) : 0;
}

/* ---- NICs without a cable ---- */

static int add_waiting_nic(struct machine *machine, const struct patience *p, unsigned cable,
			   struct err *e)
{
	CLEAN_TEXT struct text json = TEXT_INIT(JSON_MAX);

	cable_backend(&json, cable);
	int r = run_qmp(machine, p, "netdev_add", json.buf, e);
	if (r < 0)
		return r;
	text_clear(&json);
	cable_device(&json, cable);
	return run_qmp(machine, p, "device_add", json.buf, e);
}

static int take_nic(struct machine *machine, const struct patience *p, unsigned cable,
		    struct err *e)
{
	CLEAN_TEXT struct text reply = TEXT_INIT(REPLY_MAX);
	char mac_text[NETWORK_MAC_SIZE], number[16];
	const char *const arguments[] = {"cable_take", number, mac_text, APPEAR_S, NULL};
	uint8_t mac[6];
	int code = 0;

	network_cable_mac(0, cable, mac);
	(void)network_mac_text(mac, mac_text);
	(void)snprintf(number, sizeof number, "%u", cable);
	int r = machine_call(machine, p, "probe", arguments, &reply, &code, e);
	if (r == 0 && code != 0)
		return err_set(e, BLAME_GUEST, ENODEV,
			       "the agent cannot take cable %u: error %d %.200s", cable, code,
			       reply.buf);
	return r;
}

int machine_add_cables(struct machine *machine, unsigned count, const struct patience *p,
		       struct err *e)
{
	CLEAN_TEXT struct text pending = TEXT_INIT(REPLY_MAX);
	int r = 0;

	for (unsigned cable = 0; cable < count && r == 0; cable++)
		r = add_waiting_nic(machine, p, cable, e);
	for (unsigned cable = 0; cable < count && r == 0; cable++)
		r = take_nic(machine, p, cable, e);
	/* What their coming and going has set in motion is not for every copy to do. */
	if (r == 0)
		r = machine_settle(machine, p, &pending, e);
	if (r < 0)
		return err_wrap(e, "NICs for cables");
	machine->spec.make.cables = count;
	return 0;
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
