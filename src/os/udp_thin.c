/* The outer sockets: a filter in the kernel (classic BPF) that drops by chance. */
#include "udp.h"

#include <byteswap.h>
#include <linux/filter.h>
#include "bytes.h"
#include "ensure.h"

enum {
	UDP_HEADER_LEN = 8,
	IPV4_SOURCE_AT = 12,
	IPV6_SOURCE_AT = 8,
	IPV6_WORDS = 4,
	/* Is the mark on, and the chance without. */
	MARK_LEN = 9,
	/* The end of the program: other chances, then "in" and "not". */
	CHANCES_LEN = 10,
	ENDS_LEN = 2,
};

/* Of so many kinds of messages that name a session: tell them, load the index, test it. */
#define NAMED_LEN(count) (3 * (count) + 1 + MARK_LEN)

#define FILTER_MAX                                                                                 \
	(1 + NAMED_LEN(UDP_NAMED_MAX) + 3 * IPV6_WORDS + UDP_KNOWN_MAX + CHANCES_LEN + ENDS_LEN)

struct program {
	struct sock_filter at[FILTER_MAX];
	unsigned count;
	unsigned in; /* the place of the instruction that lets in; next comes the one that drops */
};

static void put(struct program *program, unsigned code, uint32_t value)
{
	ENSURE(program->count < FILTER_MAX);
	program->at[program->count++] = (struct sock_filter)BPF_STMT((uint16_t)code, value);
}

/* Goes on at one place of the program or another, both behind this one. */
static void put_jump(struct program *program, unsigned condition, uint32_t value, unsigned if_true,
	unsigned if_false)
{
	unsigned next = program->count + 1;

	ENSURE(next < FILTER_MAX && if_true - next <= UINT8_MAX && if_false - next <= UINT8_MAX);
	program->at[program->count++] =
		(struct sock_filter)BPF_JUMP((uint16_t)(BPF_JMP | condition | BPF_K), value,
			(uint8_t)(if_true - next), (uint8_t)(if_false - next));
}

/* A filter loads big-endian numbers. */
static void put_load(struct program *program, uint32_t payload_at)
{
	put(program, BPF_LD | BPF_W | BPF_ABS, UDP_HEADER_LEN + payload_at);
}

static void put_jump_if_equal(struct program *program, uint32_t value, unsigned place)
{
	put_jump(program, BPF_JEQ, value, place, program->count + 1);
}

static void put_chance(struct program *program, unsigned level)
{
	put(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM));
	put_jump(program, BPF_JSET, (1u << level) - 1, program->in + 1, program->in);
}

/* An address as one number: itself, or the exclusive or of its parts. */
static uint32_t fold(const struct ip_addr *addr)
{
	uint32_t folded = 0;

	for (unsigned i = 0; i < ip_bytes(addr->family); i += 4)
		folded ^= be32_load((struct be32){
			{addr->b[i], addr->b[i + 1], addr->b[i + 2], addr->b[i + 3]}});
	return folded;
}

static void put_fold_of_source(struct program *program, uint8_t family)
{
	uint32_t at = (uint32_t)SKF_NET_OFF + (family == IP_V4 ? IPV4_SOURCE_AT : IPV6_SOURCE_AT);

	put(program, BPF_LD | BPF_W | BPF_ABS, at);
	for (unsigned i = 1; family == IP_V6 && i < IPV6_WORDS; i++) {
		put(program, BPF_MISC | BPF_TAX, 0);
		put(program, BPF_LD | BPF_W | BPF_ABS, at + 4 * i);
		put(program, BPF_ALU | BPF_XOR | BPF_X, 0);
	}
}

static unsigned count_known(const struct udp_thinning *thinning, uint8_t family)
{
	unsigned count = 0;

	for (unsigned i = 0; i < thinning->known_count; i++)
		count += thinning->known[i].family == family;
	return count;
}

