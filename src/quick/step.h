/*
 * Steps: what wg-quick does to a system, one change each, as values. A step prints itself as the
 * command that an administrator would have typed, knows the step that takes it back, and can be
 * written to and read from a line of the journal.
 */
#ifndef CULVERT_QUICK_STEP_H
#define CULVERT_QUICK_STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "addr.h"
#include "settings.h"
#include "span.h"
#include "textbuf.h"

enum step_kind {
	STEP_NONE,
	STEP_WARN, /* only says text */
	STEP_LINK_ADD,
	STEP_LINK_DELETE,
	STEP_LINK_UP,     /* with MTU `value` */
	STEP_MTU,         /* from `old_value` to `value` */
	STEP_HOOK,        /* text: the command, %i replaced */
	STEP_DEVICE_ADD,  /* adds `settings` to the device, as wg addconf */
	STEP_DEVICE_SYNC, /* makes the device what `settings` says, as wg syncconf */
	STEP_FWMARK,      /* from `old_value` to `value` */
	STEP_ADDRESS_ADD,
	STEP_ADDRESS_DELETE,
	STEP_ROUTE_ADD,
	STEP_ROUTE_DELETE,
	STEP_RULE_ADD,
	STEP_RULE_DELETE,
	STEP_FIREWALL_ADD, /* text: the rules; `value`: enum firewall_tool */
	STEP_FIREWALL_DELETE,
	STEP_VALID_MARK, /* sysctl src_valid_mark from `old_value` to `value` */
	STEP_DNS_SET,    /* text: lines of a resolv.conf; `value`: enum dns_tool; name */
	STEP_DNS_UNSET,
	STEP_SAVE,           /* runtime state into the configuration file */
	STEP_RESOLVER_START, /* the helper that resolves endpoints by name */
	STEP_RESOLVER_STOP,
	STEP_KINDS
};

enum firewall_tool {
	FIREWALL_NFT,
	FIREWALL_IPTABLES,
	FIREWALL_NONE,
};

enum dns_tool {
	DNS_RESOLVCONF,
	DNS_RESOLVECTL,
	DNS_FILE, /* we write resolv.conf ourselves */
};

enum { STEP_NAME_MAX = 47 };

struct step {
	enum step_kind kind;
	bool is_silent;          /* bookkeeping: neither printed nor, when it is so already, done */
	uint8_t family;          /* enum ip_family of an address, a route, a rule, firewall rules */
	struct ip_prefix prefix; /* of an address (with host bits) or a route */
	uint32_t table;          /* of a route or rule */
	uint32_t mark;           /* of a rule; 0: this is the one that suppresses default routes */
	uint32_t priority;       /* of a rule */
	uint32_t value, old_value;
	char name[STEP_NAME_MAX + 1];
	char *text;                             /* owned; may be NULL */
	const struct device_settings *settings; /* borrowed; of STEP_DEVICE_* only */
};

void step_fini(struct step *step);

/* The command, without newline, such as "ip -4 route add 10.0.0.0/8 dev wg0". */
void step_print(struct textbuf *out, const struct step *step, const char *ifname);

/* The same with what it is fed, as a shell would take it; for people who read a plan. */
void step_print_whole(struct textbuf *out, const struct step *step, const char *ifname);

/*
 * The step that takes this one back; false when there is none. Its text is a copy (NULL when
 * memory is short), to be freed by step_fini().
 */
bool step_invert(const struct step *step, struct step *inverse);

/* Does it take away (a rule, say) rather than make? */
bool step_is_undoing(const struct step *step);

/* Is it the one that takes back what `earlier` has made? */
bool step_undoes(const struct step *step, const struct step *earlier);

/* One line of the journal, with its newline; and back. Settings are not kept. */
void step_encode(struct textbuf *out, const struct step *step);
bool step_decode(struct span line, struct step *step);

#endif
