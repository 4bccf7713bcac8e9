/* SPDX-License-Identifier: Apache-2.0 */
/* Two machines and the cables between them. */
#include "host/cases/host_pair.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "host/cases/host_trial.h"
#include "host/machine/cables.h"
#include "wire/network.h"

#define ARGUMENTS_MAX 32
#define START_S	      1200 /* a boot, where there is no template */
#define START_SPAN_NS (START_S * NS_PER_S)
#define MAKE_CABLES   2 /* of the machines that are kept for pairs */
#define CABLE_SPAN_NS (10 * NS_PER_S)
#define APPEAR_S      "60"
#define PORT	      "7777"
#define SECOND_FOLDER "second"

struct pair {
	struct machine *second; /* owned, as the cables */
	struct cables *cables;
	unsigned count;
	struct boot_report boot; /* of the second, where it was booted */
	const char *begun[2];	 /* the probe under way on each side, NULL: none */
};

/* ---- life ---- */

static struct machine *machine_of(struct host_trial *t, enum pair_side side)
{
	if (side == PAIR_A)
		return t->machine;
	if (!t->pair || !t->pair->second)
		host_broken(t, "the case asks the second machine before pair_start");
	return t->pair->second;
}

struct machine *host_pair_second(struct host_trial *t)
{
	return t->pair ? t->pair->second : NULL;
}

static bool is_expected(const struct result *result)
{
	return result->outcome == OUTCOME_PASS || result->outcome == OUTCOME_SKIP ||
	       (result->sabotaged && result->outcome == OUTCOME_FAIL);
}

void host_pair_release(struct host_trial *t)
{
	struct pair *pair = t->pair;
	struct err ignored = {0};

	if (!pair)
		return;
	if (!is_expected(t->result) && pair->second) {
		(void)machine_keep_evidence(pair->second, &ignored);
		if (pair->cables)
			(void)cables_keep_evidence(pair->cables, &ignored);
	}
	machine_free(pair->second);
	cables_free(pair->cables);
	boot_report_done(&pair->boot);
	free(STEAL_PTR(t->pair));
}

/* The answer's words, NULL and t->error when there is none. */
static const char *ask_cables(struct host_trial *t, const char *question)
{
	struct patience p = patience_within(&t->patience, CABLE_SPAN_NS);

	text_clear(&t->scratch);
	err_clear(&t->error);
	if (cables_ask(t->pair->cables, t->machine, &p, question, &t->scratch, &t->error) < 0)
		return NULL;
	return t->scratch.buf;
}

/* What the cables did not do, or the first machine, which is served meanwhile: a case that ends by the guest's fault or for want
 * of time is broken, not the host. */
static void must_be_done(struct host_trial *t, int r, const struct err *e)
{
	if (!host_step_done(t, r, e))
		host_broken(t, "%s", e->text);
}

bool host_pair_is_whole(struct host_trial *t)
{
	if (!t->pair || !t->pair->cables || patience_left_ns(&t->patience) == 0 ||
	    ask_cables(t, "count 0"))
		return true;
	/* What the first machine does is what the case is about. */
	return t->error.blame != BLAME_HOST || t->error.code != ECONNRESET;
}

static void start_second(struct host_trial *t)
{
	struct patience p = patience_within(&t->patience, START_SPAN_NS);
	const char *folder = host_format(t, "%s/" SECOND_FOLDER, machine_spec(t->machine)->folder);
	struct pair *pair = t->pair;
	struct err e = {0};

	if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		host_broken(t, "make the folder %s: %m", folder);
	int r = machine_twin(t->machine, folder, &p, &pair->second, &pair->boot, &e);
	must_be_done(t, r, &e);
	machine_join(t->machine, pair->second);
	t->second_mark = machine_console_mark(pair->second);
}

/* ---- cables ---- */

const char *pair_mac(struct host_trial *t, enum pair_side side, unsigned cable)
{
	char text[NETWORK_MAC_SIZE];
	uint8_t mac[6];

	network_cable_mac(side + 1U, cable, mac);
	return host_format(t, "%s", network_mac_text(mac, text));
}

const char *pair_address(struct host_trial *t, enum pair_side side, unsigned cable)
{
	return host_format(t, "10.77.%u.%u", cable, side + 1);
}

const char *pair_address6(struct host_trial *t, enum pair_side side, unsigned cable)
{
	return host_format(t, "fd00:a55a:77:%x::%u", cable, side + 1);
}

/* True when it is a copy of one into which the NICs were plugged, and whose agent has taken them. */
static bool has_nics(struct host_trial *t, enum pair_side side)
{
	return machine_spec(machine_of(t, side))->make.cables > 0;
}

static void plug(struct host_trial *t, enum pair_side side, unsigned cable, unsigned mtu)
{
	struct cable_nic nic = {.mtu = mtu};
	struct err e = {0};

	network_cable_mac(side + 1U, cable, nic.mac);
	int r = cables_plug(t->pair->cables, 2 * cable + side, machine_of(t, side), &t->patience,
			    has_nics(t, side) ? NULL : &nic, &e);
	must_be_done(t, r, &e);
}

