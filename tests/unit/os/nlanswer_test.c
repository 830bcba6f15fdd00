/* Answers that are interrupted, mixed with others, or go on after what was wrong. */
#include "unit.h"
#include "nlanswer.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

enum { SEQ = 7, OTHER = 6, DATA = NLMSG_MIN_TYPE };

/*
 * The letters of `order` are messages, one after the other. d: data; i: data with the mark of an
 * interrupted dump; e, E: the end of a dump, and that with the mark; r: a refusal; a: an
 * acknowledgement; n: nothing (NLMSG_NOOP); D, R: data and a refusal for another request. A bar
 * stands before the next datagram.
 */
struct row {
	const char *order;
	int seen, err;
	bool is_whole;
};

static const struct row rows[] = {
	{"dde", 2, 0, true},
	{"d|d|e", 2, 0, true},
	{"dd", 2, 0, false},
	{"a", 0, 0, true},
	{"da", 1, 0, true},
	{"r", 0, -EPERM, true},
	{"dne", 1, 0, true},
	/* What changed under the dump is told at its end, and no message after the mark is believed. */
	{"di|d", 1, -EINTR, false},
	{"di|d|e", 1, -EINTR, true},
	{"dE", 1, -EINTR, true},
	{"id|r", 0, -EINTR, true},
	/* What is left of an earlier answer is no part of this one, nor what comes behind its end. */
	{"DD|dde", 2, 0, true},
	{"RDd|Re", 1, 0, true},
	{"R", 0, 0, false},
	{"de|dr", 1, 0, true},
};

static size_t put(char *at, uint16_t type, uint16_t flags, uint32_t seq, int value)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(at);

	message->nlmsg_type = type;
	message->nlmsg_flags = flags;
	message->nlmsg_seq = seq;
	*(int *)mnl_nlmsg_put_extra_header(message, sizeof(value)) = value;
	return message->nlmsg_len;
}

static size_t put_letter(char *at, char letter)
{
	switch (letter) {
	case 'd':
	case 'D':
		return put(at, DATA, NLM_F_MULTI, letter == 'd' ? SEQ : OTHER, 0);
	case 'i':
		return put(at, DATA, NLM_F_MULTI | NLM_F_DUMP_INTR, SEQ, 0);
	case 'e':
		return put(at, NLMSG_DONE, NLM_F_MULTI, SEQ, 0);
	case 'E':
		return put(at, NLMSG_DONE, NLM_F_MULTI | NLM_F_DUMP_INTR, SEQ, 0);
	case 'r':
	case 'R':
		return put(at, NLMSG_ERROR, 0, letter == 'r' ? SEQ : OTHER, -EPERM);
	case 'a':
		return put(at, NLMSG_ERROR, 0, SEQ, 0);
	case 'n':
		return put(at, NLMSG_NOOP, 0, SEQ, 0);
	default:
		fail_msg("no letter %c", letter);
		return 0;
	}
}

static int count(const struct nlmsghdr *message, void *context)
{
	assert_int_equal(message->nlmsg_type, DATA);
	++*(int *)context;
	return MNL_CB_OK;
}

static int refuse(const struct nlmsghdr *message, void *context)
{
	count(message, context);
	errno = EOVERFLOW;
	return MNL_CB_ERROR;
}

static void take_all(struct nlanswer *answer, const char *order)
{
	_Alignas(struct nlmsghdr) char datagram[256];
	size_t len = 0;

	for (;; order++) {
		if (*order && *order != '|') {
			len += put_letter(datagram + len, *order);
			continue;
		}
		nlanswer_take(answer, datagram, len);
		len = 0;
		if (!*order)
			return;
	}
}

static void is_read_to_its_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int seen = 0;
		struct nlanswer answer = {.seq = SEQ, .see = count, .context = &seen};

		take_all(&answer, rows[i].order);
		if (seen != rows[i].seen || answer.err != rows[i].err)
			print_error("%s: %d seen, error %d\n", rows[i].order, seen, answer.err);
		assert_int_equal(seen, rows[i].seen);
		assert_int_equal(answer.err, rows[i].err);
		assert_int_equal(answer.is_whole, rows[i].is_whole);
	}
}

static void goes_on_behind_what_is_not_wanted(void **state)
{
	int seen = 0;
	struct nlanswer answer = {.seq = SEQ, .see = refuse, .context = &seen};

	(void)state;
	take_all(&answer, "dd");
	assert_false(answer.is_whole);
	take_all(&answer, "de");
	assert_true(answer.is_whole);
	assert_int_equal(answer.err, -EOVERFLOW);
	assert_int_equal(seen, 1);
}

static void bears_cut_messages(void **state)
{
	_Alignas(struct nlmsghdr) char datagram[64];
	size_t len = put_letter(datagram, 'e');

	(void)state;
	for (size_t cut = 0; cut < len; cut++) {
		struct nlanswer answer = {.seq = SEQ};

		nlanswer_take(&answer, datagram, cut);
		assert_false(answer.is_whole);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_read_to_its_end),
		cmocka_unit_test(goes_on_behind_what_is_not_wanted),
		cmocka_unit_test(bears_cut_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
