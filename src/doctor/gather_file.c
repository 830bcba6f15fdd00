/* The configuration file, and the names in it. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "confpath.h"
#include "gather.h"
#include "interface.h"
#include "values.h"
#include "wholefile.h"
#include "x25519.h"

enum { PERMISSIONS = 07777 };

static unsigned mode_of_directory(const char *path)
{
	char directory[PATH_MAX];
	struct stat st;
	char *slash;

	memcpy(directory, path, sizeof(directory));
	slash = strrchr(directory, '/');
	if (!slash)
		return 0;
	*slash = 0;
	return stat(*directory ? directory : "/", &st) == 0 ? st.st_mode & PERMISSIONS : 0;
}

/* Do the hooks that run when the interface comes up mention any of these? */
static bool hooks_mention(const struct options *options, const char *upper, const char *lower)
{
	static const enum hook kinds[] = {HOOK_PRE_UP, HOOK_POST_UP};

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		const struct words *hooks = &options->hooks[kinds[k]];

		for (size_t i = 0; i < hooks->count; i++)
			if (strstr(hooks->items[i], upper) || strstr(hooks->items[i], lower))
				return true;
	}
	return false;
}

static void understand(struct evidence *evidence)
{
	struct file_evidence *file = &evidence->file;
	int wrong =
		conf_document_settings(&file->document, CONF_QUICK, &file->settings, &file->errors);
	int error = options_read(&file->options, &file->document, &file->errors);

	file->has_errors = wrong || error;
	if (interface_has_private_key(&file->settings.device)) {
		x25519_public(&file->settings.device.private_key, &file->public_key);
		file->has_public_key = true;
	}
	evidence->has_hooks_for_masquerade =
		hooks_mention(&file->options, "MASQUERADE", "masquerade");
	evidence->has_hooks_for_forwarding[0] = evidence->has_hooks_for_masquerade ||
						hooks_mention(&file->options, "FORWARD", "forward");
	/* What only iptables is told is not meant for IPv6. */
	evidence->has_hooks_for_forwarding[1] =
		evidence->has_hooks_for_forwarding[0] &&
		(hooks_mention(&file->options, "ip6", "inet") ||
			hooks_mention(&file->options, "ipv6", "IPv6"));
}

void gather_file(struct evidence *evidence)
{
	struct file_evidence *file = &evidence->file;
	struct stat st;
	char *text;
	size_t len;

	if (confpath_of(evidence->ifname, file->path) != 0 || stat(file->path, &st) < 0 ||
		!S_ISREG(st.st_mode))
		return;
	file->is_there = true;
	file->mode = st.st_mode & PERMISSIONS;
	file->parent_mode = mode_of_directory(file->path);
	file->changed_at = st.st_mtime;
	file->error = wholefile_read(file->path, &text, &len);
	if (file->error)
		return;
	file->error = conf_document_parse(&file->document, (struct span){text, len});
	wholefile_free(text, len);
	if (!file->error)
		understand(evidence);
	if (!evidence->has_public_key && file->has_public_key) {
		evidence->has_public_key = true;
		evidence->public_key = file->public_key;
	}
}

static int look_up(const char *text, struct resolved *found)
{
	char host[NI_MAXHOST], port[NI_MAXSERV];
	struct span host_part, port_part;

	if (value_split_endpoint(span_of(text), &host_part, &port_part).code != VALUE_OK ||
		host_part.len >= sizeof(host) || port_part.len >= sizeof(port))
		return EAI_NONAME;
	snprintf(host, sizeof(host), "%.*s", (int)host_part.len, host_part.at);
	snprintf(port, sizeof(port), "%.*s", (int)port_part.len, port_part.at);
	return resolve_endpoints(host, port, found);
}

void gather_names(struct evidence *evidence)
{
	struct file_evidence *file = &evidence->file;

	/* Somebody waits for us: a resolver that is silent is asked once, for two seconds. */
	setenv("RES_OPTIONS", "timeout:2 attempts:1", 0);
	file->names = calloc(GATHER_NAMES_MAX, sizeof(*file->names));
	for (size_t i = 0; file->names && i < file->settings.device.peers_count &&
			   file->names_count < GATHER_NAMES_MAX;
		i++) {
		struct name_evidence *name = &file->names[file->names_count];

		if (!file->settings.peers[i].endpoint)
			continue;
		name->peer = i;
		name->code = look_up(file->settings.peers[i].endpoint, &name->found);
		file->names_count++;
	}
}
