/*
 * What the loop waits for, as tags of its events.
 */
#ifndef CULVERT_DAEMON_TAGS_H
#define CULVERT_DAEMON_TAGS_H

enum tag {
	TAG_TUN,
	TAG_UDP4,
	TAG_UDP6,
	TAG_SIGNAL,
	TAG_LINK,
	TAG_ROUTES,
	TAG_SOCKET_FILE,
	TAG_LISTENER,
	TAG_PUBLIC_LISTENER,
	TAG_CONNECTION = 1 << 10, /* and so many behind it as there are connections */
	TAG_PUBLIC_CONNECTION = 1 << 20,
};

#endif
