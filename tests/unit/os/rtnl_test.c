/* Requests over rtnetlink: dumps, refusals, and an answer left half read. */
#include "unit.h"
#include "rtnl.h"

#include <errno.h>
#include <stdio.h>
#include "netns.h"
#include "tun.h"

static void begin_dump(void)
{
	struct nlmsghdr *message = rtnl_begin(&netns_rtnl, RTM_GETLINK, NLM_F_DUMP);

	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
}

static int count(const struct nlmsghdr *message, void *context)
{
	(*(int *)context)++;
	return message->nlmsg_type == RTM_NEWLINK ? MNL_CB_OK : MNL_CB_ERROR;
}

static int give_up(const struct nlmsghdr *message, void *context)
{
	(void)message;
	(void)context;
	errno = EOVERFLOW;
	return MNL_CB_ERROR;
}

static void dumps(void **state)
{
	enum { DEVICES = 40 }; /* so many that a dump takes more than one datagram */
	struct tun tuns[DEVICES];
	int links = 0;

	(void)state;
	netns_enter();
	for (int i = 0; i < DEVICES; i++) {
		char name[16];

		snprintf(name, sizeof(name), "t%d", i);
		assert_int_equal(tun_open(&tuns[i], name, false), 0);
	}
	begin_dump();
	assert_int_equal(rtnl_query(&netns_rtnl, count, &links), 0);
	/* Other devices may be there in each fresh namespace. */
	assert_true(links >= DEVICES + 1);

	for (int i = 0; i < 2; i++) {
		int again = 0;

		begin_dump();
		assert_int_equal(rtnl_query(&netns_rtnl, give_up, NULL), -EOVERFLOW);
		begin_dump();
		assert_int_equal(rtnl_query(&netns_rtnl, count, &again), 0);
		assert_int_equal(again, links);
	}
	for (int i = 0; i < DEVICES; i++)
		tun_close(&tuns[i]);
}

static void tells_what_the_kernel_says(void **state)
{
	(void)state;
	netns_enter();
	netns_add_address(1, "10.9.0.1", 24);
	/* The same once more, by hand. */
	for (int i = 0; i < 2; i++) {
		struct nlmsghdr *message =
			rtnl_begin(&netns_rtnl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
		struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(message, sizeof(*ifa));

		ifa->ifa_family = AF_INET;
		ifa->ifa_prefixlen = i == 0 ? 24 : 33;
		ifa->ifa_index = 1;
		mnl_attr_put_u32(message, IFA_LOCAL, htonl(0x0a090001));
		assert_int_equal(rtnl_finish(&netns_rtnl), i == 0 ? -EEXIST : -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dumps),
		cmocka_unit_test(tells_what_the_kernel_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
