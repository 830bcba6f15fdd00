/* The model of packets, splitting and merging: every line slow and plain. */
#include "packet_model.h"

#include <stdlib.h>
#include <string.h>

uint8_t *block_create(size_t len)
{
	uint8_t *block = malloc(len);

	if (!block)
		abort();
	return block;
}

static void put_16(uint8_t *at, uint32_t n)
{
	at[0] = (uint8_t)(n / 256);
	at[1] = (uint8_t)(n % 256);
}

static void put_32(uint8_t *at, uint32_t n)
{
	put_16(at, n / 65536);
	put_16(at + 2, n % 65536);
}

static uint32_t get_16(const uint8_t *at)
{
	return (uint32_t)at[0] * 256 + at[1];
}

static uint32_t get_32(const uint8_t *at)
{
	return get_16(at) * 65536 + get_16(at + 2);
}

size_t packet_ip_len(const struct packet_spec *spec)
{
	return (spec->version == 4 ? 20 : 40) + spec->ip_options_len;
}

size_t packet_header_len(const struct packet_spec *spec)
{
	if (spec->protocol == MODEL_TCP)
		return packet_ip_len(spec) + 20 + spec->tcp_options_len;
	return packet_ip_len(spec) + 8;
}

static void build_v4(const struct packet_spec *spec, uint8_t *out, size_t len)
{
	out[0] = (uint8_t)(0x45 + spec->ip_options_len / 4);
	out[1] = spec->tos;
	put_16(out + 2, (uint32_t)len);
	put_16(out + 4, spec->id);
	put_16(out + 6, spec->fragment);
	out[8] = spec->ttl;
	out[9] = spec->protocol;
	memcpy(out + 12, (uint8_t[]){10, 0, 0, spec->source}, 4);
	memcpy(out + 16, (uint8_t[]){10, 9, 0, spec->destination}, 4);
	memset(out + 20, 1, spec->ip_options_len); /* no operation */
}

static void build_v6(const struct packet_spec *spec, uint8_t *out, size_t len)
{
	put_32(out, 6u << 28 | (uint32_t)spec->tos << 20 | spec->flow_label);
	put_16(out + 4, (uint32_t)(len - 40));
	out[6] = spec->protocol;
	out[7] = spec->ttl;
	out[8] = 0xfd;
	out[23] = spec->source;
	out[24] = 0xfd;
	out[25] = 0x09;
	out[39] = spec->destination;
	if (spec->ip_options_len > 0) {
		out[6] = spec->extension;
		out[40] = spec->protocol;
		out[41] = (uint8_t)(spec->ip_options_len / 8 - 1);
	}
}

static void build_transport(const struct packet_spec *spec, uint8_t *out, size_t len)
{
	put_16(out, spec->source_port);
	put_16(out + 2, spec->destination_port);
	if (spec->protocol != MODEL_TCP) {
		put_16(out + 4, (uint32_t)len);
		return;
	}
	put_32(out + 4, spec->sequence);
	put_32(out + 8, spec->acknowledged);
	out[12] = (uint8_t)((20 + spec->tcp_options_len) / 4 << 4);
	out[13] = spec->tcp_flags;
	put_16(out + 14, spec->window);
	put_16(out + 18, spec->urgent);
	memset(out + 20, spec->tcp_option_byte, spec->tcp_options_len);
}

size_t packet_build(const struct packet_spec *spec, uint8_t *out)
{
	size_t ip_len = packet_ip_len(spec), header_len = packet_header_len(spec);
	size_t len = header_len + spec->payload_len;
	uint32_t noise = spec->payload_seed;

	memset(out, 0, header_len);
	if (spec->version == 4)
		build_v4(spec, out, len);
	else
		build_v6(spec, out, len);
	build_transport(spec, out + ip_len, len - ip_len);
	for (size_t i = header_len; i < len; i++) {
		noise = noise * 1664525 + 1013904223;
		out[i] = (uint8_t)(noise >> 24);
	}
	packet_mend(out, len, ip_len, spec->protocol);
	return len;
}

