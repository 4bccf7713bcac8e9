/* SPDX-License-Identifier: Apache-2.0 */
/* The work that a network card, or the kernel in its place, does for many packets at once. */
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "guest/kit/case.h"
#include "guest/kit/helper.h"
#include "guest/kit/nic.h"

#define NICS_MAX     64
#define FEATURES_MAX 256
#define BLOCKS_MAX   (FEATURES_MAX / 32)

/* An ethtool command on an interface: 0 or -errno. */
static int ethtool(const char *name, void *command)
{
	struct ifreq request = {0};
	CLEAN_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	request.ifr_data = command;
	return fd < 0 || ioctl(fd, SIOCETHTOOL, &request) < 0 ? -errno : 0;
}

/* As in <linux/ethtool.h>, whose structs end in arrays without a length. */
struct feature_names {
	uint32_t cmd, string_set, len;
	char names[FEATURES_MAX][ETH_GSTRING_LEN];
};

struct feature_bits {
	uint32_t cmd, size;
	struct ethtool_get_features_block blocks[BLOCKS_MAX];
};

struct features {
	unsigned count;
	struct feature_names names;
	struct feature_bits bits;
};

static unsigned count_features(const char *name)
{
	struct {
		uint32_t cmd, reserved;
		uint64_t sset_mask;
		uint32_t count;
	} info = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ULL << ETH_SS_FEATURES};

	return ethtool(name, &info) == 0 && info.sset_mask ? info.count : 0;
}

static bool read_features(const char *name, struct features *ret)
{
	ret->count = count_features(name);
	if (ret->count == 0 || ret->count > FEATURES_MAX)
		return false;
	ret->names.cmd = ETHTOOL_GSTRINGS;
	ret->names.string_set = ETH_SS_FEATURES;
	ret->names.len = ret->count;
	ret->bits.cmd = ETHTOOL_GFEATURES;
	ret->bits.size = (ret->count + 31) / 32;
	return ethtool(name, &ret->names) == 0 && ethtool(name, &ret->bits) == 0;
}

static const char *const offloads[] = {
	"rx-checksum",
	"rx-gro",
	"tx-checksum-ip-generic",
	"tx-checksum-ipv4",
	"tx-generic-segmentation",
	"tx-scatter-gather",
	"tx-tcp-ecn-segmentation",
	"tx-tcp-segmentation",
	"tx-tcp6-segmentation",
};

static bool is_offload(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(offloads); i++) {
		if (strcmp(offloads[i], name) == 0)
			return true;
	}
	return false;
}

static bool is_available(const struct features *features, const char *name)
{
	for (unsigned i = 0; i < features->count; i++) {
		if (strncmp(features->names.names[i], name, ETH_GSTRING_LEN) == 0)
			return features->bits.blocks[i / 32].available >> i % 32 & 1;
	}
	return false;
}

/* What the card cannot do is not asked of it: its host decides. Without scatter-gather there is no segmentation. */
static void check_offloads(struct trial *t, const char *nic, const struct features *features)
{
	bool gathers = is_available(features, "tx-scatter-gather");

	for (unsigned i = 0; i < features->count; i++) {
		const struct ethtool_get_features_block *block = &features->bits.blocks[i / 32];
		uint32_t bit = 1U << i % 32;
		const char *name =
			case_format(t, "%.*s", ETH_GSTRING_LEN, features->names.names[i]);
		if (!is_offload(name) || !(block->available & bit) ||
		    (!gathers && strstr(name, "-segmentation")))
			continue;
		if (block->active & bit)
			check_passed(t);
		else
			FAIL(t, "%s could do %s, and it is off", nic, name);
	}
}

CASE(network, offloads_are_on,
     .title = "Checksum, segmentation and scatter-gather offloads are enabled", .priority = P1,
     .needs = "nics>=1", .why = "Without them each packet costs the CPU several times as much.",
     .remedy =
	     "Look for ethtool -K in the network's configuration and for the driver's bugs that led to it.",
     .sources = "own")
{
	struct nic nics[NICS_MAX];
	unsigned count = nics_list(t, nics, NICS_MAX);
	struct features *features = case_alloc(t, sizeof *features);

	REQUIRE(t, count > 0);
	for (unsigned i = 0; i < count; i++) {
		if (read_features(nics[i].name, features))
			check_offloads(t, nics[i].name, features);
		else
			FAIL(t, "the features of %s cannot be read", nics[i].name);
	}
}

static int set_gro(const char *name, bool on)
{
	struct ethtool_value value = {.cmd = ETHTOOL_SGRO, .data = on};

	return ethtool(name, &value);
}

static long long get_gro(const char *name)
{
	struct ethtool_value value = {.cmd = ETHTOOL_GGRO};

	return ethtool(name, &value) == 0 ? (long long)value.data : -1;
}

static void put_gro_back(void *arg)
{
	(void)set_gro(arg, true);
}

static const struct nic *first_nic(struct trial *t)
{
	struct nic *nic = case_alloc(t, sizeof *nic);

	REQUIRE(t, nics_list(t, nic, 1) == 1);
	case_defer(t, put_gro_back, nic->name);
	return nic;
}

SABOTAGE(network, offloads_are_on, "packets that come in are not merged")
{
	if (set_gro(first_nic(t)->name, false) < 0)
		case_broken(t, "GRO cannot be switched off");
}

/* True when the setting is that and stays so for a while: some daemons set it again. */
static bool gro_stays(const char *name, long long wanted)
{
	uint64_t until_ns = clock_now_ns() + 100 * NS_PER_MS;

	do {
		if (get_gro(name) != wanted)
			return false;
	} while (pause_until(until_ns, 5));
	return true;
}

CASE(network, gro_can_be_toggled, .title = "Receive offloads can be switched off, on and restored",
     .priority = P2, .needs = "nics>=1", .isolation = ISOLATION_FORK,
     .why = "Routers and captures need them off, servers on.",
     .remedy = "Look for a kernel change in the driver's features.", .sources = "own")
{
	const char *name = first_nic(t)->name;

	CHECK_EQ(t, set_gro(name, false), 0);
	CHECK(t, gro_stays(name, 0));
	CHECK_EQ(t, set_gro(name, true), 0);
	CHECK(t, gro_stays(name, 1));
}

static int keep_on(void *arg)
{
	while (getppid() != 1) {
		(void)set_gro(arg, true);
		(void)pause_until(UINT64_MAX, 1);
	}
	return 0;
}

SABOTAGE(network, gro_can_be_toggled, "something switches it on again")
{
	(void)helper_start(t, keep_on, (void *)(uintptr_t)first_nic(t)->name);
}
