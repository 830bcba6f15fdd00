/*
 * Matching: what the left side says of the packet as a value, then whether the right side (one
 * value, a range, a prefix, a set of these) has it. Anything not understood is "maybe".
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "span.h"
#include "values.h"
#include "wallmatch.h"

enum value_kind {
	VALUE_UNKNOWN,
	VALUE_ABSENT, /* such a packet has no such field: no match, whatever the operator */
	VALUE_NUMBER,
	VALUE_NAME, /* of a link or a protocol */
	VALUE_ADDRESS,
};

struct value {
	enum value_kind kind;
	uint64_t number;
	const char *name;
	struct ip_addr addr;
};

static const struct value unknown = {.kind = VALUE_UNKNOWN};
static const struct value absent = {.kind = VALUE_ABSENT};

static struct value name_value(const char *name)
{
	return name ? (struct value){.kind = VALUE_NAME, .name = name} : unknown;
}

static struct value number_value(uint64_t number)
{
	return (struct value){.kind = VALUE_NUMBER, .number = number};
}

static struct value port_value(uint16_t port)
{
	return port ? number_value(port) : unknown;
}

static struct value address_value(const struct ip_addr *addr)
{
	return addr->family ? (struct value){.kind = VALUE_ADDRESS, .addr = *addr} : unknown;
}

static const char *string_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* Where the hook knows no such link the kernel compares with the empty name. */
static struct value link_value(const char *name)
{
	return name_value(name ? name : "");
}

static struct value meta_value(const char *key, const struct wall_packet *packet)
{
	bool is_v4 = packet->family == IP_V4;

	if (strcmp(key, "iif") == 0 || strcmp(key, "iifname") == 0)
		return link_value(packet->iif);
	if (strcmp(key, "oif") == 0 || strcmp(key, "oifname") == 0)
		return link_value(packet->oif);
	if (strcmp(key, "l4proto") == 0)
		return name_value(packet->proto);
	if (strcmp(key, "nfproto") == 0)
		return name_value(is_v4 ? "ipv4" : "ipv6");
	if (strcmp(key, "protocol") == 0)
		return name_value(is_v4 ? "ip" : "ip6");
	if (strcmp(key, "mark") == 0 && packet->has_mark)
		return number_value(packet->mark);
	return unknown;
}

static struct value transport_value(const char *field, const struct wall_packet *packet)
{
	if (strcmp(field, "dport") == 0)
		return port_value(packet->dport);
	if (strcmp(field, "sport") == 0)
		return port_value(packet->sport);
	return unknown;
}

static struct value network_value(const char *field, const struct wall_packet *packet)
{
	if (strcmp(field, "saddr") == 0)
		return address_value(&packet->src);
	if (strcmp(field, "daddr") == 0)
		return address_value(&packet->dst);
	if (strcmp(field, "protocol") == 0 || strcmp(field, "nexthdr") == 0)
		return name_value(packet->proto);
	return unknown;
}

static struct value payload_value(
	const char *protocol, const char *field, const struct wall_packet *packet)
{
	bool is_v4 = packet->family == IP_V4;

	if (strcmp(protocol, "ip") == 0)
		return is_v4 ? network_value(field, packet) : absent;
	if (strcmp(protocol, "ip6") == 0)
		return is_v4 ? absent : network_value(field, packet);
	if (strcmp(protocol, "ether") == 0)
		return unknown;
	if (strcmp(protocol, "th") == 0)
		return transport_value(field, packet);
	if (!packet->proto)
		return unknown;
	if (strcmp(protocol, packet->proto) != 0)
		return absent;
	return transport_value(field, packet);
}

static struct value fib_value(const json_t *fib, const struct wall_packet *packet)
{
	const json_t *flags = json_object_get(fib, "flags");
	const char *flag = json_string_value(json_array_get(flags, 0));

	if (strcmp(string_of(fib, "result"), "type") == 0 && json_array_size(flags) == 1 && flag &&
		strcmp(flag, "daddr") == 0)
		return packet->is_local_dst ? name_value("local") : unknown;
	return unknown;
}

