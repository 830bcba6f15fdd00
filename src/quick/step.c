/* Steps: one table of kinds, then printing, taking back, and the journal's line. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ensure.h"
#include "step.h"
#include "values.h"

typedef void step_printer(struct textbuf *out, const struct step *step, const char *ifname);

static step_printer print_nothing, print_text, print_link_add, print_link_delete, print_link_up,
	print_mtu, print_device, print_fwmark, print_address, print_route, print_rule,
	print_firewall, print_valid_mark, print_dns_set, print_dns_unset, print_save,
	print_resolver;

static const struct {
	const char *word; /* in the journal */
	step_printer *print;
	enum step_kind inverse;
	bool swaps_values; /* the inverse sets old_value where this one set value */
	bool is_undoing;   /* takes away what another kind makes */
} kinds[STEP_KINDS] = {
	[STEP_NONE] = {"none", print_nothing, STEP_NONE, false, false},
	[STEP_WARN] = {"warn", print_text, STEP_NONE, false, false},
	[STEP_LINK_ADD] = {"link-add", print_link_add, STEP_LINK_DELETE, false, false},
	[STEP_LINK_DELETE] = {"link-delete", print_link_delete, STEP_NONE, false, true},
	[STEP_LINK_UP] = {"link-up", print_link_up, STEP_NONE, false, false},
	[STEP_MTU] = {"mtu", print_mtu, STEP_MTU, true, false},
	[STEP_HOOK] = {"hook", print_text, STEP_NONE, false, false},
	[STEP_DEVICE_ADD] = {"device-add", print_device, STEP_NONE, false, false},
	[STEP_DEVICE_SYNC] = {"device-sync", print_device, STEP_NONE, false, false},
	[STEP_FWMARK] = {"fwmark", print_fwmark, STEP_FWMARK, true, false},
	[STEP_ADDRESS_ADD] = {"address-add", print_address, STEP_ADDRESS_DELETE, false, false},
	[STEP_ADDRESS_DELETE] = {"address-delete", print_address, STEP_ADDRESS_ADD, false, true},
	[STEP_ROUTE_ADD] = {"route-add", print_route, STEP_ROUTE_DELETE, false, false},
	[STEP_ROUTE_DELETE] = {"route-delete", print_route, STEP_ROUTE_ADD, false, true},
	[STEP_RULE_ADD] = {"rule-add", print_rule, STEP_RULE_DELETE, false, false},
	[STEP_RULE_DELETE] = {"rule-delete", print_rule, STEP_RULE_ADD, false, true},
	[STEP_FIREWALL_ADD] = {"firewall-add", print_firewall, STEP_FIREWALL_DELETE, false, false},
	[STEP_FIREWALL_DELETE] = {"firewall-delete", print_firewall, STEP_FIREWALL_ADD, false,
		true},
	[STEP_VALID_MARK] = {"valid-mark", print_valid_mark, STEP_VALID_MARK, true, false},
	[STEP_DNS_SET] = {"dns-set", print_dns_set, STEP_DNS_UNSET, false, false},
	[STEP_DNS_UNSET] = {"dns-unset", print_dns_unset, STEP_DNS_SET, false, true},
	[STEP_SAVE] = {"save", print_save, STEP_NONE, false, false},
	[STEP_RESOLVER_START] = {"resolver-start", print_resolver, STEP_RESOLVER_STOP, false,
		false},
	[STEP_RESOLVER_STOP] = {"resolver-stop", print_resolver, STEP_RESOLVER_START, false, true},
};

void step_fini(struct step *step)
{
	free(step->text);
	*step = (struct step){0};
}

void step_print(struct textbuf *out, const struct step *step, const char *ifname)
{
	ENSURE(step->kind < STEP_KINDS);
	kinds[step->kind].print(out, step, ifname);
}

/* Commands that read a text: what it is shown as, and by which words the text is fed. */
void step_print_whole(struct textbuf *out, const struct step *step, const char *ifname)
{
	static const char fed_by_file[] = " /dev/fd/63";
	size_t start = out->len, tail = sizeof(fed_by_file) - 1;

	step_print(out, step, ifname);
	if (!step->text || out->is_short ||
		(step->kind != STEP_FIREWALL_ADD && step->kind != STEP_DNS_SET))
		return;
	if (out->len - start > tail && strcmp(out->text + out->len - tail, fed_by_file) == 0) {
		out->len -= tail;
		textbuf_add(out, " -");
	}
	textbuf_addf(out, " <<'END'\n%sEND", step->text);
}

bool step_invert(const struct step *step, struct step *inverse)
{
	if (kinds[step->kind].inverse == STEP_NONE)
		return false;
	*inverse = *step;
	inverse->kind = kinds[step->kind].inverse;
	inverse->text = step->text ? strdup(step->text) : NULL;
	if (kinds[step->kind].swaps_values) {
		inverse->value = step->old_value;
		inverse->old_value = step->value;
	}
	return true;
}

