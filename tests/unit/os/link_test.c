/* Interfaces: what is set is what is read; what is decoded has bounds. */
#include "unit.h"
#include "link.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include "netns.h"
#include "nsid.h"
#include "tun.h"

static void reads_what_it_set(void **state)
{
	struct link_state link;
	struct tun tun;
	uint32_t ifindex;

	(void)state;
	netns_enter();
	assert_int_equal(link_find("t0", &ifindex), -ENODEV);
	assert_int_equal(ifindex, 0);
	assert_int_equal(tun_open(&tun, "t0", false), 0);
	assert_int_equal(link_find("t0", &ifindex), 0);
	assert_int_equal(link_get(&netns_rtnl, NSID_OWN, ifindex, &link), 0);
	assert_int_equal(link.ifindex, ifindex);
	assert_string_equal(link.name, "t0");
	assert_int_equal(link.mtu, 1500);
	assert_true(link.exists && !link.is_up);

	assert_int_equal(link_set_mtu(&netns_rtnl, ifindex, 1420), 0);
	assert_int_equal(link_set_up(&netns_rtnl, ifindex, true), 0);
	assert_int_equal(link_set_gso_max(&netns_rtnl, ifindex, 45, 65400), 0);
	netns_rename(ifindex, "fifteen-letters");
	assert_int_equal(link_get(&netns_rtnl, NSID_OWN, ifindex, &link), 0);
	assert_string_equal(link.name, "fifteen-letters");
	assert_int_equal(link.mtu, 1420);
	assert_true(link.exists && link.is_up);

	assert_int_equal(link_set_up(&netns_rtnl, ifindex, false), 0);
	assert_int_equal(link_get(&netns_rtnl, NSID_OWN, ifindex, &link), 0);
	assert_false(link.is_up);
	assert_int_equal(link_set_mtu(&netns_rtnl, ifindex, 100000), -EINVAL);
	assert_int_equal(link_delete(&netns_rtnl, ifindex), 0);
	assert_int_equal(link_get(&netns_rtnl, NSID_OWN, ifindex, &link), -ENODEV);
	assert_int_equal(link_set_up(&netns_rtnl, ifindex, true), -ENODEV);
	assert_int_equal(link_delete(&netns_rtnl, ifindex), -ENODEV);
	tun_close(&tun);
}

static void decodes_only_whole_messages(void **state)
{
	static const struct {
		uint16_t type;
		int ifindex;
		size_t payload_len, name_len, mtu_len;
		bool decoded;
	} cases[] = {
		{RTM_NEWLINK, 3, sizeof(struct ifinfomsg), 4, 4, true},
		{RTM_DELLINK, 3, sizeof(struct ifinfomsg), 4, 4, true},
		{RTM_NEWADDR, 3, sizeof(struct ifinfomsg), 4, 4, false},
		{RTM_NEWLINK, 0, sizeof(struct ifinfomsg), 4, 4, false},
		{RTM_NEWLINK, -1, sizeof(struct ifinfomsg), 4, 4, false},
		{RTM_NEWLINK, 3, sizeof(struct ifinfomsg) - 4, 0, 0, false},
		{RTM_NEWLINK, 3, sizeof(struct ifinfomsg), 16, 4, true},
		{RTM_NEWLINK, 3, sizeof(struct ifinfomsg), 17, 4, false},
		{RTM_NEWLINK, 3, sizeof(struct ifinfomsg), 4, 2, false},
		{RTM_NEWLINK, 3, sizeof(struct ifinfomsg), 0, 0, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buffer[256], name[17] = "aaaaaaaaaaaaaaaa";
		struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
		struct ifinfomsg *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));
		uint32_t mtu = 1420;
		struct link_state link;

		message->nlmsg_type = cases[i].type;
		message->nlmsg_len = (uint32_t)(MNL_NLMSG_HDRLEN + cases[i].payload_len);
		info->ifi_index = cases[i].ifindex;
		if (cases[i].name_len) {
			name[cases[i].name_len - 1] = '\0';
			mnl_attr_put(message, IFLA_IFNAME, cases[i].name_len, name);
		}
		if (cases[i].mtu_len)
			mnl_attr_put(message, IFLA_MTU, cases[i].mtu_len, &mtu);
		assert_int_equal(link_decode(message, &link), cases[i].decoded);
		if (!cases[i].decoded)
			continue;
		assert_int_equal(link.exists, cases[i].type == RTM_NEWLINK);
		assert_int_equal(link.mtu, cases[i].mtu_len ? 1420 : 0);
		assert_int_equal(strlen(link.name), cases[i].name_len ? cases[i].name_len - 1 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_it_set),
		cmocka_unit_test(decodes_only_whole_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
