/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules of the kernel's packet filter (nf_tables) by its netlink messages, for no tool need be there. They hold for the network
 * namespace of this process, for good: cases that use it say ISOLATION_FORK.
 */
#ifndef ASSAY_KIT_NFTABLES_H
#define ASSAY_KIT_NFTABLES_H

#include <stdbool.h>

#include "base/scope.h"

/* Makes a table that gives what leaves by IPv4 the address of the interface by which it leaves; 0 or -errno. */
int nftables_masquerade(const char *table) NONNULL(1);
/* Makes a table that drops what comes by IPv4 from that interface, before it is routed; 0 or -errno. */
int nftables_drop_from(const char *table, const char *interface) NONNULL(1, 2);
/* Makes a table that drops what comes in by IPv4 for this machine; 0 or -errno. */
int nftables_drop_incoming(const char *table) NONNULL(1);
/* Has all chains that there are let IPv4 be forwarded from and to that interface, before their own rules; 0 or -errno: -EPERM
 * when one is in a table that belongs to a process (NFT_TABLE_F_OWNER, firewalld), and then none has been changed. */
int nftables_admit_forwarded(const char *interface) NONNULL(1);
/* Takes away the tables of all families, whoever made them; 0 or -errno: -EPERM when there are filters still, for tables that
 * belong to a process stay, and so do the rules of the older ip_tables. */
int nftables_delete_all(void);
/* Has the older ip_tables (iptables-legacy) a table of filters? Its rules are not among those of nf_tables. */
bool iptables_has_filter(void);

#endif
