/*
 * Any datagrams to two tunnels, one with a session, one that waits for the answer to its initiation:
 * raw bytes, and genuine messages altered by a stranger, who knows all public keys and so gives
 * what he alters a good mac1 and an index that is known. Nothing but a genuine message brings a
 * packet, and that once; refused ones move no endpoint and are answered by no more than their size.
 */
#include <culvert/culvert.h>
#include <stdlib.h>

#include "bytes_in.h"
#include "cookie.h"
#include "ensure.h"
#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	TUNNELS = 2,
	MEMORY_MAX = 8 << 20,
	DATAGRAM_MAX = 2048,
	PACKET_LEN = 60,
	DATA_MESSAGES = 4,
};

enum template {
	T_INITIATION,
	T_RESPONSE,
	T_COOKIE_REPLY,
	T_DATA,
	TEMPLATES = T_DATA + DATA_MESSAGES
};

enum who { WAITING, ANSWERING };

struct end {
	_Alignas(CULVERT_MEMORY_ALIGN) uint8_t memory[MEMORY_MAX];
	size_t size;
	struct culvert *tunnel;
	struct culvert_peer peer;
	struct public_key key;
	uint8_t *image; /* as each input finds it */
};

struct message {
	enum who to;
	size_t len;
	uint8_t bytes[DATAGRAM_MAX];
	bool is_taken;
};

static struct end ends[TUNNELS];
static struct message templates[TEMPLATES];
static const struct culvert_time start = {.steady_ns = 1000000000000, .wall_s = 1700000000};
static uint8_t drawn;

static const uint8_t *chance(void)
{
	static uint8_t bytes[CULVERT_RANDOM_LEN];

	drawn++;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(drawn * 31 + i * 7 + 1);
	return bytes;
}

static struct culvert_address address_of(enum who who)
{
	return (struct culvert_address){
		.family = 4, .bytes = {192, 0, 2, (uint8_t)(1 + who)}, .port = 51820};
}

static void end_create(struct end *end, uint8_t number)
{
	const struct culvert_config config = {.peers_max = 2, .prefixes_max = 4};
	uint8_t key[CULVERT_KEY_LEN] = {[1] = number}; /* the low bits do not count */

	end->size = culvert_size(&config);
	ENSURE(end->size <= sizeof(end->memory));
	ENSURE(culvert_init(end->memory, &config, &start, chance(), &end->tunnel) == CULVERT_OK);
	culvert_set_private_key(end->tunnel, key);
	culvert_public_key(key, end->key.b);
}

static void end_join(enum who who)
{
	struct culvert_address address = address_of(!who);
	struct culvert_prefix prefix = {
		.family = 4, .bytes = {10, 0, 0, (uint8_t)!who}, .bits = 32};
	struct end *end = &ends[who];

	ENSURE(culvert_add_peer(end->tunnel, ends[!who].key.b, &end->peer) == CULVERT_OK);
	culvert_set_endpoint(end->tunnel, end->peer, &address);
	ENSURE(culvert_add_allowed_ip(end->tunnel, end->peer, &prefix) == CULVERT_OK);
}

static enum culvert_error send_packet(enum who from, uint8_t *buffer, struct culvert_output *out)
{
	uint8_t packet[PACKET_LEN] = {0x45, 0, 0, PACKET_LEN};

	packet[15] = (uint8_t)from;
	packet[16] = packet[12] = 10;
	packet[19] = (uint8_t)!from;
	return culvert_send(ends[from].tunnel, &start, chance(), packet, sizeof(packet), buffer,
		DATAGRAM_MAX, out);
}

static enum culvert_error receive(
	enum who at, const struct message *message, uint8_t *bytes, struct culvert_output *out)
{
	struct culvert_datagram in = {
		.bytes = bytes, .len = message->len, .address = address_of(!at)};

	memset(out, 0, sizeof(*out));
	memcpy(bytes, message->bytes, message->len);
	return culvert_receive(ends[at].tunnel, &start, chance(), &in, out);
}

static void keep(enum template at, enum who to, const struct culvert_output *out)
{
	ENSURE(out->datagrams_count >= 1);
	templates[at].to = to;
	templates[at].len = out->datagrams[0].len;
	memcpy(templates[at].bytes, out->datagrams[0].bytes, out->datagrams[0].len);
}

static uint8_t *image_of(const struct end *end)
{
	uint8_t *image = malloc(end->size);

	ENSURE(image);
	memcpy(image, end->memory, end->size);
	return image;
}

