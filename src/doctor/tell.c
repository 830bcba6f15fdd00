/* Findings as lines and as JSON. */
#include <stdio.h>
#include <string.h>
#include "jsonout.h"
#include "tell.h"
#include "terminal.h"
#include "words.h"

static const char *const colours[] = {COLOUR_CYAN, COLOUR_YELLOW, COLOUR_RED};

static void tell_one(
	struct textbuf *out, const struct doctor_finding *finding, const struct evidence *evidence)
{
	char label[PEER_LABEL_MAX + 1];

	textbuf_addf(out, "%s%-7s" COLOUR_RESET " %s%s" COLOUR_RESET ": ", colours[finding->level],
		doctor_level_name(finding->level), COLOUR_BOLD, doctor_code_name(finding->code));
	if (finding->peer != DOCTOR_NO_PEER)
		textbuf_addf(out, "%s: ", evidence_label(evidence, (size_t)finding->peer, label));
	textbuf_add(out, finding->evidence);
	if (finding->fix)
		textbuf_addf(out, ". Fix: " COLOUR_GREEN "%s" COLOUR_RESET, finding->fix);
	textbuf_add(out, "\n");
}

static size_t count_of(const struct diagnosis *diagnosis, enum doctor_level level)
{
	size_t count = 0;

	for (size_t i = 0; i < diagnosis->count; i++)
		count += diagnosis->list[i].level == level;
	return count;
}

const char *tell_status(const struct diagnosis *diagnosis)
{
	switch (diagnosis_worst(diagnosis)) {
	case DOCTOR_BROKEN:
		return "broken";
	case DOCTOR_WARNING:
		return "warnings";
	case DOCTOR_NOTE:
		break;
	}
	return "healthy";
}

static const char *unseen(const struct evidence *evidence)
{
	if (evidence->is_elsewhere)
		return "its sockets live in another network namespace: run this there, too, for "
		       "routes "
		       "and firewall";
	if (evidence->system.has_device && !evidence->has_log)
		return evidence->backend == BACKEND_KERNEL
			       ? "the kernel's WireGuard does not tell what it refuses, such as "
				 "unknown "
				 "keys"
			       : "this daemon does not tell what it refuses, such as unknown keys";
	if (evidence->has_log && evidence->log.is_public)
		return "only root sees addresses and keys of what was refused";
	return NULL;
}

void tell_lines(
	struct textbuf *out, const struct diagnosis *diagnosis, const struct evidence *evidence)
{
	size_t broken = count_of(diagnosis, DOCTOR_BROKEN);
	size_t warnings = count_of(diagnosis, DOCTOR_WARNING);
	const char *hidden = unseen(evidence);

	for (size_t i = 0; i < diagnosis->count; i++)
		tell_one(out, &diagnosis->list[i], evidence);
	if (hidden)
		textbuf_addf(out, "%s: not seen: %s\n", evidence->ifname, hidden);
	if (broken + warnings)
		textbuf_addf(out, "%s: %zu broken, %zu warning%s\n", evidence->ifname, broken,
			warnings, warnings == 1 ? "" : "s");
	else
		textbuf_addf(out, "%s: nothing wrong is found\n", evidence->ifname);
}

static json_t *json_text(const char *text)
{
	return text ? json_string(text) : NULL;
}

static json_t *json_finding(const struct doctor_finding *finding, const struct evidence *evidence)
{
	json_t *object = json_object();
	char label[PEER_LABEL_MAX + 1];

	json_put(object, "code", json_string(doctor_code_name(finding->code)));
	json_put(object, "level", json_string(doctor_level_name(finding->level)));
	if (finding->peer != DOCTOR_NO_PEER) {
		const struct peer_settings *peer = &evidence_device(evidence)->peers[finding->peer];

		json_put(object, "peer",
			json_string(evidence_label(evidence, (size_t)finding->peer, label)));
		json_put(object, "publicKey", json_string(word_key(&peer->public_key).text));
	} else {
		json_put(object, "peer", NULL);
		json_put(object, "publicKey", NULL);
	}
	json_put(object, "evidence", json_text(finding->evidence));
	json_put(object, "fix", json_text(finding->fix));
	return object;
}

json_t *tell_json(const struct diagnosis *diagnosis, const struct evidence *evidence)
{
	json_t *object = json_object(), *list = json_array();

	json_put(object, "name", json_string(evidence->ifname));
	json_put(object, "status", json_string(tell_status(diagnosis)));
	for (size_t i = 0; i < diagnosis->count; i++)
		json_array_append_new(list, json_finding(&diagnosis->list[i], evidence));
	json_put(object, "findings", list);
	json_put(object, "notSeen", json_text(unseen(evidence)));
	return object;
}