static size_t checksum_field(size_t ip_len, uint8_t protocol)
{
	return ip_len + (protocol == MODEL_TCP ? 16 : 6);
}

void packet_mend(uint8_t *packet, size_t len, size_t ip_len, uint8_t protocol)
{
	uint8_t *field = packet + checksum_field(ip_len, protocol);
	uint16_t checksum;

	if (protocol == MODEL_TCP || protocol == MODEL_UDP) {
		put_16(field, 0);
		checksum = model_checksum(model_sum(model_pseudo(packet, protocol, len - ip_len),
			packet + ip_len, len - ip_len));
		put_16(field, checksum == 0 && protocol == MODEL_UDP ? 65535 : checksum);
	}
	if (packet[0] / 16 == 4) {
		put_16(packet + 10, 0);
		put_16(packet + 10, model_checksum(model_sum(0, packet, ip_len)));
	}
}

void packet_unfinish(uint8_t *packet, size_t len, size_t ip_len, uint8_t protocol)
{
	put_16(packet + checksum_field(ip_len, protocol),
		model_pseudo(packet, protocol, len - ip_len));
}

uint32_t model_sum(uint32_t start, const uint8_t *bytes, size_t len)
{
	uint64_t sum = start;

	for (size_t i = 0; i < len; i++)
		sum += (uint64_t)bytes[i] * (i % 2 == 0 ? 256 : 1);
	return (uint32_t)(sum % 65535);
}

uint32_t model_pseudo(const uint8_t *packet, uint8_t protocol, size_t len)
{
	uint32_t start = (uint32_t)(protocol + len);

	return packet[0] / 16 == 4 ? model_sum(start, packet + 12, 8)
				   : model_sum(start, packet + 8, 32);
}

/* Sums are of bytes that are not all zero: then zero is always written 65535, which is inverted. */
uint16_t model_checksum(uint32_t sum)
{
	return (uint16_t)(sum % 65535 == 0 ? 0 : 65535 - sum % 65535);
}

static size_t super_header_len(const struct model_super *super)
{
	if (super->protocol == MODEL_UDP)
		return super->ip_len + 8;
	return super->ip_len + (size_t)(super->packet[super->ip_len + 12] / 16) * 4;
}

uint32_t model_count(const struct model_super *super)
{
	size_t payload_len = super->len - super_header_len(super);
	size_t count = payload_len / super->gso_size;

	return (uint32_t)(payload_len % super->gso_size > 0 ? count + 1 : count);
}

static void segment_tcp(const struct model_super *super, uint32_t i, uint8_t *tcp)
{
	put_32(tcp + 4, get_32(tcp + 4) + i * (uint32_t)super->gso_size);
	if (i != 0 && tcp[13] >= MODEL_CWR)
		tcp[13] = (uint8_t)(tcp[13] - MODEL_CWR);
	if (i != model_count(super) - 1)
		tcp[13] = (uint8_t)(tcp[13] / 16 * 16 + tcp[13] % 8 / 2 * 2);
}

size_t model_segment(const struct model_super *super, uint32_t i, uint8_t *out)
{
	size_t header_len = super_header_len(super), from = header_len + i * super->gso_size;
	size_t payload_len = super->len - from;

	if (payload_len > super->gso_size)
		payload_len = super->gso_size;
	memcpy(out, super->packet, header_len);
	memcpy(out + header_len, super->packet + from, payload_len);
	if (out[0] / 16 == 4) {
		put_16(out + 2, (uint32_t)(header_len + payload_len));
		put_16(out + 4, (get_16(out + 4) + i * super->id_step) % 65536);
	} else {
		put_16(out + 4, (uint32_t)(header_len + payload_len - 40));
	}
	if (super->protocol == MODEL_TCP)
		segment_tcp(super, i, out + super->ip_len);
	else
		put_16(out + super->ip_len + 4, (uint32_t)(payload_len + 8));
	packet_mend(out, header_len + payload_len, super->ip_len, super->protocol);
	return header_len + payload_len;
}