static void take(struct host_trial *t, enum pair_side side, unsigned cable)
{
	const char *mac = pair_mac(t, side, cable), *name = host_format(t, "cable%u", cable);

	if (!has_nics(t, side))
		pair_must(t, side, "cable_take", host_format(t, "%u", cable), mac, APPEAR_S, NULL);
	pair_must(t, side, "link_set", name, host_format(t, "mac=%s", mac), "up=1", NULL);
	pair_must(t, side, "carrier_await", name, APPEAR_S, NULL);
	pair_must(t, side, "address_add", name,
		  host_format(t, "%s/24", pair_address(t, side, cable)), NULL);
	/* Where IPv6 is switched off there is none: cases that want it look. */
	(void)pair_call(t, side, "probe", "address_add", name,
			host_format(t, "%s/64", pair_address6(t, side, cable)), NULL);
}

static void lay_cables(struct host_trial *t, unsigned count, unsigned mtu)
{
	struct err e = {0};

	if (cables_new(machine_spec(t->machine), count, &t->pair->cables, &e) < 0)
		host_leave_with(t, &e);
	t->pair->count = count;
	for (unsigned cable = 0; cable < count; cable++)
		for (int side = PAIR_A; side <= PAIR_B; side++)
			plug(t, (enum pair_side)side, cable, mtu);
	for (unsigned cable = 0; cable < count; cable++)
		for (int side = PAIR_A; side <= PAIR_B; side++)
			take(t, (enum pair_side)side, cable);
}

void pair_start_with(struct host_trial *t, unsigned cables, unsigned mtu)
{
	if (t->pair && t->pair->count >= cables)
		return; /* the sabotage began it */
	if (t->pair)
		host_broken(t, "the sabotage has laid %u cables, the case wants %u", t->pair->count,
			    cables);
	if (needs_number(t->info->needs, "vms") < 2)
		host_broken(t, "it starts a second machine without saying that it needs vms>=2");
	t->pair = xnew(sizeof *t->pair);
	text_init(&t->pair->boot.console_tail, 0);
	/* NICs that are there already cannot be told of another MTU. Plugging them in is most of what a pair costs. */
	if (mtu == 0 && cables <= MAKE_CABLES)
		(void)host_fork_cabled(t, MAKE_CABLES, START_S);
	start_second(t);
	lay_cables(t, cables, mtu);
}

void pair_set(struct host_trial *t, int cable, const char *key, unsigned value)
{
	const char *question = cable < 0 ? host_format(t, "set %s %u", key, value)
					 : host_format(t, "set %s %u %d", key, value, cable);

	if (!ask_cables(t, question))
		must_be_done(t, -1, &t->error);
}

unsigned long pair_lost(struct host_trial *t, unsigned cable)
{
	const char *words = ask_cables(t, host_format(t, "count %u", cable));
	unsigned long a, b, lost = 0;

	if (!words) {
		must_be_done(t, -1, &t->error);
		return 0;
	}
	if (sscanf(words, "%lu %lu %lu", &a, &b, &lost) != 3)
		host_broken(t, "cable %u counts \"%s\"", cable, words);
	return lost;
}

void pair_set_carrier(struct host_trial *t, enum pair_side side, unsigned cable, bool there)
{
	const char *arguments =
		host_format(t, "{\"name\":\"cable%u\",\"up\":%s}", cable, there ? "true" : "false");

	if (!pair_qmp(t, side, "set_link", arguments))
		host_broken(t, "the carrier of cable %u cannot be changed", cable);
}

/* ---- calls ---- */

static void gather(const char **arguments, size_t count, va_list args)
{
	while (count + 1 < ARGUMENTS_MAX && (arguments[count] = va_arg(args, const char *)))
		count++;
	arguments[count] = NULL;
}

/* 0 with the answer in t->scratch, the guest's errno, or -ECONNRESET. */
static int call(struct host_trial *t, enum pair_side side, const char *verb,
		const char *const *arguments)
{
	struct machine *machine = machine_of(t, side);
	struct err e = {0};
	int code = 0;

	text_clear(&t->scratch);
	int r = machine_call(machine, &t->patience, verb, arguments, &t->scratch, &code, &e);
	return host_step_done(t, r, &e) ? code : -ECONNRESET;
}

int pair_call(struct host_trial *t, enum pair_side side, const char *verb, ...)
{
	const char *arguments[ARGUMENTS_MAX];
	va_list args;

	va_start(args, verb);
	gather(arguments, 0, args);
	va_end(args);
	return call(t, side, verb, arguments);
}

static void note_failure(struct host_trial *t, enum pair_side side, const char *verb,
			 const char *first, int code)
{
	host_note(t, "machine %c: %s %s: error %d %s", 'A' + (int)side, verb, first ? first : "",
		  code, t->scratch.buf);
}

const char *pair_ask(struct host_trial *t, enum pair_side side, const char *verb, ...)
{
	const char *arguments[ARGUMENTS_MAX];
	va_list args;

	va_start(args, verb);
	gather(arguments, 0, args);
	va_end(args);
	int code = call(t, side, verb, arguments);
	if (code == 0)
		return host_keep(t, t->scratch.buf, t->scratch.length);
	note_failure(t, side, verb, arguments[0], code);
	return NULL;
}

