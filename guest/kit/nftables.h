/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules of the kernel's packet filter (nf_tables) by its netlink messages, for no tool need be there. They hold for the network
 * namespace of this process, for good: cases that use it say ISOLATION_FORK.
 */
#ifndef ASSAY_KIT_NFTABLES_H
#define ASSAY_KIT_NFTABLES_H

#include "base/scope.h"

/* Makes a table that gives what leaves by IPv4 the address of the interface by which it leaves; 0 or -errno. */
int nftables_masquerade(const char *table) NONNULL(1);
/* Makes a table that drops what would be forwarded by IPv4; 0 or -errno. */
int nftables_drop_forwarded(const char *table) NONNULL(1);
/* The same with what comes in for this machine. */
int nftables_drop_incoming(const char *table) NONNULL(1);
/* Takes away the tables of all families, whoever made them; 0 or -errno. */
int nftables_delete_all(void);

#endif
