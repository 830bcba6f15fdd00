/* The TUN device against the kernel: what goes in by a socket comes out here, and back. */
#include "unit.h"
#include "tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "netns.h"

enum { IP_LEN = 20, UDP_LEN = 8, HEADERS = IP_LEN + UDP_LEN };

static uint8_t packet[TUN_ROOM];

/* A device that is up, with 10.9.0.1/24. */
static uint32_t open_up(struct tun *tun, const char *name)
{
	uint32_t ifindex;

	assert_int_equal(tun_open(tun, name, false), 0);
	assert_int_equal(link_find(name, &ifindex), 0);
	netns_add_address(ifindex, "10.9.0.1", 24);
	assert_int_equal(link_set_up(&netns_rtnl, ifindex, true), 0);
	return ifindex;
}

/* Raw: as another program would have made it. */
static int open_raw(const char *name, int flags)
{
	struct ifreq request = {.ifr_flags = (short)flags};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	strcpy(request.ifr_name, name);
	if (flags)
		assert_int_equal(ioctl(fd, TUNSETIFF, &request), 0);
	return fd;
}

/* The next IPv4 UDP packet; others (IPv6 router solicitations) are passed over. */
static ssize_t read_udp(const struct tun *tun, struct tun_header *header)
{
	for (;;) {
		ssize_t len;

		netns_wait(tun->fd);
		len = tun_read(tun, header, packet, sizeof(packet));
		assert_true(len > 0);
		if (packet[0] == 0x45 && packet[9] == IPPROTO_UDP)
			return len;
	}
}

static int udp_socket(uint16_t local_port, uint16_t remote_port)
{
	struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(local_port)};
	struct sockaddr_in remote = {.sin_family = AF_INET, .sin_port = htons(remote_port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	local.sin_addr.s_addr = htonl(0x0a090001);
	remote.sin_addr.s_addr = htonl(0x0a090002);
	assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof(local)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&remote, sizeof(remote)), 0);
	return fd;
}

