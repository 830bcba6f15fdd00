/* The outer sockets: a filter in the kernel (classic BPF) that drops by chance. */
#include "udp.h"

#include <byteswap.h>
#include <linux/filter.h>
#include "ensure.h"

enum { FILTER_MAX = UDP_SPARED_MAX + 5, UDP_HEADER_LEN = 8 };

/* The first four bytes as a filter loads them: big-endian. */
static uint32_t as_loaded(uint32_t number)
{
	return bswap_32(number);
}

/* Returns the length of the program. A datagram of fewer than four bytes is dropped by its load. */
static unsigned short build(
	struct sock_filter *program, const uint32_t *spared, unsigned spared_count, unsigned level)
{
	struct sock_filter *at = program;
	uint32_t mask = (1u << level) - 1;

	*at++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, UDP_HEADER_LEN);
	/* Over the rest of these, and two. */
	for (unsigned i = 0; i < spared_count; i++)
		*at++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
			as_loaded(spared[i]), (uint8_t)(spared_count - i - 1 + 2), 0);
	*at++ = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM));
	*at++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, mask, 1, 0);
	*at++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
	*at++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	return (unsigned short)(at - program);
}

void udp_thin(
	const struct udp_pair *udp, const uint32_t *spared, unsigned spared_count, unsigned level)
{
	struct sock_filter filter[FILTER_MAX];
	struct sock_fprog program = {.filter = filter};
	const int fds[] = {udp->fd4, udp->fd6}, unused = 0;

	ENSURE(spared_count <= UDP_SPARED_MAX && level < 32);
	program.len = build(filter, spared, spared_count, level);
	for (int i = 0; i < 2; i++) {
		if (fds[i] < 0)
			continue;
		if (level > 0)
			setsockopt(fds[i], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
		else
			setsockopt(fds[i], SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused));
	}
}
