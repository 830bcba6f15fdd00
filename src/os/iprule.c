/* Policy rules over rtnetlink. */
#include <errno.h>
#include <stdlib.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include "grow.h"
#include "ipattr.h"
#include "iprule.h"

struct rule_list {
	struct iprule *rules;
	size_t count, room;
};

static uint32_t get_u32(const struct nlattr *attr)
{
	return mnl_attr_validate(attr, MNL_TYPE_U32) == 0 ? mnl_attr_get_u32(attr) : 0;
}

static int on_attr(const struct nlattr *attr, void *arg)
{
	struct iprule *rule = arg;

	switch (mnl_attr_get_type(attr)) {
	case FRA_PRIORITY:
		rule->priority = get_u32(attr);
		break;
	case FRA_TABLE:
		rule->table = get_u32(attr);
		break;
	case FRA_FWMARK:
		rule->has_mark = true;
		rule->mark = get_u32(attr);
		break;
	case FRA_FWMASK:
		if (get_u32(attr) != UINT32_MAX)
			rule->is_plain = false;
		break;
	case FRA_SUPPRESS_PREFIXLEN:
		rule->suppress_prefixlen = (int32_t)get_u32(attr);
		break;
	case FRA_SUPPRESS_IFGROUP:
		if (get_u32(attr) != UINT32_MAX)
			rule->is_plain = false;
		break;
	case FRA_PROTOCOL:
	case FRA_PAD:
	case FRA_UNSPEC:
		break;
	default: /* a selector that we do not know */
		rule->is_plain = false;
		break;
	}
	return MNL_CB_OK;
}

static int on_rule(const struct nlmsghdr *message, void *arg)
{
	const struct fib_rule_hdr *info = mnl_nlmsg_get_payload(message);
	struct rule_list *list = arg;
	struct iprule *rules, *rule;

	if (message->nlmsg_type != RTM_NEWRULE || !ipattr_ip_family(info->family))
		return MNL_CB_OK;
	rules = grow_array(list->rules, list->count, &list->room, sizeof(*rules));
	if (!rules)
		return MNL_CB_ERROR; /* errno is ENOMEM */
	list->rules = rules;
	rule = &rules[list->count++];
	*rule = (struct iprule){.family = ipattr_ip_family(info->family),
		.is_plain = info->action == FR_ACT_TO_TBL && !info->dst_len && !info->src_len &&
			    !info->tos,
		.is_not = (info->flags & FIB_RULE_INVERT) != 0,
		.table = info->table,
		.suppress_prefixlen = IPRULE_NO_SUPPRESS};
	return mnl_attr_parse(message, sizeof(*info), on_attr, rule);
}

static int list_family(struct rtnl *rtnl, uint8_t family, struct rule_list *list)
{
	size_t before = list->count;
	int error;

	do {
		struct nlmsghdr *message = rtnl_begin(rtnl, RTM_GETRULE, NLM_F_DUMP);
		struct fib_rule_hdr *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));

		info->family = ipattr_family(family);
		list->count = before;
		error = rtnl_query(rtnl, on_rule, list);
	} while (error == -EINTR);
	/* A kernel without policy routing for this family has no rules. */
	return error == -EOPNOTSUPP || error == -EAFNOSUPPORT ? 0 : error;
}

int iprule_list(struct rtnl *rtnl, struct iprule **rules, size_t *count)
{
	struct rule_list list = {0};
	int error = list_family(rtnl, IP_V4, &list);

	if (!error)
		error = list_family(rtnl, IP_V6, &list);
	if (error) {
		free(list.rules);
		return error;
	}
	*rules = list.rules;
	*count = list.count;
	return 0;
}

static int change_rule(struct rtnl *rtnl, uint16_t type, uint16_t flags, const struct iprule *rule)
{
	struct nlmsghdr *message = rtnl_begin(rtnl, type, flags);
	struct fib_rule_hdr *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));

	info->family = ipattr_family(rule->family);
	info->action = FR_ACT_TO_TBL;
	info->table = RT_TABLE_UNSPEC;
	info->flags = rule->is_not ? FIB_RULE_INVERT : 0;
	mnl_attr_put_u32(message, FRA_PRIORITY, rule->priority);
	mnl_attr_put_u32(message, FRA_TABLE, rule->table);
	if (rule->has_mark)
		mnl_attr_put_u32(message, FRA_FWMARK, rule->mark);
	if (rule->suppress_prefixlen != IPRULE_NO_SUPPRESS)
		mnl_attr_put_u32(
			message, FRA_SUPPRESS_PREFIXLEN, (uint32_t)rule->suppress_prefixlen);
	return rtnl_finish(rtnl);
}

int iprule_add(struct rtnl *rtnl, const struct iprule *rule)
{
	return change_rule(rtnl, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule);
}

int iprule_delete(struct rtnl *rtnl, const struct iprule *rule)
{
	return change_rule(rtnl, RTM_DELRULE, 0, rule);
}