static uint32_t sum16(const uint8_t *bytes, size_t len, uint32_t sum)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	if (len % 2)
		sum += (uint32_t)bytes[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void put16(uint8_t *at, size_t n)
{
	at[0] = (uint8_t)(n >> 8);
	at[1] = (uint8_t)n;
}

/* From 10.9.0.2:7 to 10.9.0.1:9; the UDP checksum is the pseudo-header's, to be finished. */
static void make_headers(uint8_t headers[HEADERS], size_t payload_len)
{
	static const uint8_t addresses[] = {10, 9, 0, 2, 10, 9, 0, 1};
	size_t udp_len = UDP_LEN + payload_len;

	memset(headers, 0, HEADERS);
	headers[0] = 0x45;
	put16(headers + 2, IP_LEN + udp_len);
	headers[8] = 64;
	headers[9] = IPPROTO_UDP;
	memcpy(headers + 12, addresses, 8);
	put16(headers + 10, ~sum16(headers, IP_LEN, 0) & 0xffff);
	put16(headers + IP_LEN, 7);
	put16(headers + IP_LEN + 2, 9);
	put16(headers + IP_LEN + 4, udp_len);
	put16(headers + IP_LEN + 6, sum16(addresses, 8, (uint32_t)(IPPROTO_UDP + udp_len)));
}

static void names_must_be_usable(void **state)
{
	static const struct {
		const char *name;
		bool valid;
	} cases[] = {
		{"wg0", true},
		{"a", true},
		{"123456789012345", true},
		{"1234567890123456", false},
		{"", false},
		{".", false},
		{"..", false},
		{"...", true},
		{"a/b", false},
		{"a:b", false},
		{"a b", false},
		{"a\tb", false},
		{"a\x7f", false},
		{"a\xc3\xa4", false},
		{"wg%d", false},
		{"wg-home.1_x=y+z", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(tun_name_valid(cases[i].name), cases[i].valid);
}

static void opens_and_closes(void **state)
{
	struct tun tun, again;
	uint32_t ifindex;

	(void)state;
	netns_enter();
	assert_int_equal(tun_open(&tun, "no good", false), -EINVAL);
	assert_int_equal(tun.fd, -1);
	assert_int_equal(tun_open(&tun, "t0", false), 0);
	assert_string_equal(tun.name, "t0");
	assert_true(tun.has_header);
	assert_false(tun.is_multi_queue);
	assert_int_equal(tun.offloads, 0);
	assert_int_equal(tun_open(&again, "t0", false), -EBUSY);
	assert_int_equal(tun_open(&again, "lo", false), -EINVAL);
	tun_close(&tun);
	assert_int_equal(tun.fd, -1);
	assert_int_equal(link_find("t0", &ifindex), -ENODEV);
}

static void has_many_queues(void **state)
{
	struct tun a, b;

	(void)state;
	netns_enter();
	assert_int_equal(tun_open(&a, "t0", true), 0);
	assert_int_equal(tun_open(&b, "t0", true), 0);
	assert_true(a.is_multi_queue && b.is_multi_queue);
	tun_close(&a);
	tun_close(&b);
}

static void persists(void **state)
{
	struct tun tun;
	uint32_t before, after;

	(void)state;
	netns_enter();
	assert_int_equal(tun_open(&tun, "t0", false), 0);
	assert_int_equal(link_find("t0", &before), 0);
	assert_int_equal(tun_set_persistent(&tun, true), 0);
	tun_close(&tun);
	assert_int_equal(tun_open(&tun, "t0", false), 0);
	assert_int_equal(link_find("t0", &after), 0);
	assert_int_equal(before, after);
	assert_int_equal(tun_set_persistent(&tun, false), 0);
	tun_close(&tun);
	assert_int_equal(link_find("t0", &after), -ENODEV);
}

static void adopts_what_is_a_tun(void **state)
{
	static const struct {
		int flags, result;
		bool has_header;
	} cases[] = {
		{IFF_TUN | IFF_NO_PI | IFF_VNET_HDR, 0, true},
		{IFF_TUN | IFF_NO_PI, 0, false},
		{IFF_TAP | IFF_NO_PI, -EINVAL, false},
		{0, -EBADFD, false},
	};
	struct tun tun;

	(void)state;
	netns_enter();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = open_raw("t0", cases[i].flags);

		assert_int_equal(tun_adopt(&tun, fd), cases[i].result);
		if (cases[i].result == 0) {
			assert_int_equal(tun.has_header, cases[i].has_header);
			assert_string_equal(tun.name, "t0");
			assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
			assert_int_equal(tun_set_offloads(&tun, TUN_OFFLOAD_ALL), 0);
			assert_int_equal(tun.offloads != 0, cases[i].has_header);
			assert_int_equal(
				tun_read(&tun, &(struct tun_header){0}, packet, 1), -EAGAIN);
		} else {
			assert_int_equal(tun.fd, -1);
		}
		close(fd);
	}
}

static void adopts_no_other_file(void **state)
{
	struct tun tun;
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	assert_int_equal(tun_adopt(&tun, fd), -EINVAL);
	close(fd);
	assert_int_equal(tun_adopt(&tun, -1), -EBADF);
}

static void gets_the_offloads_it_asks_for(void **state)
{
	const unsigned tcp = TUN_CHECKSUM | TUN_TSO4 | TUN_TSO6;
	struct tun tun;

	(void)state;
	netns_enter();
	assert_int_equal(tun_open(&tun, "t0", false), 0);
	assert_int_equal(tun_set_offloads(&tun, TUN_OFFLOAD_ALL), 0);
	/* USO from Linux 6.2 on. */
	assert_int_equal(tun.offloads | TUN_USO, TUN_OFFLOAD_ALL);
	assert_int_equal(tun_set_offloads(&tun, tcp), 0);
	assert_int_equal(tun.offloads, tcp);
	assert_int_equal(tun_set_offloads(&tun, TUN_TSO4), 0);
	assert_int_equal(tun.offloads, 0);
	tun_close(&tun);
}

static void reads_a_packet_with_its_checksum_to_do(void **state)
{
	struct tun_header header;
	struct tun tun;
	int fd;

	(void)state;
	netns_enter();
	open_up(&tun, "t0");
	assert_int_equal(tun_set_offloads(&tun, TUN_OFFLOAD_ALL), 0);
	fd = udp_socket(9, 7);
	assert_int_equal(send(fd, "hello", 5, 0), 5);
	assert_int_equal(read_udp(&tun, &header), HEADERS + 5);
	assert_memory_equal(packet + HEADERS, "hello", 5);
	assert_int_equal(header.flags, TUN_NEEDS_CHECKSUM);
	assert_int_equal(header.gso, TUN_GSO_NONE);
	assert_int_equal(header.checksum_start, IP_LEN);
	assert_int_equal(header.checksum_offset, 6);
	close(fd);
	tun_close(&tun);
}

static void reads_whole_packets_without_offloads(void **state)
{
	static const int kinds[] = {IFF_TUN | IFF_NO_PI | IFF_VNET_HDR, IFF_TUN | IFF_NO_PI};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct tun_header header;
		struct tun tun;
		uint32_t ifindex;
		int fd;

		netns_enter();
		assert_int_equal(tun_adopt(&tun, open_raw("t0", kinds[i])), 0);
		assert_int_equal(link_find("t0", &ifindex), 0);
		netns_add_address(ifindex, "10.9.0.1", 24);
		assert_int_equal(link_set_up(&netns_rtnl, ifindex, true), 0);
		fd = udp_socket(9, 7);
		assert_int_equal(send(fd, "hello", 5, 0), 5);
		assert_int_equal(read_udp(&tun, &header), HEADERS + 5);
		assert_int_equal(header.flags & TUN_NEEDS_CHECKSUM, 0);
		/* The sum over the pseudo-header and the datagram comes out right. */
		assert_int_equal(sum16(packet + IP_LEN, UDP_LEN + 5,
					 sum16(packet + 12, 8, IPPROTO_UDP + UDP_LEN + 5)),
			0xffff);
		close(fd);
		tun_close(&tun);
	}
}

static void tells_a_cut_packet(void **state)
{
	struct tun_header header;
	struct tun tun;
	int fd;

	(void)state;
	netns_enter();
	open_up(&tun, "t0");
	fd = udp_socket(9, 7);
	for (size_t room = HEADERS + 4; room <= HEADERS + 6; room++) {
		ssize_t got = -EMSGSIZE;

		assert_int_equal(send(fd, "hello", 5, 0), 5);
		do {
			netns_wait(tun.fd);
			got = tun_read(&tun, &header, packet, room);
		} while (packet[0] != 0x45);
		assert_int_equal(got, room <= HEADERS + 5 ? -EMSGSIZE : HEADERS + 5);
	}
	close(fd);
	tun_close(&tun);
}

/* Sends ten datagrams of 1000 bytes in one call. */
static void send_segments(int fd)
{
	static uint8_t payload[10000];
	int len = 1000;

	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i / 1000);
	assert_int_equal(setsockopt(fd, SOL_UDP, UDP_SEGMENT, &len, sizeof(len)), 0);
	assert_int_equal(send(fd, payload, sizeof(payload), 0), sizeof(payload));
}

