/* Packets out of a fuzzer's bytes: of a few flows, right in most things, so that they can be merged. */
#ifndef CULVERT_TESTS_PACKET_BYTES_H
#define CULVERT_TESTS_PACKET_BYTES_H

#include "bytes_in.h"
#include "packet_model.h"

static inline struct packet_spec packet_bytes_spec(struct bytes_in *in)
{
	static const uint8_t extensions[] = {0, 43, 44, 60};
	static const uint8_t flags[] = {MODEL_ACK, MODEL_ACK, MODEL_ACK | MODEL_PSH,
		MODEL_ACK | MODEL_FIN, MODEL_SYN, MODEL_ACK | MODEL_CWR, MODEL_ACK | MODEL_ECE,
		MODEL_ACK | MODEL_URG};
	uint8_t how = bytes_in_8(in), more = how & 0x40 ? bytes_in_8(in) : 0;
	struct packet_spec spec = {
		.version = how & 1 ? 6 : 4,
		.protocol = how & 2 ? MODEL_UDP : MODEL_TCP,
		.source = 1,
		.destination = 2,
		.source_port = (uint16_t)(1000 + (how >> 2 & 1)),
		.destination_port = 443,
		.ttl = 64,
		.fragment = how & 8 ? 0 : MODEL_DF,
		.tos = how & 16 ? 3 : 0,
		.tcp_flags = flags[more & 7],
		.tcp_options_len = more & 8 ? 12 : 0,
		.tcp_option_byte = 1,
		.window = more & 16 ? 501 : 500,
		.ip_options_len = more & 32 ? 8 : 0,
		.extension = extensions[more >> 6],
		.payload_len = how & 0x20 ? bytes_in_16(in) % 1400 : 100,
	};

	return spec;
}

#endif
