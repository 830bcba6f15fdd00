/* The choice of an engine, and the way from the interface to it. */
#include "bulk.h"

#include <stdlib.h>
#include "bulk_ops.h"
#include "ensure.h"
#include "wipe.h"

struct bulk_engine {
	const struct bulk_ops *ops;
	void *self;
};

/* The order is that of speed where a kind exists: BULK_BEST takes the first that can be made. */
static const struct {
	enum bulk_kind kind;
	const struct bulk_ops *ops;
	bool is_cipher;
} kinds[] = {
	{BULK_IPSEC_MB, &bulk_ops_ipsec_mb, true},
	{BULK_OPENSSL, &bulk_ops_openssl, true},
	{BULK_NULL, &bulk_ops_null, false},
};

static struct bulk_engine *engine_create(const struct bulk_ops *ops)
{
	struct bulk_engine *engine = malloc(sizeof(*engine));

	if (!engine)
		return NULL;
	engine->ops = ops;
	engine->self = ops->create();
	if (!engine->self) {
		free(engine);
		return NULL;
	}
	return engine;
}

struct bulk_engine *bulk_create(enum bulk_kind kind)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		bool is_wanted = kind == BULK_BEST ? kinds[i].is_cipher : kind == kinds[i].kind;
		struct bulk_engine *engine = is_wanted ? engine_create(kinds[i].ops) : NULL;

		if (engine)
			return engine;
	}
	return NULL;
}

void bulk_destroy(struct bulk_engine *engine)
{
	if (!engine)
		return;
	bulk_forget(engine);
	engine->ops->destroy(engine->self);
	free(engine);
}

void bulk_forget(struct bulk_engine *engine)
{
	engine->ops->forget(engine->self);
	wipe_stack();
}

const char *bulk_name(const struct bulk_engine *engine)
{
	return engine->ops->name;
}

void bulk_seal(struct bulk_engine *engine, const struct symmetric_key *key, uint64_t counter,
	const uint8_t *plain, size_t len, uint8_t *out)
{
	struct aead_nonce nonce = aead_nonce_make(counter);

	ENSURE(len <= BULK_LEN_MAX);
	engine->ops->seal(engine->self, key, &nonce, plain, len, out);
}

bool bulk_open(struct bulk_engine *engine, const struct symmetric_key *key, uint64_t counter,
	const uint8_t *sealed, size_t len, uint8_t *out)
{
	struct aead_nonce nonce = aead_nonce_make(counter);

	ENSURE(len <= BULK_LEN_MAX);
	return engine->ops->open(engine->self, key, &nonce, sealed, len, out);
}
