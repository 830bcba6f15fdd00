/* Finding, reading and understanding a configuration file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "quickconf.h"
#include "say.h"
#include "wholefile.h"

#define DIRECTORY       "/etc/wireguard"
#define SUFFIX          ".conf"
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_=+.-"

enum { OTHERS = 07 };

static bool is_interface_name(const char *name, size_t len)
{
	return len > 0 && len <= IFNAME_LEN_MAX && strspn(name, NAME_CHARACTERS) >= len;
}

/* The interface's name from a path DIR/NAME.conf. */
static bool name_from_path(struct config *config)
{
	const char *slash = strrchr(config->path, '/');
	const char *name = slash ? slash + 1 : config->path;
	size_t len = strlen(name), tail = sizeof(SUFFIX) - 1;

	if (len <= tail || strcmp(name + len - tail, SUFFIX) != 0 ||
		!is_interface_name(name, len - tail))
		return false;
	memcpy(config->ifname, name, len - tail);
	config->ifname[len - tail] = 0;
	return true;
}

bool config_find(struct config *config, const char *argument)
{
	char path[PATH_MAX];
	struct stat st;
	int len;

	*config = (struct config){0};
	options_init(&config->options);
	len = is_interface_name(argument, strlen(argument))
		      ? snprintf(path, sizeof(path), DIRECTORY "/%s" SUFFIX, argument)
		      : snprintf(path, sizeof(path), "%s", argument);
	if (len >= (int)sizeof(path) || stat(path, &st) < 0 || S_ISDIR(st.st_mode)) {
		say_error("`%s' does not exist", path);
		return false;
	}
	/* The name counts as typed, the file where it really lies. */
	memcpy(config->path, path, sizeof(path));
	if (!name_from_path(config)) {
		say_error("The config file must be a valid interface name, followed by .conf");
		return false;
	}
	if (!realpath(path, config->path)) {
		say_error("`%s': %s", path, strerror(errno));
		return false;
	}
	return true;
}

static void warn_of_readers(const struct config *config)
{
	char directory[PATH_MAX];
	struct stat file, parent;
	char *slash;

	memcpy(directory, config->path, sizeof(directory));
	slash = strrchr(directory, '/');
	if (!slash)
		return;
	*slash = 0;
	if (stat(config->path, &file) < 0 || stat(*directory ? directory : "/", &parent) < 0)
		return;
	if (file.st_mode & parent.st_mode & OTHERS)
		say_line("Warning: `%s' is world accessible", config->path);
}

int config_load(struct config *config)
{
	warn_of_readers(config);
	return config_read(config);
}

int config_read(struct config *config)
{
	char *text;
	size_t len;
	int error = wholefile_read(config->path, &text, &len), wrong;

	if (error) {
		say_error("`%s': %s", config->path, strerror(-error));
		return error;
	}
	error = conf_document_parse(&config->doc, (struct span){text, len});
	wholefile_free(text, len);
	if (error)
		return error;
	wrong = conf_document_settings(
		&config->doc, CONF_QUICK, &config->settings, &config->errors);
	error = options_read(&config->options, &config->doc, &config->errors);
	return error == -ENOMEM ? error : wrong ? wrong : error;
}

void config_print_errors(const struct config *config)
{
	struct textbuf out;

	textbuf_init(&out);
	for (size_t i = 0; i < config->errors.count; i++)
		conf_error_print(&out, config->path, &config->errors.list[i]);
	if (out.len)
		fputs(out.text, stderr);
	textbuf_fini(&out);
}

void config_fini(struct config *config)
{
	conf_document_fini(&config->doc);
	conf_settings_fini(&config->settings);
	conf_errors_fini(&config->errors);
	options_fini(&config->options);
}
