/*
 * The trie. A node stands for a prefix: one that was inserted and has an owner, or one where two
 * subtrees part and that has none. Only the second kind needs two children, so n prefixes never
 * need more than 2n nodes, and the pool cannot run out before the prefixes do.
 *
 * What a lookup reads (struct node, two in a cache line) stands apart from what only changes read
 * (struct link). A node's number stays until it is freed.
 */
#include "allowedips.h"

#include "bytes.h"
#include "ensure.h"

#define NONE ALLOWEDIPS_NONE

/* An address as an integer; IPv4 stands in the highest 32 bits. */
struct key {
	uint64_t high, low;
};

struct node {
	struct key key; /* zero behind `bits` */
	uint32_t child[2];
	uint32_t owner; /* NONE: inner node */
	uint8_t bits;
	uint8_t family;
	uint8_t reserved[2];
};

struct link {
	uint32_t parent;     /* NONE: a root */
	uint32_t prev, next; /* in the owner's list; next also chains free nodes */
};

struct allowedips {
	uint32_t root_v4, root_v6;
	uint32_t count, prefixes_max;
	/* Nodes that were ever used, those behind were never written; and a chain of freed ones. */
	uint32_t touched, freed;
	uint32_t reserved[2];
	struct node nodes[]; /* then as many struct link */
};

_Static_assert(sizeof(struct node) == 32, "two nodes a cache line");
_Static_assert(sizeof(struct allowedips) == 32, "and none across two lines");

/* A place in the trie: where the number of the node that hangs there is written. */
struct place {
	uint32_t parent; /* NONE: the root */
	unsigned side;
};

static size_t nodes_for(uint32_t prefixes)
{
	return 2 * (size_t)prefixes;
}

static struct link *link_of(struct allowedips *table, uint32_t node)
{
	return (struct link *)(table->nodes + nodes_for(table->prefixes_max)) + node;
}

static const struct link *link_read(const struct allowedips *table, uint32_t node)
{
	return (const struct link *)(table->nodes + nodes_for(table->prefixes_max)) + node;
}

static struct key key_v4(const uint8_t addr[4])
{
	struct be32 bytes;

	memcpy(&bytes, addr, sizeof(bytes));
	return (struct key){(uint64_t)be32_load(bytes) << 32, 0};
}

static struct key key_v6(const uint8_t addr[16])
{
	struct be64 high, low;

	memcpy(&high, addr, sizeof(high));
	memcpy(&low, addr + sizeof(high), sizeof(low));
	return (struct key){be64_load(high), be64_load(low)};
}

/* How many leading bits a and b have in common. */
static unsigned key_common(struct key a, struct key b)
{
	uint64_t high = a.high ^ b.high, low = a.low ^ b.low;

	if (high != 0)
		return (unsigned)__builtin_clzll(high);
	return low != 0 ? 64 + (unsigned)__builtin_clzll(low) : 128;
}

/* Bit number `at`, 0 the highest. */
static unsigned key_bit(struct key key, unsigned at)
{
	return (at < 64 ? key.high : key.low) >> (63 - at % 64) & 1;
}

/* The leading bits of key, the others zero. */
static struct key key_cut(struct key key, unsigned bits)
{
	if (bits <= 64)
		return (struct key){bits == 0 ? 0 : key.high & UINT64_MAX << (64 - bits), 0};
	return (struct key){key.high, key.low & UINT64_MAX << (128 - bits)};
}

static struct key key_of_prefix(const struct ip_prefix *prefix)
{
	uint8_t family = prefix->addr.family;

	ENSURE((family == IP_V4 || family == IP_V6) && prefix->bits <= ip_bits_max(family));
	return key_cut(
		family == IP_V4 ? key_v4(prefix->addr.b) : key_v6(prefix->addr.b), prefix->bits);
}

static uint32_t root_of(const struct allowedips *table, uint8_t family)
{
	return family == IP_V4 ? table->root_v4 : table->root_v6;
}

/* Hangs node (NONE: nothing) at a place of the family's trie. */
static void place_set(struct allowedips *table, struct place place, uint8_t family, uint32_t node)
{
	if (place.parent != NONE)
		table->nodes[place.parent].child[place.side] = node;
	else if (family == IP_V4)
		table->root_v4 = node;
	else
		table->root_v6 = node;
	if (node != NONE)
		link_of(table, node)->parent = place.parent;
}

