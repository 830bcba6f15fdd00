/* What has come since the last look, as lines: two logs of a daemon compared, or two looks at peers. */
#ifndef CULVERT_DOCTOR_LOGWATCH_H
#define CULVERT_DOCTOR_LOGWATCH_H

#include "evidence.h"
#include "textbuf.h"

/* More lines a look are only counted. */
enum { LOGWATCH_LINES_MAX = 10 };

/* `seconds`: since the watch began, printed in front. The logs' own texts must still be there. */
void logwatch_tell(struct textbuf *out, const struct incident_log *before,
	const struct incident_log *after, uint64_t seconds);

/* Where there is no log: bytes and handshakes of each peer. */
void logwatch_tell_peers(struct textbuf *out, const struct device_settings *before,
	const struct device_settings *after, uint64_t seconds);

#endif