/* A session that ANSWERING can receive on, and the pieces of a second handshake, not yet arrived. */
static void prepare(void)
{
	uint8_t buffer[DATAGRAM_MAX], bytes[DATAGRAM_MAX];
	struct culvert_output out;

	for (uint8_t i = 0; i < TUNNELS; i++)
		end_create(&ends[i], (uint8_t)(i + 1));
	end_join(WAITING);
	end_join(ANSWERING);
	ends[WAITING].image = image_of(&ends[WAITING]);
	/* The handshake, once, to have data messages; then WAITING has yet to learn of it. */
	ENSURE(send_packet(WAITING, buffer, &out) == CULVERT_WAIT);
	keep(T_INITIATION, ANSWERING, &out);
	memcpy(ends[WAITING].image, ends[WAITING].memory, ends[WAITING].size);
	ends[ANSWERING].image = image_of(&ends[ANSWERING]);
	culvert_set_busy(ends[ANSWERING].tunnel, true);
	ENSURE(receive(ANSWERING, &templates[T_INITIATION], bytes, &out) == CULVERT_COOKIE_SENT);
	keep(T_COOKIE_REPLY, WAITING, &out);
	memcpy(ends[ANSWERING].memory, ends[ANSWERING].image, ends[ANSWERING].size);
	ENSURE(receive(ANSWERING, &templates[T_INITIATION], bytes, &out) == CULVERT_OK);
	keep(T_RESPONSE, WAITING, &out);
	memcpy(ends[ANSWERING].image, ends[ANSWERING].memory, ends[ANSWERING].size);
	ENSURE(receive(WAITING, &templates[T_RESPONSE], bytes, &out) == CULVERT_OK);
	for (int i = 0; i < DATA_MESSAGES; i++) {
		ENSURE(send_packet(WAITING, buffer, &out) == CULVERT_OK);
		keep((enum template)(T_DATA + i), ANSWERING, &out);
	}
}

static void fix_mac1(struct message *message, struct bytes_in *in)
{
	struct cookie_maker maker;
	uint8_t type = message->len == INITIATION_LEN ? MESSAGE_INITIATION : MESSAGE_RESPONSE;

	if (message->len != INITIATION_LEN && message->len != RESPONSE_LEN)
		return;
	memcpy(message->bytes, (uint8_t[]){type, 0, 0, 0}, 4);
	cookie_maker_init(&maker, &ends[message->to].key);
	cookie_stamp(&maker, message->bytes, message->len, (struct instant){start.steady_ns});
	bytes_in_take(in, message->bytes + message->len - WIRE_MAC_LEN, bytes_in_8(in) % 17);
}

/* how: 3 bits which template, 3 bits how many changes, then a new length, then a good mac1. */
static enum template take_message(struct bytes_in *in, struct message *message)
{
	uint8_t how = bytes_in_8(in);
	enum template which = (enum template)(how & 7);

	if (which < TEMPLATES) {
		*message = templates[which];
	} else {
		message->to = how >> 3 & 1 ? WAITING : ANSWERING;
		message->len = bytes_in_take(in, message->bytes, bytes_in_16(in) % DATAGRAM_MAX);
	}
	for (unsigned n = how >> 3 & 7; n > 0 && message->len > 0; n--) {
		size_t at = bytes_in_16(in) % message->len;

		message->bytes[at] = bytes_in_8(in);
	}
	if (how & 0x40)
		message->len = bytes_in_16(in) % DATAGRAM_MAX;
	if (how & 0x80)
		fix_mac1(message, in);
	return which;
}

static bool same_place(const struct culvert_address *a, const struct culvert_address *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0 && a->port == b->port;
}

/* From a place of its own, so that a wrongly believed one shows. */
static void check_message(struct message *message, enum template which, bool is_busy)
{
	static uint8_t bytes[DATAGRAM_MAX];
	struct end *end = &ends[message->to];
	struct culvert_datagram in = {.bytes = bytes,
		.len = message->len,
		.address = {.family = 4, .bytes = {203, 0, 113, 9}, .port = 9}};
	struct culvert_output out = {0};
	struct culvert_status before, after;
	enum culvert_error error;
	size_t answered = 0;

	memcpy(bytes, message->bytes, message->len);
	culvert_set_busy(end->tunnel, is_busy);
	culvert_get_status(end->tunnel, end->peer, &start, &before);
	error = culvert_receive(end->tunnel, &start, chance(), &in, &out);
	culvert_get_status(end->tunnel, end->peer, &start, &after);
	if (out.packet_len > 0) {
		ENSURE(error == CULVERT_OK && which >= T_DATA && which < TEMPLATES);
		ENSURE(!templates[which].is_taken && out.packet_len == PACKET_LEN);
		ENSURE(message->len == templates[which].len &&
			memcmp(message->bytes, templates[which].bytes, message->len) == 0);
		templates[which].is_taken = true;
	}
	for (unsigned i = 0; i < out.datagrams_count; i++)
		answered += out.datagrams[i].len;
	if (error == CULVERT_OK)
		return;
	ENSURE(answered <= message->len && (answered == 0 || error == CULVERT_COOKIE_SENT));
	ENSURE(same_place(&before.endpoint, &after.endpoint));
	ENSURE(before.received_bytes == after.received_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct message message;
	struct bytes_in in = {data, size};
	uint8_t busy;

	if (!ends[0].tunnel)
		prepare();
	for (int i = 0; i < TUNNELS; i++)
		memcpy(ends[i].memory, ends[i].image, ends[i].size);
	for (int i = 0; i < TEMPLATES; i++)
		templates[i].is_taken = false;
	busy = bytes_in_8(&in);
	for (int n = 0; n < 32 && in.left > 0; n++) {
		enum template which = take_message(&in, &message);

		check_message(&message, which, busy >> n % 8 & 1);
	}
	return 0;
}
