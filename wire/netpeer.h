/* SPDX-License-Identifier: Apache-2.0 */
/* How the host starts assay-netpeer, and how much they say to each other; what they say is in netpeer/control.h. */
#ifndef ASSAY_WIRE_NETPEER_H
#define ASSAY_WIRE_NETPEER_H

#define NETPEER_PROGRAM "assay-netpeer"

/* Its one argument is the number of NICs, and these are its descriptors. With this word before the number it is no network's
 * end but cables between machines: NIC 0 is joined to NIC 1, NIC 2 to NIC 3 and so on (netpeer/cabling.h). */
#define NETPEER_CABLES	   "cables"
#define NETPEER_CONTROL_FD 10 /* SOCK_SEQPACKET */
#define NETPEER_CAPTURE_FD 11 /* an empty file */
#define NETPEER_NIC_FD	   12 /* and those after it: SOCK_DGRAM, one frame each */

#define NETPEER_EXIT_USAGE   64
#define NETPEER_EXIT_START   70
#define NETPEER_EXIT_SANDBOX 71

/* What DHCP gives at first: short, so that a renewal is seen within a minute. A frozen guest keeps it. */
#define NETPEER_LEASE_S 120

#define NETPEER_QUESTION_MAX 4096
#define NETPEER_ANSWER_MAX   65536 /* of a scan: ports beyond are left out */
#define NETPEER_CAPTURE_MAX  (32U << 20)

#endif
