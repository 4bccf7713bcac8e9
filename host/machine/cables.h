/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cables between machines: a process of ours that passes frames on, and NICs that are plugged into running machines.
 *
 *	r = cables_new(machine_spec(machine), 2, &cables, e);
 *	r = cables_plug(cables, 0, machine, &p, &nic, e);      (the first end of cable 0)
 *	r = cables_plug(cables, 1, another, &p, &nic, e);
 *	r = cables_ask(cables, &p, "set loss 10 0", &answer, e);
 *	cables_free(cables);                                   (after the machines)
 */
#ifndef ASSAY_HOST_MACHINE_CABLES_H
#define ASSAY_HOST_MACHINE_CABLES_H

#include "host/machine/machine.h"

#define CABLES_MAX 4 /* a machine has so many slots for what is plugged in */

struct cables;

/* Its record of the frames is kept in the spec's folder, if it is. */
int cables_new(const struct machine_spec *spec, unsigned count, struct cables **ret, struct err *e)
	NONNULL(1, 3, 4);
void cables_free(struct cables *cables); /* takes NULL */

/* Plugs a NIC into the slot that has the cable's number, with that end of the cable in it. Its QMP id is "cableN", that of the
 * backend "wireN". NULL: the machine has the NIC already (machine_make.cables), and gets the cable's end. */
struct cable_nic {
	unsigned char mac[6];
	unsigned mtu; /* that it offers the guest, 0: none */
};
int cables_plug(struct cables *cables, unsigned end, struct machine *machine,
		const struct patience *p, const struct cable_nic *nic, struct err *e)
	NONNULL(1, 3, 4, 6);

/* Plugs in so many NICs whose cables come later, and has the agent take them into its own network, where they are "cableN" and
 * down. The machine is of that make from then on: its copies have them. -ENODEV (blame guest): it does not take one. */
int machine_add_cables(struct machine *machine, unsigned count, const struct patience *p,
		       struct err *e) NONNULL(1, 3, 4);

/* Asks in the words of netpeer/cabling.h, without the number; adds to the answer. Meanwhile `machine` is served. */
int cables_ask(struct cables *cables, struct machine *machine, const struct patience *p,
	       const char *question, struct text *answer, struct err *e) NONNULL(1, 2, 3, 4, 5, 6);

/* Leaves the record of the frames for whoever looks into a failure. */
int cables_keep_evidence(struct cables *cables, struct err *e) NONNULL(1, 2);

#endif
