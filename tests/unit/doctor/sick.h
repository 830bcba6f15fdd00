/* Evidence made by hand: a client as most are, in good health. Tests break it in one place. */
#ifndef CULVERT_TESTS_SICK_H
#define CULVERT_TESTS_SICK_H

#include "evidence.h"

enum { SICK_NOW = 1800000000, SICK_ETH0 = 2, SICK_WG0 = 3 };

/* eth0 192.0.2.10/24 with a default route, wg0 10.0.0.2/24 with one peer, 203.0.113.1:51820, and its file. */
void sick_init(struct evidence *evidence);

/* The file's text in place of the one before; its public key is derived as in life. */
void sick_file(struct evidence *evidence, const char *text);

/* What the daemon told: lines of a reply to "events=1", without first and last. */
void sick_log(struct evidence *evidence, const char *lines);

struct ip_addr sick_addr(const char *text);
struct ip_prefix sick_prefix(const char *text);
struct iflink *sick_link(struct evidence *evidence, uint32_t index);
struct peer_settings *sick_peer(struct evidence *evidence);

/* An address, or a route by that link. */
void sick_add_address(struct evidence *evidence, uint32_t ifindex, const char *prefix);
void sick_add_link(struct evidence *evidence, uint32_t index, const char *name);

/* A second peer, which must call us and never has. */
struct peer_settings *sick_add_peer(struct evidence *evidence, const char *allowed_ip);

/* Takes the last peer away. */
void sick_drop_peer(struct evidence *evidence);

/* Appends a prefix to the peer's allowed IPs. */
void sick_allow(struct peer_settings *peer, const char *prefix);

#define SICK_OWN_KEY   "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
#define SICK_PEER_KEY  "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0="
#define SICK_OTHER_KEY "gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA="
#define SICK_INTERFACE                                                                             \
	"[Interface]\nPrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n"                 \
	"Address = 10.0.0.2/24\n"
#define SICK_PEER                                                                                  \
	"[Peer]\nPublicKey = " SICK_PEER_KEY "\nEndpoint = 203.0.113.1:51820\n"                    \
	"AllowedIPs = 10.0.0.1/32\nPersistentKeepalive = 25\n"

#endif