bool step_is_undoing(const struct step *step)
{
	return kinds[step->kind].is_undoing || (step->kind == STEP_VALID_MARK && !step->value);
}

bool step_undoes(const struct step *step, const struct step *earlier)
{
	return step_is_undoing(step) && kinds[earlier->kind].inverse == step->kind &&
	       step->family == earlier->family && step->mark == earlier->mark &&
	       step->table == earlier->table && step->priority == earlier->priority &&
	       step->prefix.bits == earlier->prefix.bits &&
	       ip_addr_equal(&step->prefix.addr, &earlier->prefix.addr);
}

/* Bytes that would end a word or a line are written as %XX. */
static void encode_text(struct textbuf *out, const char *text)
{
	textbuf_add(out, "=");
	for (; text && *text; text++) {
		if (*text <= ' ' || *text == '%' || *text == 0x7f)
			textbuf_addf(out, "%%%02x", (unsigned char)*text);
		else
			textbuf_add_span(out, (struct span){text, 1});
	}
}

void step_encode(struct textbuf *out, const struct step *step)
{
	struct ip_prefix prefix = step->prefix;

	if (!prefix.addr.family)
		prefix.addr.family = IP_V4;
	textbuf_addf(out, "%s %u ", kinds[step->kind].word, step->family);
	value_print_prefix(out, &prefix);
	textbuf_addf(out, " %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 " ",
		step->table, step->mark, step->priority, step->value, step->old_value);
	encode_text(out, step->name);
	textbuf_add(out, " ");
	encode_text(out, step->text);
	textbuf_add(out, "\n");
}

static bool next_word(struct span *rest, struct span *word)
{
	size_t end = span_find(*rest, ' ');

	*word = span_until(*rest, end);
	*rest = span_from(*rest, end < rest->len ? end + 1 : end);
	return word->len > 0;
}

static bool decode_kind(struct span word, enum step_kind *kind)
{
	for (int i = STEP_NONE + 1; i < STEP_KINDS; i++) {
		if (span_equal(word, kinds[i].word)) {
			*kind = (enum step_kind)i;
			return true;
		}
	}
	return false;
}

static bool decode_numbers(struct span *rest, struct step *step)
{
	uint32_t *const numbers[] = {
		&step->table, &step->mark, &step->priority, &step->value, &step->old_value};
	struct span word;
	uint64_t number;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (!next_word(rest, &word) ||
			value_parse_number(word, UINT32_MAX, &number) != VALUE_OK)
			return false;
		*numbers[i] = (uint32_t)number;
	}
	return true;
}

