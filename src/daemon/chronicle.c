/*
 * Counters and short lists. Equal incidents of one source are one entry, and a reason has only so
 * many entries of a list, so that a flood of one kind pushes nothing else out.
 */
#include "chronicle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "digest.h"
#include "ensure.h"
#include "values.h"

/* Of one peer; all zero: nothing happened. */
struct peer_record {
	uint32_t generation;
	uint32_t counts[REASON_COUNT]; /* stay at their largest value */
	struct incident list[CHRONICLE_PEER_INCIDENTS];
};

struct device_record {
	struct instant began;
	uint64_t counts[REASON_COUNT];
	struct incident list[CHRONICLE_DEVICE_INCIDENTS];
};

struct chronicle {
	struct log log;
	uint64_t layout;                         /* of the records, as others have to store them */
	struct instant lines_full;               /* when the log's budget is whole again */
	struct instant notes_full[REASON_COUNT]; /* the same of each reason */
	struct device_record device;
	struct arena arena;
	uint32_t peers_max;
	struct peer_record *peers; /* by slot */
};

/* What the bytes mean; the version grows when a structure changes and keeps its size. */
static uint64_t find_layout(void)
{
	enum { VERSION = 1 };
	const uint64_t sizes[] = {VERSION, sizeof(struct device_record), sizeof(struct peer_record),
		sizeof(struct incident)};
	uint64_t digest = DIGEST_EMPTY;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		digest = digest_add(digest, &sizes[i], sizeof(sizes[i]));
	for (unsigned i = 0; i < REASON_COUNT; i++)
		digest = digest_add_text(digest, reason_code((enum reason)i));
	return digest;
}

int chronicle_create(
	struct chronicle **chronicle, uint32_t peers_max, const struct log *log, struct instant now)
{
	struct chronicle *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	err = arena_reserve(&c->arena, peers_max * sizeof(struct peer_record), 0);
	if (err < 0) {
		free(c);
		return err;
	}
	c->log = *log;
	c->layout = find_layout();
	c->device.began = now;
	c->peers = c->arena.base;
	c->peers_max = peers_max;
	*chronicle = c;
	return 0;
}

void chronicle_destroy(struct chronicle *chronicle)
{
	if (!chronicle)
		return;
	arena_release(&chronicle->arena);
	free(chronicle);
}

/* A bucket that holds `burst` and gets `per_second`. */
static bool take_token(
	struct instant *full, unsigned burst, unsigned per_second, struct instant now)
{
	uint64_t cost = NS_PER_S / per_second;

	if (full->ns < now.ns)
		*full = now;
	if (full->ns - now.ns > (burst - 1) * cost)
		return false;
	full->ns += cost;
	return true;
}