static void reads_super_packets_up_to_the_limit(void **state)
{
	struct tun_header header;
	struct tun tun;
	uint32_t ifindex;
	int fd;

	(void)state;
	netns_enter();
	ifindex = open_up(&tun, "t0");
	assert_int_equal(tun_set_offloads(&tun, TUN_OFFLOAD_ALL), 0);
	if (!(tun.offloads & TUN_USO))
		skip();
	fd = udp_socket(9, 7);
	send_segments(fd);
	assert_int_equal(read_udp(&tun, &header), HEADERS + 10000);
	assert_int_equal(header.gso, TUN_GSO_UDP);
	assert_int_equal(header.gso_size, 1000);
	assert_int_equal(packet[HEADERS + 9999], 9);

	assert_int_equal(link_set_gso_max(&netns_rtnl, ifindex, 4, 65000), 0);
	send_segments(fd);
	for (uint8_t i = 0; i < 10; i++) {
		assert_int_equal(read_udp(&tun, &header), HEADERS + 1000);
		assert_int_equal(header.gso, TUN_GSO_NONE);
		assert_int_equal(packet[HEADERS], i);
	}
	close(fd);
	tun_close(&tun);
}

static void writes_from_pieces(void **state)
{
	static const struct tun_header plain;
	uint8_t headers[HEADERS];
	char first[] = "he", second[] = "llo";
	struct iovec pieces[] = {{0}, {headers, HEADERS}, {first, 2}, {second, 3}};
	static const int kinds[] = {IFF_TUN | IFF_NO_PI | IFF_VNET_HDR, IFF_TUN | IFF_NO_PI};
	char got[16];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct tun tun;
		uint32_t ifindex;
		int fd;

		netns_enter();
		assert_int_equal(tun_adopt(&tun, open_raw("t0", kinds[i])), 0);
		assert_int_equal(link_find("t0", &ifindex), 0);
		netns_add_address(ifindex, "10.9.0.1", 24);
		make_headers(headers, 5);
		put16(headers + IP_LEN + 6, 0); /* none */
		assert_int_equal(tun_write(&tun, &plain, pieces, 4), -EIO);
		assert_int_equal(link_set_up(&netns_rtnl, ifindex, true), 0);
		fd = udp_socket(9, 7);
		assert_int_equal(tun_write(&tun, &plain, pieces, 4), 0);
		netns_wait(fd);
		assert_int_equal(recv(fd, got, sizeof(got), 0), 5);
		assert_memory_equal(got, "hello", 5);
		close(fd);
		tun_close(&tun);
	}
}

