/* The users' file. It is short: read whole, line by line, each time. */
#include "users.h"

#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "wholefile.h"

struct user {
	char name[USER_NAME_MAX + 1];
	char hash[crypto_pwhash_STRBYTES];
};

bool user_name_is_good(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("._-", name[i]))
			return false;
	return len > 0 && len <= USER_NAME_MAX && name[0] != '-';
}

/* The next user in the file; false: there is none. Lines that are none are skipped. */
static bool next_user(FILE *file, struct user *user)
{
	char line[sizeof(struct user) + 2];

	while (fgets(line, sizeof(line), file)) {
		size_t name_len = strcspn(line, ":"), hash_len;

		line[strcspn(line, "\n")] = '\0';
		if (name_len > USER_NAME_MAX || line[name_len] != ':')
			continue;
		hash_len = strlen(line + name_len + 1);
		if (hash_len >= sizeof(user->hash))
			continue;
		*user = (struct user){0};
		memcpy(user->name, line, name_len);
		memcpy(user->hash, line + name_len + 1, hash_len);
		return true;
	}
	return false;
}

unsigned users_count(const char *path)
{
	FILE *file = fopen(path, "re");
	struct user user;
	unsigned count = 0;

	if (!file)
		return 0;
	while (next_user(file, &user))
		count++;
	fclose(file);
	return count;
}

int users_check(const char *path, const char *name, const char *password)
{
	FILE *file = fopen(path, "re");
	struct user user, found = {.name = ""};

	if (!file)
		return errno == ENOENT ? -EACCES : -errno;
	while (next_user(file, &user))
		if (strcmp(user.name, name) == 0)
			found = user;
	fclose(file);
	/* For a stranger a password is hashed as well, so that time does not tell who exists. */
	if (!found.name[0]) {
		char hash[crypto_pwhash_STRBYTES];

		return crypto_pwhash_str(hash, password, strlen(password),
			       crypto_pwhash_OPSLIMIT_INTERACTIVE,
			       crypto_pwhash_MEMLIMIT_INTERACTIVE)
			       ? -ENOMEM
			       : -EACCES;
	}
	return crypto_pwhash_str_verify(found.hash, password, strlen(password)) ? -EACCES : 0;
}

/* Copies all users but the one of that name; true when it was there. */
static bool copy_others(const char *path, const char *name, FILE *to)
{
	FILE *file = fopen(path, "re");
	struct user user;
	bool was_there = false;

	if (!file)
		return false;
	while (next_user(file, &user))
		if (strcmp(user.name, name) == 0)
			was_there = true;
		else
			fprintf(to, "%s:%s\n", user.name, user.hash);
	fclose(file);
	return was_there;
}

int users_set(const char *path, const char *name, const char *password)
{
	char hash[crypto_pwhash_STRBYTES], *text = NULL;
	size_t len;
	FILE *to;
	bool was_there;
	int error;

	if (password &&
		crypto_pwhash_str(hash, password, strlen(password),
			crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE))
		return -ENOMEM;
	to = open_memstream(&text, &len);
	if (!to)
		return -ENOMEM;
	was_there = copy_others(path, name, to);
	if (password)
		fprintf(to, "%s:%s\n", name, hash);
	error = fclose(to) ? -ENOMEM : 0;
	if (!error && !password && !was_there)
		error = -ENOENT;
	if (!error)
		error = wholefile_write(path, text, len, 0600);
	free(text);
	return error;
}
