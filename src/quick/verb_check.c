/* check: everything that is wrong in a file, or between two, in one go; nothing is touched. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "keytext.h"
#include "lint_pair.h"
#include "process.h"
#include "quickconf.h"
#include "say.h"
#include "verbs.h"
#include "wipe.h"

/* The public key of a private one, by wg beside us: this layer has no cryptography. */
static bool derive_public_key(const struct private_key *private, struct public_key *public)
{
	const char *argv[] = {"wg", "pubkey", NULL};
	char text[KEY_BASE64_LEN + 2];
	struct process_result result;
	bool is_derived;

	key_print_base64(private->b, text);
	text[KEY_BASE64_LEN] = '\n';
	text[KEY_BASE64_LEN + 1] = 0;
	is_derived = process_run(&(struct process){.argv = argv, .input = text, .capture = true},
			     &result) == 0 &&
		     result.status == 0 && result.output &&
		     strlen(result.output) > KEY_BASE64_LEN &&
		     key_parse_base64((struct span){result.output, KEY_BASE64_LEN}, public->b);
	wipe(text, sizeof(text));
	free(result.output);
	return is_derived;
}

static struct end end_of(const struct config *config)
{
	struct end end = {
		.path = config->path, .settings = &config->settings, .options = &config->options};

	end.has_public_key =
		(config->settings.device.has & DEVICE_HAS_PRIVATE_KEY) &&
		derive_public_key(&config->settings.device.private_key, &end.public_key);
	return end;
}

/* True when one of them is an error. */
static bool print_findings(const struct findings *findings, const char *path)
{
	bool has_error = findings->is_short;

	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];
		const char *kind = finding->is_error ? "" : "warning: ";

		has_error |= finding->is_error;
		if (finding->line)
			say_line("%s:%u: %s%s", path, finding->line, kind, finding->text);
		else
			say_line("%s: %s%s", path, kind, finding->text);
	}
	return has_error;
}

/* One end alone, then as the other sees it; true when there is an error. */
static bool check_end(const struct end *end, const struct end *other)
{
	struct findings findings = {0};
	bool has_error;

	lint_one(&findings, end);
	if (other)
		lint_pair(&findings, end, other);
	has_error = print_findings(&findings, end->path);
	findings_fini(&findings);
	return has_error;
}

/* A file of the current directory needs no "./" here: nothing is done by root's rights. */
static bool find_config(struct config *config, const char *argument)
{
	size_t len = strlen(argument), tail = strlen(".conf");
	char path[PATH_MAX];

	if (!strchr(argument, '/') && len > tail && strcmp(argument + len - tail, ".conf") == 0 &&
		access(argument, F_OK) == 0 &&
		snprintf(path, sizeof(path), "./%s", argument) < (int)sizeof(path))
		return config_find(config, path);
	return config_find(config, argument);
}

/* False when the file cannot be understood, which has been said. */
static bool read_config(struct config *config, const char *argument)
{
	bool is_read = find_config(config, argument);
	int error = is_read ? config_load(config) : -ENOENT;

	if (is_read && config->errors.count)
		config_print_errors(config);
	return error == 0;
}

int verb_check(int argc, char **argv)
{
	struct config first, second = {0};
	bool is_fine = read_config(&first, argv[0]);

	if (argc > 1)
		is_fine &= read_config(&second, argv[1]);
	/* What is understood of a file with errors would only look wrong in other ways. */
	if (is_fine) {
		struct end a = end_of(&first), b = argc > 1 ? end_of(&second) : (struct end){0};

		is_fine = !check_end(&a, argc > 1 ? &b : NULL);
		if (argc > 1)
			is_fine &= !check_end(&b, &a);
	}
	config_fini(&first);
	config_fini(&second);
	return is_fine ? 0 : 1;
}
