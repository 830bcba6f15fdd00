/* Telling the four messages apart: the only place that knows their legal lengths. */
#include "wire.h"

static const struct {
	size_t len_min, len_max;
} lengths[] = {
	[MESSAGE_INITIATION] = {INITIATION_LEN, INITIATION_LEN},
	[MESSAGE_RESPONSE] = {RESPONSE_LEN, RESPONSE_LEN},
	[MESSAGE_COOKIE_REPLY] = {COOKIE_REPLY_LEN, COOKIE_REPLY_LEN},
	[MESSAGE_DATA] = {KEEPALIVE_LEN, SIZE_MAX},
};

/* All four bytes: the three behind the type are zero in every message. */
static uint32_t type_of(const uint8_t *datagram, size_t len)
{
	struct le32 field;

	if (len < sizeof(field))
		return MESSAGE_NONE;
	memcpy(&field, datagram, sizeof(field));
	return le32_load(field);
}

enum message_type wire_classify(const uint8_t *datagram, size_t len)
{
	uint32_t type = type_of(datagram, len);

	if (type < MESSAGE_INITIATION || type > MESSAGE_DATA)
		return MESSAGE_NONE;
	if (len < lengths[type].len_min || len > lengths[type].len_max)
		return MESSAGE_NONE;
	return (enum message_type)type;
}

bool wire_receiver(const uint8_t *datagram, size_t len, uint32_t *index)
{
	uint32_t type = type_of(datagram, len);
	size_t at = type == MESSAGE_RESPONSE ? RESPONSE_RECEIVER_AT : OTHER_RECEIVER_AT;
	struct le32 receiver;

	if (type < MESSAGE_RESPONSE || type > MESSAGE_DATA || len < at + sizeof(receiver))
		return false;
	memcpy(&receiver, datagram + at, sizeof(receiver));
	*index = le32_load(receiver);
	return true;
}