static struct place place_of(const struct allowedips *table, uint32_t node)
{
	uint32_t parent = link_read(table, node)->parent;

	return (struct place){
		.parent = parent,
		.side = parent != NONE && table->nodes[parent].child[1] == node,
	};
}

static uint32_t node_create(struct allowedips *table, struct key key, unsigned bits, uint8_t family)
{
	uint32_t node = table->freed;

	if (node != NONE)
		table->freed = link_of(table, node)->next;
	else
		node = table->touched++;
	ENSURE(node < nodes_for(table->prefixes_max));
	table->nodes[node] = (struct node){
		.key = key_cut(key, bits),
		.child = {NONE, NONE},
		.owner = NONE,
		.bits = (uint8_t)bits,
		.family = family,
	};
	*link_of(table, node) = (struct link){NONE, NONE, NONE};
	return node;
}

static void node_destroy(struct allowedips *table, uint32_t node)
{
	link_of(table, node)->next = table->freed;
	table->freed = node;
}

/*
 * Goes down to where the prefix belongs: the first node that is the prefix itself, lies below it
 * or parts from it, or NONE; *place says where that node hangs.
 */
static uint32_t descend(const struct allowedips *table, struct key key, unsigned bits,
	uint8_t family, struct place *place)
{
	uint32_t at = root_of(table, family);

	*place = (struct place){NONE, 0};
	while (at != NONE) {
		const struct node *node = &table->nodes[at];

		if (node->bits >= bits || key_common(node->key, key) < node->bits)
			break;
		*place = (struct place){at, key_bit(key, node->bits)};
		at = node->child[place->side];
	}
	return at;
}

/* The node of exactly this prefix, inner or not. */
static uint32_t node_find(const struct allowedips *table, const struct ip_prefix *prefix)
{
	struct key key = key_of_prefix(prefix);
	struct place place;
	uint32_t at = descend(table, key, prefix->bits, prefix->addr.family, &place);

	if (at == NONE || table->nodes[at].bits != prefix->bits ||
		key_common(table->nodes[at].key, key) < prefix->bits)
		return NONE;
	return at;
}

/* The node of this prefix, made when there is none. */
static uint32_t node_ensure(struct allowedips *table, const struct ip_prefix *prefix)
{
	uint8_t family = prefix->addr.family;
	struct key key = key_of_prefix(prefix);
	struct place place;
	uint32_t below = descend(table, key, prefix->bits, family, &place);
	uint32_t made, fork;
	unsigned common = 128;
	struct key below_key = key;

	if (below != NONE) {
		below_key = table->nodes[below].key;
		common = key_common(below_key, key);
		if (table->nodes[below].bits == prefix->bits && common >= prefix->bits)
			return below;
	}
	made = node_create(table, key, prefix->bits, family);
	if (common >= prefix->bits) {
		/* The prefix holds what was here, or nothing was here. */
		place_set(table, place, family, made);
		if (below != NONE)
			place_set(table, (struct place){made, key_bit(below_key, prefix->bits)},
				family, below);
		return made;
	}
	fork = node_create(table, key, common, family);
	place_set(table, place, family, fork);
	place_set(table, (struct place){fork, key_bit(key, common)}, family, made);
	place_set(table, (struct place){fork, key_bit(below_key, common)}, family, below);
	return made;
}

/* Frees the node when it has no owner and does not part two subtrees; true when it did. */
static bool node_prune(struct allowedips *table, uint32_t node)
{
	const struct node *n = &table->nodes[node];
	uint32_t only = n->child[0] != NONE ? n->child[0] : n->child[1];

	if (n->owner != NONE || (n->child[0] != NONE && n->child[1] != NONE))
		return false;
	place_set(table, place_of(table, node), n->family, only);
	node_destroy(table, node);
	return true;
}

/* Takes the owner off a node, and out of the trie what then has no use. */
static void node_disown(struct allowedips *table, uint32_t node)
{
	uint32_t parent = link_read(table, node)->parent;

	table->nodes[node].owner = NONE;
	table->count--;
	if (node_prune(table, node) && parent != NONE)
		node_prune(table, parent);
}

