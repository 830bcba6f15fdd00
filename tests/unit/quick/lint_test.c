/* What the linter finds, one line a case: two files (the second may be none) and the findings. */
#include "unit.h"
#include <stdlib.h>
#include <string.h>
#include "keytext.h"
#include "lint_pair.h"
#include "quick_world.h"

#define A_KEY "[Interface]\nPrivateKey = QFRpBgpZ1oGJmJ0OzZvbqD6vZqvIDmVSpvsWgqfTNmQ=\n"
#define B_KEY "[Interface]\nPrivateKey = gGhg3x9QhB7hXoSKzN0iSvJpfUxA4wV3Fs4v0Yg2eFw=\n"
/* Public keys of the two; the linter gets them from its caller. */
#define PUB_A "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
#define PUB_B "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0="
#define PUB_C "gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA="
#define PSK   "PresharedKey = FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE=\n"
#define PSK_2 "PresharedKey = GpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE=\n"
#define A     A_KEY "Address = 10.0.0.1/24\nListenPort = 51820\n"
#define B     B_KEY "Address = 10.0.0.2/24\n"
#define TO_B  "[Peer]\nPublicKey = " PUB_B "\nAllowedIPs = 10.0.0.2/32\n"
#define TO_A  "[Peer]\nPublicKey = " PUB_A "\nAllowedIPs = 10.0.0.0/24\n"
#define AT_A  "Endpoint = 192.0.2.1:51820\n"

static const struct {
	const char *end, *other, *findings;
} cases[] = {
	{A TO_B, NULL, ""},
	{A TO_B, B TO_A AT_A, ""},
	{B TO_A AT_A, A TO_B, ""},
	{"[Interface]\nAddress = 10.0.0.1/24\n", NULL, "error 0: there is no PrivateKey\n"},
	{"[Interface]\nAddress = 10.0.0.1/24\nPostUp = wg set %i private-key x\n", NULL, ""},
	{A_KEY, NULL, "warning 0: there is no Address, so the interface gets none\n"},
	{A "DNS = corp.example\n", NULL,
		"warning 0: DNS names search domains only, which has no effect\n"},
	{A "DNS = corp.example, 10.0.0.9\n", NULL, ""},
	{B TO_A, NULL,
		"warning 0: no peer has an Endpoint and there is no ListenPort, so nobody finds "
		"the other\n"},
	{A "Address = fd00::1/64\nMTU = 1279\n", NULL,
		"error 0: MTU = 1279 is less than the 1280 that IPv6 needs\n"},
	{A "Address = fd00::1/64\nMTU = 1280\n", NULL, ""},
	{A "MTU = 1000\n", NULL, ""},
	{A "[Peer]\nPublicKey = " PUB_B "\n", NULL,
		"warning 5: the peer has no AllowedIPs, so nothing goes to it\n"},
	{A "[Peer]\nPublicKey = " PUB_A "\nAllowedIPs = 10.0.0.9/32\n", NULL,
		"error 5: the peer's PublicKey is this end's own\n"},
	{A TO_B "[Peer]\nPublicKey = " PUB_B "\nAllowedIPs = 10.0.0.3/32\n", NULL,
		"error 8: the peer of line 5 has the same PublicKey\n"},
	{A TO_B "[Peer]\nPublicKey = " PUB_C "\nAllowedIPs = 10.9.0.0/16, 10.0.0.2/32\n", NULL,
		"error 8: 10.0.0.2/32 is taken from the peer of line 5, which has it too\n"},
	{A TO_B "AllowedIPs = 192.0.2.0/24\n" AT_A, NULL,
		"error 5: the Endpoint lies in its own AllowedIPs (192.0.2.0/24), so it is routed "
		"into the tunnel\n"},
	{A TO_B "AllowedIPs = 0.0.0.0/0\n" AT_A, NULL, ""},
	{A "Table = off\n" TO_B "AllowedIPs = 192.0.2.0/24\n" AT_A, NULL, ""},
	{A "[Peer]\nPublicKey = " PUB_C "\nAllowedIPs = 10.0.0.9/32\n", B TO_A AT_A,
		"error 0: no peer has the PublicKey that belongs to the PrivateKey of "
		"other.conf\n"},
	{A "[Peer]\nPublicKey = " PUB_B "\nAllowedIPs = 10.0.0.3/32\n", B TO_A AT_A,
		"error 5: AllowedIPs do not include 10.0.0.2/24, the Address of the other end "
		"(other.conf)\n"},
	{A TO_B "AllowedIPs = 10.0.0.1/32\n", B_KEY "Address = 10.0.0.1/24\n" TO_A AT_A,
		"error 0: both ends have the Address 10.0.0.1/24\n"},
	{A TO_B PSK, B TO_A AT_A PSK, ""},
	{A TO_B PSK, B TO_A AT_A,
		"error 5: there is a PresharedKey, the other end (other.conf) has none\n"},
	{A TO_B, B TO_A AT_A PSK,
		"error 5: there is no PresharedKey, the other end (other.conf) has one\n"},
	{A TO_B PSK, B TO_A AT_A PSK_2,
		"error 5: the PresharedKey is not that of the other end (other.conf)\n"},
	{A TO_B, B "ListenPort = 5\n" TO_A, "error 5: neither end has an Endpoint for the other\n"},
	{A TO_B AT_A, B TO_A AT_A,
		"error 5: Endpoint names port 51820, but the other end (other.conf) has no "
		"ListenPort\n"},
	{A TO_B AT_A, B "ListenPort = 5\n" TO_A AT_A,
		"warning 5: Endpoint names port 51820, the other end (other.conf) listens on 5;"
		" right only where a router translates it\n"},
	{A TO_B "Endpoint = b.example:99\n", B TO_A, ""},
};

static struct end end_of(const struct wish *wish, const char *path)
{
	struct end end = {.path = path, .settings = &wish->settings, .options = &wish->options};
	const char *public = wish->settings.device.private_key.b[0] == 0x40 ? PUB_A : PUB_B;

	end.has_public_key = (wish->settings.device.has & DEVICE_HAS_PRIVATE_KEY) != 0;
	assert_true(key_parse_base64(span_of(public), end.public_key.b));
	return end;
}

static char *text_of(const struct findings *findings)
{
	struct textbuf out;
	char *text;

	textbuf_init(&out);
	for (size_t i = 0; i < findings->count; i++)
		textbuf_addf(&out, "%s %u: %s\n", findings->list[i].is_error ? "error" : "warning",
			findings->list[i].line, findings->list[i].text);
	assert_int_equal(textbuf_status(&out), 0);
	text = strdup(out.text ? out.text : "");
	textbuf_fini(&out);
	return text;
}

static void finds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct findings findings = {0};
		struct wish wish, other_wish;
		struct end end, other;

		wish_init(&wish, cases[i].end);
		wish_init(&other_wish, cases[i].other ? cases[i].other : "");
		end = end_of(&wish, "this.conf");
		other = end_of(&other_wish, "other.conf");
		lint_one(&findings, &end);
		if (cases[i].other)
			lint_pair(&findings, &end, &other);
		world_expect(text_of(&findings), cases[i].findings);
		findings_fini(&findings);
		wish_fini(&wish);
		wish_fini(&other_wish);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(finds)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