static struct value ct_value(const char *key, const struct wall_packet *packet)
{
	if (strcmp(key, "state") == 0)
		return name_value(packet->is_reply ? "established" : "new");
	if (strcmp(key, "status") == 0) /* nobody has translated what is made up here */
		return name_value("confirmed");
	return unknown;
}

static struct value left_value(const json_t *left, const struct wall_packet *packet)
{
	const json_t *part;

	if ((part = json_object_get(left, "meta")))
		return meta_value(string_of(part, "key"), packet);
	if ((part = json_object_get(left, "payload")))
		return payload_value(string_of(part, "protocol"), string_of(part, "field"), packet);
	if ((part = json_object_get(left, "ct")))
		return ct_value(string_of(part, "key"), packet);
	if ((part = json_object_get(left, "fib")))
		return fib_value(part, packet);
	return unknown;
}

/* "eth*" is a pattern of names. */
static enum wall_truth name_equal(const char *name, const char *pattern)
{
	size_t len = strlen(pattern);

	if (len && pattern[len - 1] == '*')
		return strncmp(name, pattern, len - 1) == 0 ? WALL_YES : WALL_NO;
	return strcasecmp(name, pattern) == 0 ? WALL_YES : WALL_NO;
}

static enum wall_truth text_equal(const struct value *value, const char *text)
{
	struct ip_addr addr;
	uint64_t number;

	switch (value->kind) {
	case VALUE_NAME:
		return name_equal(value->name, text);
	case VALUE_ADDRESS:
		if (value_parse_address(span_of(text), &addr) != VALUE_OK)
			return WALL_MAYBE;
		return ip_addr_equal(&addr, &value->addr) ? WALL_YES : WALL_NO;
	case VALUE_NUMBER:
		if (value_parse_number(span_of(text), UINT64_MAX, &number) != VALUE_OK)
			return WALL_MAYBE; /* a service by name, say */
		return number == value->number ? WALL_YES : WALL_NO;
	case VALUE_UNKNOWN:
	case VALUE_ABSENT:
		break;
	}
	return WALL_MAYBE;
}

static enum wall_truth number_equal(const struct value *value, json_int_t number)
{
	static const struct {
		const char *name;
		int number;
	} protocols[] = {{"icmp", 1}, {"tcp", 6}, {"udp", 17}, {"icmpv6", 58}};

	if (value->kind == VALUE_NUMBER)
		return (uint64_t)number == value->number ? WALL_YES : WALL_NO;
	if (value->kind == VALUE_NAME)
		for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
			if (strcmp(protocols[i].name, value->name) == 0)
				return protocols[i].number == number ? WALL_YES : WALL_NO;
	return WALL_MAYBE;
}

static enum wall_truth in_prefix(const struct value *value, const json_t *right)
{
	struct ip_prefix want = {
		.bits = (uint8_t)json_integer_value(json_object_get(right, "len"))};
	struct ip_prefix have = {.addr = value->addr, .bits = want.bits};

	if (value->kind != VALUE_ADDRESS ||
		value_parse_address(span_of(string_of(right, "addr")), &want.addr) != VALUE_OK)
		return WALL_MAYBE;
	if (want.addr.family != have.addr.family || want.bits > ip_bits_max(want.addr.family))
		return WALL_NO;
	prefix_mask(&have);
	prefix_mask(&want);
	return ip_addr_equal(&have.addr, &want.addr) ? WALL_YES : WALL_NO;
}

static bool range_end(const json_t *end, const struct value *value, struct value *to)
{
	*to = (struct value){.kind = value->kind};
	if (value->kind == VALUE_NUMBER && json_is_integer(end)) {
		to->number = (uint64_t)json_integer_value(end);
		return true;
	}
	return value->kind == VALUE_ADDRESS && json_is_string(end) &&
	       value_parse_address(span_of(json_string_value(end)), &to->addr) == VALUE_OK &&
	       to->addr.family == value->addr.family;
}

/* Below 0, 0, above 0. */
static int compare_values(const struct value *a, const struct value *b)
{
	if (a->kind == VALUE_NUMBER)
		return (a->number > b->number) - (a->number < b->number);
	return memcmp(a->addr.b, b->addr.b, sizeof(a->addr.b));
}