static void list_append(struct allowedips *table, struct allowedips_list *list, uint32_t node)
{
	struct link *link = link_of(table, node);

	link->prev = list->last;
	link->next = NONE;
	if (list->last != NONE)
		link_of(table, list->last)->next = node;
	else
		list->first = node;
	list->last = node;
	list->count++;
}

static void list_unlink(struct allowedips *table, struct allowedips_list *list, uint32_t node)
{
	struct link *link = link_of(table, node);

	if (link->prev != NONE)
		link_of(table, link->prev)->next = link->next;
	else
		list->first = link->next;
	if (link->next != NONE)
		link_of(table, link->next)->prev = link->prev;
	else
		list->last = link->prev;
	list->count--;
}

size_t allowedips_size(uint32_t prefixes_max)
{
	return sizeof(struct allowedips) +
	       nodes_for(prefixes_max) * (sizeof(struct node) + sizeof(struct link));
}

struct allowedips *allowedips_init(void *memory, uint32_t prefixes_max)
{
	struct allowedips *table = memory;

	ENSURE(nodes_for(prefixes_max) < NONE);
	table->root_v4 = NONE;
	table->root_v6 = NONE;
	table->freed = NONE;
	table->prefixes_max = prefixes_max;
	return table;
}

uint32_t allowedips_count(const struct allowedips *table)
{
	return table->count;
}

uint32_t allowedips_room(const struct allowedips *table)
{
	return table->prefixes_max - table->count;
}

uint32_t allowedips_find(const struct allowedips *table, const struct ip_prefix *prefix)
{
	uint32_t node = node_find(table, prefix);

	return node != NONE ? table->nodes[node].owner : NONE;
}

bool allowedips_insert(struct allowedips *table, const struct ip_prefix *prefix, uint32_t owner,
	struct allowedips_list *list)
{
	uint32_t node, before;

	if (table->count == table->prefixes_max && allowedips_find(table, prefix) == NONE)
		return false;
	node = node_ensure(table, prefix);
	before = table->nodes[node].owner;
	ENSURE(owner != NONE && (before == NONE || before == owner));
	if (before == owner) {
		list_unlink(table, list, node);
	} else {
		table->nodes[node].owner = owner;
		table->count++;
	}
	list_append(table, list, node);
	return true;
}

bool allowedips_remove(struct allowedips *table, const struct ip_prefix *prefix, uint32_t owner,
	struct allowedips_list *list)
{
	uint32_t node = node_find(table, prefix);

	if (node == NONE || table->nodes[node].owner != owner || owner == NONE)
		return false;
	list_unlink(table, list, node);
	node_disown(table, node);
	return true;
}

void allowedips_remove_all(struct allowedips *table, struct allowedips_list *list)
{
	for (uint32_t node = list->first, next; node != NONE; node = next) {
		next = link_read(table, node)->next;
		node_disown(table, node);
	}
	*list = ALLOWEDIPS_LIST_INIT;
}

/*
 * The longest prefix that holds key: the last node with an owner on the way down. Below a prefix of
 * full length nothing hangs, whichever side its missing next bit names.
 */
static inline uint32_t lookup(const struct allowedips *table, uint32_t at, struct key key)
{
	uint32_t owner = NONE;

	while (at != NONE) {
		const struct node *node = &table->nodes[at];

		if (key_common(node->key, key) < node->bits)
			break;
		owner = node->owner != NONE ? node->owner : owner;
		at = node->child[key_bit(key, node->bits)];
	}
	return owner;
}

uint32_t allowedips_lookup_v4(const struct allowedips *table, const uint8_t addr[4])
{
	return lookup(table, table->root_v4, key_v4(addr));
}

uint32_t allowedips_lookup_v6(const struct allowedips *table, const uint8_t addr[16])
{
	return lookup(table, table->root_v6, key_v6(addr));
}

uint32_t allowedips_next(const struct allowedips *table, uint32_t cursor, struct ip_prefix *prefix)
{
	const struct node *node = &table->nodes[cursor];
	struct be64 high = be64_store(node->key.high), low = be64_store(node->key.low);

	*prefix = (struct ip_prefix){.addr.family = node->family, .bits = node->bits};
	memcpy(prefix->addr.b, &high, sizeof(high));
	memcpy(prefix->addr.b + sizeof(high), &low, sizeof(low));
	return link_read(table, cursor)->next;
}
