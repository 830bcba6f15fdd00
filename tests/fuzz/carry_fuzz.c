/*
 * A device's state as another process sends it, with any bytes changed: records of a device and of
 * two peers, one with sessions, one with a handshake under way. What is taken is stored again as
 * the same bytes; of what is refused nothing is left; and the device can be ended in any case.
 */
#include "carry.h"
#include "bytes_in.h"
#include "duo.h"
#include "ensure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { T_DEVICE, T_WITH_SESSION, T_WITH_HANDSHAKE, TEMPLATES };

struct record {
	size_t len;
	uint8_t bytes[CARRY_DEVICE_MAX > CARRY_PEER_MAX ? CARRY_DEVICE_MAX : CARRY_PEER_MAX];
};

static struct record templates[TEMPLATES];
static void *memory;

static void prepare(void)
{
	struct duo d;
	struct record *record = templates;

	duo_init(&d);
	duo_handshake(&d);
	record[T_DEVICE].len = carry_store_device(d.a, record[T_DEVICE].bytes);
	record[T_WITH_SESSION].len = carry_store_peer(d.a, 0, record[T_WITH_SESSION].bytes);
	duo_fini(&d);
	duo_init(&d);
	duo_initiation(&d);
	record[T_WITH_HANDSHAKE].len = carry_store_peer(d.a, 0, record[T_WITH_HANDSHAKE].bytes);
	duo_fini(&d);
	memory = aligned_alloc(64, device_size(&duo_limits));
	ENSURE(memory);
}

/* how: 2 bits which template, 4 bits how many changes, then a new length. */
static unsigned take_record(struct bytes_in *in, struct record *record)
{
	uint8_t how = bytes_in_8(in);
	unsigned which = (how & 3) % TEMPLATES;

	*record = templates[which];
	for (unsigned n = how >> 2 & 15; n > 0; n--) {
		size_t at = bytes_in_16(in) % record->len;

		record->bytes[at] = bytes_in_8(in);
	}
	if (how & 0x40)
		record->len = bytes_in_16(in) % (record->len + 1);
	return which;
}

static void load_device(struct device *device, const struct record *record)
{
	uint8_t again[CARRY_DEVICE_MAX];

	if (device->peers_count > 0 || device->is_up || device->has_identity)
		return;
	if (carry_load_device(device, record->bytes, record->len))
		ENSURE(carry_store_device(device, again) == record->len);
}

static void load_peer(struct device *device, const struct record *record)
{
	uint8_t again[CARRY_PEER_MAX];
	uint32_t slot, before = device->peers_count;

	if (!carry_load_peer(device, record->bytes, record->len, &slot)) {
		ENSURE(device->peers_count == before);
		return;
	}
	ENSURE(device->peers_count == before + 1);
	ENSURE(carry_store_peer(device, slot, again) == record->len &&
		memcmp(again, record->bytes, record->len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct record record;
	static const struct chance chance;
	struct bytes_in in = {data, size};
	struct device *device;

	if (!memory)
		prepare();
	memset(memory, 0, device_size(&duo_limits));
	device = device_init(memory, &duo_limits, &chance);
	for (int n = 0; n < 8 && in.left > 0; n++)
		if (take_record(&in, &record) == T_DEVICE)
			load_device(device, &record);
		else
			load_peer(device, &record);
	device_fini(device);
	return 0;
}