/* An address with its host bits, which value_parse_prefix() would take away. */
static bool decode_prefix(struct span word, struct ip_prefix *prefix)
{
	size_t slash = span_find(word, '/');
	uint64_t bits;

	if (slash == word.len ||
		value_parse_address(span_until(word, slash), &prefix->addr) != VALUE_OK ||
		value_parse_number(span_from(word, slash + 1), ip_bits_max(prefix->addr.family),
			&bits) != VALUE_OK)
		return false;
	prefix->bits = (uint8_t)bits;
	return true;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A copy of the text of a word `=TEXT`; NULL when it is malformed or memory is short. */
static char *decode_text(struct span word)
{
	char *text, *to;

	if (!word.len || word.at[0] != '=')
		return NULL;
	text = to = malloc(word.len);
	for (size_t i = 1; text && i < word.len; i++) {
		if (word.at[i] != '%') {
			*to++ = word.at[i];
			continue;
		}
		if (i + 2 >= word.len || hex_digit(word.at[i + 1]) < 0 ||
			hex_digit(word.at[i + 2]) < 0) {
			free(text);
			return NULL;
		}
		*to++ = (char)(hex_digit(word.at[i + 1]) << 4 | hex_digit(word.at[i + 2]));
		i += 2;
	}
	if (text)
		*to = 0;
	return text;
}

static bool decode_name(struct span word, struct step *step)
{
	char *name = decode_text(word);
	bool fits = name && strlen(name) <= STEP_NAME_MAX;

	if (fits)
		memcpy(step->name, name, strlen(name) + 1);
	free(name);
	return fits;
}

bool step_decode(struct span line, struct step *step)
{
	struct span kind, family, prefix, name, text;

	*step = (struct step){0};
	if (!next_word(&line, &kind) || !decode_kind(kind, &step->kind) ||
		!next_word(&line, &family) || family.len != 1 || !next_word(&line, &prefix) ||
		!decode_prefix(prefix, &step->prefix) || !decode_numbers(&line, step) ||
		!next_word(&line, &name) || !decode_name(name, step) || !next_word(&line, &text))
		return false;
	step->family = (uint8_t)(family.at[0] - '0');
	step->text = decode_text(text);
	return step->text &&
	       (step->family == IP_NONE || step->family == IP_V4 || step->family == IP_V6);
}

static void print_nothing(struct textbuf *out, const struct step *step, const char *ifname)
{
	(void)out, (void)step, (void)ifname;
}

static void print_text(struct textbuf *out, const struct step *step, const char *ifname)
{
	(void)ifname;
	textbuf_add(out, step->text ? step->text : "");
}

static void print_link_add(struct textbuf *out, const struct step *step, const char *ifname)
{
	(void)step;
	textbuf_addf(out, "ip link add dev %s type wireguard", ifname);
}

static void print_link_delete(struct textbuf *out, const struct step *step, const char *ifname)
{
	(void)step;
	textbuf_addf(out, "ip link delete dev %s", ifname);
}

static void print_link_up(struct textbuf *out, const struct step *step, const char *ifname)
{
	textbuf_addf(out, "ip link set mtu %" PRIu32 " up dev %s", step->value, ifname);
}

static void print_mtu(struct textbuf *out, const struct step *step, const char *ifname)
{
	textbuf_addf(out, "ip link set mtu %" PRIu32 " dev %s", step->value, ifname);
}

static void print_device(struct textbuf *out, const struct step *step, const char *ifname)
{
	textbuf_addf(out, "wg %s %s /dev/fd/63",
		step->kind == STEP_DEVICE_ADD ? "addconf" : "syncconf", ifname);
}

static void print_fwmark(struct textbuf *out, const struct step *step, const char *ifname)
{
	textbuf_addf(out, "wg set %s fwmark %" PRIu32, ifname, step->value);
}

static void print_address(struct textbuf *out, const struct step *step, const char *ifname)
{
	textbuf_addf(out, "ip -%u address %s ", step->family,
		step->kind == STEP_ADDRESS_ADD ? "add" : "delete");
	if (step->text && *step->text)
		textbuf_add(out, step->text);
	else
		value_print_prefix(out, &step->prefix);
	textbuf_addf(out, " dev %s", ifname);
}

static void print_route(struct textbuf *out, const struct step *step, const char *ifname)
{
	textbuf_addf(out, "ip -%u route %s ", step->family,
		step->kind == STEP_ROUTE_ADD ? "add" : "delete");
	value_print_prefix(out, &step->prefix);
	textbuf_addf(out, " dev %s", ifname);
	if (step->text && *step->text)
		textbuf_addf(out, " table %s", step->text);
}

static void print_rule(struct textbuf *out, const struct step *step, const char *ifname)
{
	(void)ifname;
	textbuf_addf(out, "ip -%u rule %s ", step->family,
		step->kind == STEP_RULE_ADD ? "add" : "delete");
	if (!step->mark)
		textbuf_add(out, "table main suppress_prefixlength 0");
	else if (step->kind == STEP_RULE_ADD)
		textbuf_addf(out, "not fwmark %" PRIu32 " table %" PRIu32, step->mark, step->table);
	else
		textbuf_addf(out, "table %" PRIu32, step->table);
}

static void print_firewall(struct textbuf *out, const struct step *step, const char *ifname)
{
	(void)ifname;
	if (step->value == FIREWALL_NFT)
		textbuf_add(out, "nft -f /dev/fd/63");
	else
		textbuf_addf(out, "ip%stables-restore -n", step->family == IP_V6 ? "6" : "");
}

static void print_valid_mark(struct textbuf *out, const struct step *step, const char *ifname)
{
	(void)ifname;
	textbuf_addf(out, "sysctl -q net.ipv4.conf.all.src_valid_mark=%" PRIu32, step->value);
}

static void print_dns_set(struct textbuf *out, const struct step *step, const char *ifname)
{
	if (step->value == DNS_RESOLVCONF)
		textbuf_addf(out, "resolvconf -a %s -m 0 -x", step->name);
	else if (step->value == DNS_RESOLVECTL)
		textbuf_addf(out, "resolvectl dns %s", ifname);
	else
		textbuf_add(out, "tee /etc/resolv.conf");
}

static void print_dns_unset(struct textbuf *out, const struct step *step, const char *ifname)
{
	if (step->value == DNS_RESOLVCONF)
		textbuf_addf(out, "resolvconf -d %s -f", step->name);
	else if (step->value == DNS_RESOLVECTL)
		textbuf_addf(out, "resolvectl revert %s", ifname);
	else
		textbuf_add(out, "mv /run/culvert/quick/resolv.conf /etc/resolv.conf");
}

static void print_save(struct textbuf *out, const struct step *step, const char *ifname)
{
	(void)step;
	textbuf_addf(out, "wg showconf %s", ifname);
}

static void print_resolver(struct textbuf *out, const struct step *step, const char *ifname)
{
	(void)ifname;
	textbuf_addf(out, "%s resolving endpoints by name",
		step->kind == STEP_RESOLVER_START ? "start" : "stop");
}
