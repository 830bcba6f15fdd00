/*
 * Looks at all interfaces every two seconds while somebody watches, else every ten; keeps the last
 * two looks, and adds what flowed in between to the store. A thread of its own.
 */
#ifndef CULVERT_WEB_WATCH_H
#define CULVERT_WEB_WATCH_H

#include <jansson.h>
#include <pthread.h>
#include "store.h"

struct watch;

/* lock guards the store. 0 or -errno. */
int watch_start(struct watch **watch, struct store *store, pthread_mutex_t *lock);
void watch_stop(struct watch *watch);

/*
 * {"time", "interfaces": [{"name", "port", "peers": [...]}, ...]}: what the dashboard
 * shows. Says that somebody watches. NULL: memory is short.
 */
json_t *watch_state(struct watch *watch);

/* Something was changed: looks again, and returns when it has. */
void watch_refresh(struct watch *watch);

#endif
