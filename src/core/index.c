/*
 * A hash table without a hash: the indices are random already, so their low bits say where to
 * look. Open addressing with linear probes, never more than half full, and no tombstones: what
 * stands behind a removed entry moves up. It starts with one page of cells and doubles in place,
 * so that a device with few sessions touches little of the memory it was given.
 */
#include "index.h"

#include <string.h>
#include "ensure.h"

enum { CELLS_MIN = 512 };

/* What the low bits of a cell's value hold: enum index_slot. */
enum { SLOT_BITS = 2 };
_Static_assert(INDEX_SESSION_2 < 1 << SLOT_BITS, "a slot fits");

struct cell {
	uint32_t index;
	uint32_t value; /* 0: empty; else one more than peer and slot packed */
};

struct index_table {
	uint32_t mask; /* cells in use, less one: they are a power of two */
	uint32_t count;
	uint32_t entries_max;
	uint32_t reserved;
	struct cell cells[];
};

static size_t cells_for(uint32_t entries)
{
	size_t cells = CELLS_MIN;

	while (cells / 2 < entries)
		cells *= 2;
	return cells;
}

static uint32_t value_pack(struct index_entry entry)
{
	ENSURE(entry.peer < UINT32_MAX >> SLOT_BITS && entry.slot <= INDEX_SESSION_2);
	return (entry.peer << SLOT_BITS | entry.slot) + 1;
}

static struct index_entry value_unpack(uint32_t value)
{
	return (struct index_entry){
		.peer = (value - 1) >> SLOT_BITS,
		.slot = (value - 1) & ((1u << SLOT_BITS) - 1),
	};
}

/* Where index is, or the empty cell where it would go. */
static uint32_t index_find(const struct index_table *table, uint32_t index)
{
	uint32_t at = index & table->mask;

	while (table->cells[at].value != 0 && table->cells[at].index != index)
		at = (at + 1) & table->mask;
	return at;
}

/*
 * Doubles the cells in place. Beginning behind an empty cell, each entry is taken out and put in
 * again: it lands where it stood or before, or as far on in the new half, so never behind an
 * entry that still waits.
 */
static void index_grow(struct index_table *table)
{
	uint32_t mask = table->mask, first = 0;

	while (table->cells[first].value != 0)
		first++;
	table->mask = 2 * mask + 1;
	for (uint32_t i = 1; i <= mask; i++) {
		struct cell *from = &table->cells[(first + i) & mask];
		struct cell moved = *from;

		if (moved.value == 0)
			continue;
		*from = (struct cell){0};
		table->cells[index_find(table, moved.index)] = moved;
	}
}

size_t index_size(uint32_t entries_max)
{
	return sizeof(struct index_table) + cells_for(entries_max) * sizeof(struct cell);
}

struct index_table *index_init(void *memory, uint32_t entries_max)
{
	struct index_table *table = memory;

	/* Probes and masks are 32 bits wide. */
	ENSURE(entries_max <= UINT32_MAX / 4);
	table->mask = CELLS_MIN - 1;
	table->entries_max = entries_max;
	return table;
}

bool index_insert(struct index_table *table, uint32_t index, struct index_entry entry)
{
	uint32_t at = index_find(table, index);

	if (table->cells[at].value != 0)
		return false;
	ENSURE(table->count < table->entries_max);
	if (table->count > table->mask / 2) {
		index_grow(table);
		at = index_find(table, index);
	}
	table->cells[at] = (struct cell){index, value_pack(entry)};
	table->count++;
	return true;
}

bool index_lookup(const struct index_table *table, uint32_t index, struct index_entry *entry)
{
	uint32_t value = table->cells[index_find(table, index)].value;

	if (value == 0)
		return false;
	*entry = value_unpack(value);
	return true;
}

void index_replace(struct index_table *table, uint32_t index, struct index_entry entry)
{
	struct cell *cell = &table->cells[index_find(table, index)];

	ENSURE(cell->value != 0);
	cell->value = value_pack(entry);
}

void index_remove(struct index_table *table, uint32_t index)
{
	uint32_t hole = index_find(table, index);

	ENSURE(table->cells[hole].value != 0);
	/* An entry may move into the hole unless its home lies behind the hole. */
	for (uint32_t at = (hole + 1) & table->mask; table->cells[at].value != 0;
		at = (at + 1) & table->mask) {
		uint32_t home = table->cells[at].index & table->mask;

		if (((at - home) & table->mask) < ((at - hole) & table->mask))
			continue;
		table->cells[hole] = table->cells[at];
		hole = at;
	}
	table->cells[hole] = (struct cell){0};
	table->count--;
}