static void writes_super_packets(void **state)
{
	static const struct tun_header header = {
		.flags = TUN_NEEDS_CHECKSUM,
		.gso = TUN_GSO_UDP,
		.header_len = HEADERS,
		.gso_size = 100,
		.checksum_start = IP_LEN,
		.checksum_offset = 6,
	};
	uint8_t headers[HEADERS], payload[250];
	struct iovec pieces[] = {{0}, {headers, HEADERS}, {payload, 100}, {payload + 100, 150}};
	static const int lens[] = {100, 100, 50};
	char got[200];
	struct tun tun;
	int fd;

	(void)state;
	netns_enter();
	open_up(&tun, "t0");
	if (tun_set_offloads(&tun, TUN_OFFLOAD_ALL) < 0 || !(tun.offloads & TUN_USO))
		skip();
	memset(payload, 'x', sizeof(payload));
	make_headers(headers, sizeof(payload));
	fd = udp_socket(9, 7);
	assert_int_equal(tun_write(&tun, &header, pieces, 4), 0);
	for (size_t i = 0; i < 3; i++) {
		netns_wait(fd);
		assert_int_equal(recv(fd, got, sizeof(got), 0), lens[i]);
	}
	close(fd);
	tun_close(&tun);
}

static void knows_its_name_and_its_end(void **state)
{
	static const struct tun_header plain;
	uint8_t headers[HEADERS];
	struct iovec pieces[] = {{0}, {headers, HEADERS}};
	struct tun_header header;
	struct tun tun;
	uint32_t ifindex;

	(void)state;
	netns_enter();
	assert_int_equal(tun_open(&tun, "t0", false), 0);
	assert_int_equal(link_find("t0", &ifindex), 0);
	netns_rename(ifindex, "fifteen-letters");
	assert_int_equal(tun_refresh(&tun), 0);
	assert_string_equal(tun.name, "fifteen-letters");
	assert_int_equal(link_delete(&netns_rtnl, ifindex), 0);
	make_headers(headers, 0);
	assert_int_equal(tun_read(&tun, &header, packet, sizeof(packet)), -EBADFD);
	assert_int_equal(tun_write(&tun, &plain, pieces, 2), -EBADFD);
	assert_int_equal(tun_refresh(&tun), -EBADFD);
	tun_close(&tun);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_must_be_usable),
		cmocka_unit_test(opens_and_closes),
		cmocka_unit_test(has_many_queues),
		cmocka_unit_test(persists),
		cmocka_unit_test(adopts_what_is_a_tun),
		cmocka_unit_test(adopts_no_other_file),
		cmocka_unit_test(gets_the_offloads_it_asks_for),
		cmocka_unit_test(reads_a_packet_with_its_checksum_to_do),
		cmocka_unit_test(reads_whole_packets_without_offloads),
		cmocka_unit_test(tells_a_cut_packet),
		cmocka_unit_test(reads_super_packets_up_to_the_limit),
		cmocka_unit_test(writes_from_pieces),
		cmocka_unit_test(writes_super_packets),
		cmocka_unit_test(knows_its_name_and_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