static uint32_t add_saturated(uint32_t a, uint32_t b)
{
	return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

static bool is_same(const struct incident *incident, const struct note *note)
{
	if (incident->count == 0 || incident->reason != note->reason ||
		incident->error != note->error || incident->has_key != (note->key != NULL))
		return false;
	if (note->source && (!ip_addr_equal(&incident->addr, &note->source->addr) ||
				    incident->port != note->source->port))
		return false;
	if (note->inner && !ip_addr_equal(&incident->inner, note->inner))
		return false;
	return !note->key || memcmp(incident->key.b, note->key->b, KEY_LEN) == 0;
}

static bool is_older(const struct incident *a, const struct incident *b)
{
	return a->count == 0 || (b->count != 0 && a->last.ns < b->last.ns);
}

/* The entry that the note continues, or the one to put it in; *is_new tells. */
static struct incident *find_place(struct incident *list, unsigned len, unsigned alike_max,
	const struct note *note, bool *is_new)
{
	struct incident *oldest = &list[0], *oldest_alike = NULL;
	unsigned alike = 0;

	*is_new = false;
	for (unsigned i = 0; i < len; i++) {
		struct incident *at = &list[i];

		if (is_same(at, note))
			return at;
		if (is_older(at, oldest))
			oldest = at;
		if (at->count == 0 || at->reason != note->reason)
			continue;
		alike++;
		if (!oldest_alike || is_older(at, oldest_alike))
			oldest_alike = at;
	}
	*is_new = true;
	return alike >= alike_max ? oldest_alike : oldest;
}

static void remember(struct incident *list, unsigned len, unsigned alike_max,
	const struct note *note, struct instant now)
{
	uint32_t times = note->times ? note->times : 1;
	bool is_new;
	struct incident *incident = find_place(list, len, alike_max, note, &is_new);

	if (!is_new) {
		incident->count = add_saturated(incident->count, times);
		incident->last = now;
		return;
	}
	*incident = (struct incident){.reason = (uint8_t)note->reason,
		.has_key = note->key != NULL,
		.error = (uint16_t)note->error,
		.count = times,
		.first = now,
		.last = now};
	if (note->source) {
		incident->addr = note->source->addr;
		incident->port = note->source->port;
	}
	if (note->inner)
		incident->inner = *note->inner;
	if (note->key)
		incident->key = *note->key;
}

static void say(struct chronicle *c, const struct public_key *peer, const struct note *note,
	struct instant now)
{
	struct textbuf text = {0};

	if (c->log.level < LOG_LEVEL_VERBOSE ||
		!take_token(&c->lines_full, CHRONICLE_LINES_PER_SECOND, CHRONICLE_LINES_PER_SECOND,
			now))
		return;
	if (note->source && note->source->addr.family != IP_NONE) {
		value_print_endpoint(&text, note->source);
		textbuf_add(&text, " ");
	}
	if (peer) {
		textbuf_add(&text, "peer ");
		incidents_print_key(&text, peer, true);
		textbuf_add(&text, " ");
	}
	textbuf_addf(&text, "%s: %s", reason_code(note->reason), reason_text(note->reason));
	if (textbuf_status(&text) == 0)
		log_verbose(&c->log, "%s", text.text);
	textbuf_fini(&text);
}

/* Counts for the device; true when there is room in the reason's budget to remember more. */
static bool count(struct chronicle *c, const struct note *note, struct instant now)
{
	ENSURE(note->reason < REASON_COUNT);
	c->device.counts[note->reason] += note->times ? note->times : 1;
	return take_token(&c->notes_full[note->reason], CHRONICLE_BURST, CHRONICLE_PER_SECOND, now);
}

void chronicle_note(struct chronicle *c, const struct note *note, struct instant now)
{
	if (!count(c, note, now))
		return;
	remember(c->device.list, CHRONICLE_DEVICE_INCIDENTS, CHRONICLE_DEVICE_ALIKE_MAX, note, now);
	say(c, note->key, note, now);
}

void chronicle_note_peer(struct chronicle *c, struct peer_id peer, const struct public_key *key,
	const struct note *note, struct instant now)
{
	struct peer_record *record = &c->peers[peer.slot];
	bool may_say = count(c, note, now);

	ENSURE(peer.slot < c->peers_max);
	if (record->generation != peer.generation)
		*record = (struct peer_record){.generation = peer.generation};
	record->counts[note->reason] =
		add_saturated(record->counts[note->reason], note->times ? note->times : 1);
	remember(record->list, CHRONICLE_PEER_INCIDENTS, CHRONICLE_PEER_ALIKE_MAX, note, now);
	if (may_say)
		say(c, key, note, now);
}

uint64_t chronicle_age(const struct chronicle *c, struct instant now)
{
	return instant_age(now, c->device.began);
}

static void print_list(const struct incident *list, unsigned len, struct textbuf *out,
	bool is_public, struct instant now)
{
	for (unsigned i = 0; i < len; i++)
		if (list[i].count > 0)
			incidents_print_one(out, &list[i], is_public, now);
}

void chronicle_print_device(
	const struct chronicle *c, struct textbuf *out, bool is_public, struct instant now)
{
	for (unsigned i = 0; i < REASON_COUNT; i++)
		if (c->device.counts[i] > 0)
			incidents_print_count(out, (enum reason)i, c->device.counts[i]);
	print_list(c->device.list, CHRONICLE_DEVICE_INCIDENTS, out, is_public, now);
}

void chronicle_print_peer(const struct chronicle *c, struct peer_id peer,
	const struct public_key *key, struct textbuf *out, bool is_public, struct instant now)
{
	const struct peer_record *record = &c->peers[peer.slot];

	ENSURE(peer.slot < c->peers_max);
	if (record->generation != peer.generation)
		return;
	incidents_print_peer(out, key, is_public);
	for (unsigned i = 0; i < REASON_COUNT; i++)
		if (record->counts[i] > 0)
			incidents_print_count(out, (enum reason)i, record->counts[i]);
	print_list(record->list, CHRONICLE_PEER_INCIDENTS, out, is_public, now);
}

static size_t store(const struct chronicle *c, const void *record, size_t len, uint8_t *out)
{
	memcpy(out, &c->layout, sizeof(c->layout));
	memcpy(out + sizeof(c->layout), record, len);
	return sizeof(c->layout) + len;
}

size_t chronicle_store_device(const struct chronicle *c, uint8_t *out)
{
	return store(c, &c->device, sizeof(c->device), out);
}

size_t chronicle_store_peer(const struct chronicle *c, struct peer_id peer, uint8_t *out)
{
	const struct peer_record *record = &c->peers[peer.slot];

	ENSURE(peer.slot < c->peers_max);
	return record->generation == peer.generation ? store(c, record, sizeof(*record), out) : 0;
}

/* 1: the record is there, 0: it is another version's, -1: it is none. */
static int load(const struct chronicle *c, const uint8_t *bytes, size_t len, void *record,
	size_t record_len)
{
	uint64_t stored;

	if (len < sizeof(stored))
		return -1;
	memcpy(&stored, bytes, sizeof(stored));
	if (stored != c->layout)
		return 0;
	if (len != sizeof(stored) + record_len)
		return -1;
	memcpy(record, bytes + sizeof(stored), record_len);
	return 1;
}

static bool is_sound(const struct incident *list, unsigned len)
{
	for (unsigned i = 0; i < len; i++) {
		uint8_t has_key;

		memcpy(&has_key, &list[i].has_key, sizeof(has_key));
		if (list[i].reason >= REASON_COUNT || has_key > 1 ||
			!ip_is_family(list[i].addr.family) || !ip_is_family(list[i].inner.family))
			return false;
	}
	return true;
}

bool chronicle_load_device(struct chronicle *c, const uint8_t *bytes, size_t len)
{
	struct device_record record;
	int found = load(c, bytes, len, &record, sizeof(record));

	if (found <= 0)
		return found == 0;
	if (!is_sound(record.list, CHRONICLE_DEVICE_INCIDENTS))
		return false;
	c->device = record;
	return true;
}

bool chronicle_load_peer(struct chronicle *c, struct peer_id peer, const uint8_t *bytes, size_t len)
{
	struct peer_record record;
	int found = load(c, bytes, len, &record, sizeof(record));

	ENSURE(peer.slot < c->peers_max);
	if (found <= 0)
		return found == 0;
	if (!is_sound(record.list, CHRONICLE_PEER_INCIDENTS))
		return false;
	record.generation = peer.generation;
	c->peers[peer.slot] = record;
	return true;
}