void pair_must(struct host_trial *t, enum pair_side side, const char *probe, ...)
{
	const char *arguments[ARGUMENTS_MAX] = {probe};
	va_list args;

	va_start(args, probe);
	gather(arguments, 1, args);
	va_end(args);
	int code = call(t, side, "probe", arguments);
	if (code != 0)
		host_broken(t, "machine %c: %s %s: error %d %s", 'A' + (int)side, probe,
			    arguments[1] ? arguments[1] : "", code, t->scratch.buf);
}

void pair_begin(struct host_trial *t, enum pair_side side, const char *probe, ...)
{
	const char *arguments[ARGUMENTS_MAX] = {probe};
	struct machine *machine = machine_of(t, side);
	struct err e = {0};
	va_list args;

	va_start(args, probe);
	gather(arguments, 1, args);
	va_end(args);
	int r = machine_call_begin(machine, &t->patience, "probe", arguments, &e);
	t->pair->begun[side] = host_step_done(t, r, &e) ? probe : NULL;
}

const char *pair_end(struct host_trial *t, enum pair_side side)
{
	const char *probe = STEAL_PTR(t->pair->begun[side]);
	struct err e = {0};
	int code = 0;

	if (!probe)
		return NULL;
	text_clear(&t->scratch);
	int r = machine_call_end(machine_of(t, side), &t->patience, "probe", &t->scratch, &code,
				 &e);
	if (!host_step_done(t, r, &e))
		return NULL;
	if (code == 0)
		return host_keep(t, t->scratch.buf, t->scratch.length);
	note_failure(t, side, "probe", probe, code);
	return NULL;
}

void pair_write(struct host_trial *t, enum pair_side side, const char *path, const char *content)
{
	const char *const arguments[] = {path, content, NULL};
	int code = call(t, side, "write", arguments);

	if (code != 0)
		host_broken(t, "machine %c: write %s: error %d %s", 'A' + (int)side, path, code,
			    t->scratch.buf);
}

const char *pair_qmp(struct host_trial *t, enum pair_side side, const char *command,
		     const char *arguments)
{
	struct machine *machine = machine_of(t, side);
	struct err e = {0};

	text_clear(&t->scratch);
	int r = machine_qmp(machine, &t->patience, command, arguments, &t->scratch, &e);
	if (r < 0 && e.code != ECANCELED && machine_is_alive(machine)) {
		host_note(t, "machine %c: %s: %s", 'A' + (int)side, command, e.text);
		return NULL;
	}
	if (!host_step_done(t, r, &e))
		return NULL;
	return host_keep(t, t->scratch.buf, t->scratch.length);
}

/* ---- traffic ---- */

long long pair_number(const char *answer, const char *key)
{
	size_t length = strlen(key);
	long long number;

	for (const char *at = answer; at && *at; at += strcspn(at, " \n"), at += *at != '\0')
		if (strncmp(at, key, length) == 0 && at[length] == '=' &&
		    sscanf(at + length + 1, "%lld", &number) == 1)
			return number;
	return -1;
}

bool pair_pings_sized(struct host_trial *t, enum pair_side from, const char *address,
		      unsigned bytes, unsigned seconds)
{
	int code = pair_call(t, from, "probe", "ping", address, host_format(t, "%u", bytes),
			     host_format(t, "%u", seconds), NULL);

	if (code != 0)
		note_failure(t, from, "ping", address, code);
	return code == 0;
}

bool pair_pings(struct host_trial *t, enum pair_side from, const char *address, unsigned seconds)
{
	return pair_pings_sized(t, from, address, 84, seconds);
}

static void read_sender(const char *said, struct pair_transfer *ret)
{
	ret->sent = pair_number(said, "bytes");
	ret->ms = pair_number(said, "ms");
	ret->rtt_us = pair_number(said, "rtt_us");
	ret->retransmits = pair_number(said, "retransmits");
	ret->path_mtu = pair_number(said, "path_mtu");
}

bool pair_transfer(struct host_trial *t, enum pair_side from, const char *address,
		   unsigned long bytes, unsigned seconds, struct pair_transfer *ret)
{
	enum pair_side to = from == PAIR_A ? PAIR_B : PAIR_A;
	const char *span = host_format(t, "%u", seconds);

	*ret = (struct pair_transfer){-1, -1, -1, -1, -1, -1, -1};
	pair_begin(t, to, "tcp_receive", PORT, span, NULL);
	const char *sent = pair_ask(t, from, "probe", "tcp_send", address, PORT,
				    host_format(t, "%lu", bytes), span, NULL);
	const char *received = pair_end(t, to);
	if (sent)
		read_sender(sent, ret);
	ret->received = pair_number(received, "bytes");
	ret->wrong = pair_number(received, "wrong");
	host_note(t, "from machine %c: sent %s, received %s", 'A' + (int)from,
		  sent ? sent : "nothing", received ? received : "nothing");
	return sent && received;
}