/* Of an index that is loaded, as index_mark_is_on() says. */
static void put_mark(struct program *program, const struct udp_thinning *thinning)
{
	const struct index_mark *mark = &thinning->mark;

	put(program, BPF_ALU | BPF_ADD | BPF_K, mark->offset);
	put(program, BPF_ALU | BPF_MUL | BPF_K, mark->factors[0] | 1);
	put(program, BPF_MISC | BPF_TAX, 0);
	put(program, BPF_ALU | BPF_RSH | BPF_K, INDEX_MARK_SHIFT);
	put(program, BPF_ALU | BPF_XOR | BPF_X, 0);
	put(program, BPF_ALU | BPF_MUL | BPF_K, mark->factors[1] | 1);
	put_jump(program, BPF_JGE, 1u << (32 - INDEX_MARK_BITS), program->count + 1, program->in);
	put_chance(program, thinning->named_level);
}

/* Messages that name a session, up to the test of the mark, which is the same for all. */
static void put_named(struct program *program, const struct udp_thinning *thinning)
{
	unsigned count = thinning->named_count, loads = program->count + count + 1;

	for (unsigned i = 0; i < count; i++)
		put_jump_if_equal(program, bswap_32(thinning->named[i].begin), loads + 2 * i);
	put(program, BPF_JMP | BPF_JA, 2 * count + MARK_LEN);
	for (unsigned i = 0; i < count; i++) {
		put_load(program, thinning->named[i].index_at);
		put(program, BPF_JMP | BPF_JA, 2 * (count - 1 - i));
	}
	put_mark(program, thinning);
	ENSURE(program->count == loads + 2 * count + MARK_LEN);
}

static void write_program(
	struct program *program, const struct udp_thinning *thinning, uint8_t family)
{
	unsigned fold_len = family == IP_V4 ? 1 : 3 * IPV6_WORDS - 2, of_others, of_known;

	program->count = 0;
	program->in = 1 + NAMED_LEN(thinning->named_count) + fold_len +
		      count_known(thinning, family) + CHANCES_LEN;
	of_known = program->in - 2;
	of_others = program->in - 4;
	/* What is too short for a load is dropped by it. */
	put_load(program, 0);
	put_named(program, thinning);
	put_fold_of_source(program, family);
	for (unsigned i = 0; i < thinning->known_count; i++)
		if (thinning->known[i].family == family)
			put_jump_if_equal(program, fold(&thinning->known[i]), of_known);
	put_load(program, 0);
	put_jump(program, BPF_JEQ, bswap_32(thinning->claim), program->count + 1, of_others);
	put_load(program, thinning->claim_at);
	put_jump(program, BPF_JEQ, 0, of_others, program->count + 1);
	put_chance(program, thinning->claim_level);
	put_chance(program, thinning->level);
	put_chance(program, thinning->known_level);
	ENSURE(program->count == program->in);
	put(program, BPF_RET | BPF_K, UINT32_MAX);
	put(program, BPF_RET | BPF_K, 0);
}

static void use(int fd, const struct udp_thinning *thinning, uint8_t family)
{
	struct program program;
	struct sock_fprog filter = {.filter = program.at};

	if (fd < 0)
		return;
	if ((thinning->level | thinning->named_level | thinning->known_level |
		    thinning->claim_level) == 0) {
		setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &(int){0}, sizeof(int));
		return;
	}
	write_program(&program, thinning, family);
	filter.len = (unsigned short)program.count;
	setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
}

void udp_thin(const struct udp_pair *udp, const struct udp_thinning *thinning)
{
	ENSURE(thinning->named_count <= UDP_NAMED_MAX && thinning->known_count <= UDP_KNOWN_MAX);
	ENSURE((thinning->level | thinning->named_level | thinning->known_level |
		       thinning->claim_level) < 32);
	use(udp->fd4, thinning, IP_V4);
	use(udp->fd6, thinning, IP_V6);
}
