/* The members that every document about a peer has. */
#include "peerjson.h"

#include "jsonout.h"

json_t *peerjson_peer(const char *interface, const char *name, const struct peer_settings *peer,
	int64_t expires, bool is_off)
{
	json_t *object = json_object();

	json_put(object, "schema", json_string("culvert/peer/1"));
	json_put(object, "interface", json_string(interface));
	json_put(object, "name", name[0] ? json_string(name) : NULL);
	json_put(object, "publicKey", json_attr(ATTR_PUBLIC_KEY, peer));
	json_put(object, "allowedIps", json_allowed_ips(peer));
	json_put(object, "isEnabled", json_boolean(!is_off));
	json_put(object, "expires", expires ? json_time(expires) : NULL);
	return object;
}
