/* genkey, genpsk, pubkey: keys out of nothing, and public keys out of private ones. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "command.h"
#include "entropy.h"
#include "keytext.h"
#include "wipe.h"
#include "x25519.h"

static void warn_when_readable(void)
{
	struct stat st;

	if (fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode) && st.st_mode & S_IRWXO)
		fputs("Warning: writing to world accessible file.\n"
		      "Consider setting the umask to 077 and trying again.\n",
			stderr);
}

static void print_key(const uint8_t key[KEY_LEN])
{
	char text[KEY_BASE64_LEN + 1];

	key_print_base64(key, text);
	puts(text);
	/* The buffer of stdout holds the key too, until it is written. */
	fflush(stdout);
	wipe(text, sizeof(text));
}

enum outcome genkey_run(const struct invocation *call)
{
	struct private_key key;

	if (call->count != 1)
		return BAD_USAGE;
	warn_when_readable();
	entropy_fill(key.b, KEY_LEN);
	x25519_clamp(&key);
	print_key(key.b);
	wipe(&key, sizeof(key));
	return DONE;
}

enum outcome genpsk_run(const struct invocation *call)
{
	struct preshared_key key;

	if (call->count != 1)
		return BAD_USAGE;
	warn_when_readable();
	entropy_fill(key.b, KEY_LEN);
	print_key(key.b);
	wipe(&key, sizeof(key));
	return DONE;
}

/* Only white space and zero bytes may follow a key. */
static bool is_end_clean(FILE *from)
{
	int c;

	while ((c = getc(from)) != EOF)
		if (c && !isspace(c))
			return false;
	return true;
}

enum outcome pubkey_run(const struct invocation *call)
{
	char text[KEY_BASE64_LEN];
	struct private_key private_key;
	struct public_key public_key;
	const char *complaint = NULL;

	if (call->count != 1)
		return BAD_USAGE;
	if (fread(text, 1, sizeof(text), stdin) != sizeof(text))
		complaint = "Key is not the correct length or format";
	else if (!is_end_clean(stdin))
		complaint = "Trailing characters found after key";
	else if (!key_parse_base64((struct span){text, sizeof(text)}, private_key.b))
		complaint = "Key is not the correct length or format";
	wipe(text, sizeof(text));
	if (complaint) {
		fprintf(stderr, "%s: %s\n", call->program, complaint);
		return FAILED;
	}
	x25519_public(&private_key, &public_key);
	wipe(&private_key, sizeof(private_key));
	print_key(public_key.b);
	return DONE;
}
