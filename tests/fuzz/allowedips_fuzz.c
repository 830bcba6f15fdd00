/* Any changes of a routing trie, and any addresses looked up, against a list. */
#include "unit.h"
#include "allowedips_model.h"
#include "bytes_in.h"
#include "ensure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OWNERS = 4 };

/* Short inputs make prefixes that share their beginnings. */
static struct ip_prefix take_prefix(struct bytes_in *in, uint8_t how)
{
	struct ip_prefix prefix = {.addr.family = how & 1 ? IP_V6 : IP_V4};
	unsigned flips = how >> 1 & 3;

	memset(prefix.addr.b, how & 8 ? 0xa5 : 0, ip_bytes(prefix.addr.family));
	for (unsigned i = 0; i < flips; i++) {
		unsigned bit = bytes_in_8(in) % ip_bits_max(prefix.addr.family);

		prefix.addr.b[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
	}
	prefix.bits = (uint8_t)(bytes_in_8(in) % (ip_bits_max(prefix.addr.family) + 1));
	return prefix;
}

static void check_list(const struct model *model, const struct allowedips *table,
	const struct allowedips_list *list, uint32_t owner)
{
	uint32_t cursor = list->first, count = 0;
	struct ip_prefix found;

	for (uint32_t i = 0; i < model->count; i++) {
		if (model->routes[i].owner != owner)
			continue;
		count++;
		ENSURE(cursor != ALLOWEDIPS_NONE);
		cursor = allowedips_next(table, cursor, &found);
		ENSURE(prefix_equal(&found, &model->routes[i].prefix));
	}
	ENSURE(cursor == ALLOWEDIPS_NONE && list->count == count);
}

static void change(struct model *model, struct allowedips *table, struct allowedips_list *lists,
	struct bytes_in *in, uint8_t how)
{
	struct ip_prefix given = take_prefix(in, how), prefix = given;
	uint32_t owner = bytes_in_8(in) % OWNERS;

	prefix_mask(&prefix);
	if (how >> 4 == 0) {
		allowedips_remove_all(table, &lists[owner]);
		model_remove(model, NULL, owner);
	} else if (how >> 4 < 5) {
		ENSURE(allowedips_remove(table, &given, owner, &lists[owner]) ==
			(model_remove(model, &prefix, owner) > 0));
	} else if (model->count < MODEL_MAX) {
		ENSURE(insert(table, lists, &given, owner));
		model_insert(model, &prefix, owner);
	}
	ENSURE(lookup(table, &given.addr) == model_lookup(model, &given.addr));
	ENSURE(allowedips_count(table) == model->count);
	ENSURE(allowedips_room(table) == MODEL_MAX - model->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct model model;
	struct bytes_in in = {data, size};
	struct allowedips_list lists[OWNERS];
	void *memory = calloc(1, allowedips_size(MODEL_MAX));
	struct allowedips *table;

	ENSURE(memory);
	table = allowedips_init(memory, MODEL_MAX);
	model.count = 0;
	for (uint32_t i = 0; i < OWNERS; i++)
		lists[i] = ALLOWEDIPS_LIST_INIT;
	while (in.left > 0) {
		uint8_t how = bytes_in_8(&in);
		struct ip_addr addr;

		if (how & 0x80) {
			addr = take_prefix(&in, how).addr;
			ENSURE(lookup(table, &addr) == model_lookup(&model, &addr));
		} else {
			change(&model, table, lists, &in, how);
		}
	}
	for (uint32_t i = 0; i < OWNERS; i++)
		check_list(&model, table, &lists[i], i);
	free(memory);
	return 0;
}