static enum wall_truth in_range(const struct value *value, const json_t *range)
{
	struct value low, high;

	if (!range_end(json_array_get(range, 0), value, &low) ||
		!range_end(json_array_get(range, 1), value, &high))
		return WALL_MAYBE;
	return compare_values(value, &low) >= 0 && compare_values(value, &high) <= 0 ? WALL_YES
										     : WALL_NO;
}

/* One element: a value, or what may stand in its place; of an element with a timeout, its value. */
static enum wall_truth element_has(const struct value *value, const json_t *element)
{
	const json_t *part;

	if ((part = json_object_get(element, "elem")) && json_object_get(part, "val"))
		element = json_object_get(part, "val");
	if (json_is_string(element))
		return text_equal(value, json_string_value(element));
	if (json_is_integer(element))
		return number_equal(value, json_integer_value(element));
	if ((part = json_object_get(element, "prefix")))
		return in_prefix(value, part);
	if ((part = json_object_get(element, "range")))
		return in_range(value, part);
	return WALL_MAYBE;
}

static enum wall_truth list_has(const struct value *value, const json_t *list)
{
	enum wall_truth truth = WALL_NO;
	const json_t *element;
	size_t i;

	json_array_foreach(list, i, element)
	{
		enum wall_truth has = element_has(value, element);

		if (has == WALL_YES)
			return has;
		if (has == WALL_MAYBE)
			truth = has;
	}
	return truth;
}

const json_t *wallmatch_named(const struct wall_place *place, const char *name)
{
	static const char *const kinds[] = {"set", "map"};
	const json_t *item;
	size_t i;

	json_array_foreach(place->ruleset, i, item)
	{
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
			const json_t *set = json_object_get(item, kinds[k]);

			if (set && strcmp(string_of(set, "family"), place->family) == 0 &&
				strcmp(string_of(set, "table"), place->table) == 0 &&
				strcmp(string_of(set, "name"), name) == 0)
				return json_object_get(set, "elem");
		}
	}
	return NULL;
}

static enum wall_truth right_has(
	const struct wall_place *place, const struct value *value, const json_t *right)
{
	const json_t *list = json_object_get(right, "set");
	const char *text = json_string_value(right);

	if (value->kind == VALUE_UNKNOWN)
		return WALL_MAYBE;
	if (text && text[0] == '@') {
		list = wallmatch_named(place, text + 1);
		return list ? list_has(value, list) : WALL_NO; /* an empty set has no elements */
	}
	if (json_is_array(right)) /* flags: any of them */
		list = right;
	return json_is_array(list) ? list_has(value, list) : element_has(value, right);
}

enum wall_truth wallmatch_equal(const struct wall_place *place, const json_t *left,
	const json_t *right, const struct wall_packet *packet)
{
	struct value value = left_value(left, packet);

	return value.kind == VALUE_ABSENT ? WALL_NO : right_has(place, &value, right);
}

static enum wall_truth truth_of(bool condition)
{
	return condition ? WALL_YES : WALL_NO;
}

/* "<", ">", "<=", ">=" of numbers. */
static enum wall_truth compare(const struct value *value, const char *op, const json_t *right)
{
	uint64_t number = (uint64_t)json_integer_value(right);

	if (value->kind != VALUE_NUMBER || !json_is_integer(right))
		return WALL_MAYBE;
	if (op[0] == '<')
		return truth_of(op[1] ? value->number <= number : value->number < number);
	return truth_of(op[1] ? value->number >= number : value->number > number);
}

enum wall_truth wallmatch_run(
	const struct wall_place *place, const json_t *match, const struct wall_packet *packet)
{
	struct value value = left_value(json_object_get(match, "left"), packet);
	const json_t *right = json_object_get(match, "right");
	const char *op = string_of(match, "op");
	enum wall_truth has;

	if (value.kind == VALUE_ABSENT)
		return WALL_NO;
	if (op[0] == '<' || op[0] == '>')
		return compare(&value, op, right);
	has = right_has(place, &value, right);
	if (strcmp(op, "!=") != 0)
		return has;
	return has == WALL_MAYBE ? has : truth_of(has == WALL_NO);
}
