/*
 * Integers as bytes: what a packet holds. Each type has alignment 1, so a wire struct made of
 * them may lie anywhere, and an integer enters or leaves only by load and store, so byte order
 * is written down once, here. Written out rather than in loops: so compilers see one load.
 */
#ifndef CULVERT_BASE_BYTES_H
#define CULVERT_BASE_BYTES_H

#include <stdint.h>
#include <string.h>

struct le32 {
	uint8_t b[4];
};

struct le64 {
	uint8_t b[8];
};

struct be16 {
	uint8_t b[2];
};

struct be32 {
	uint8_t b[4];
};

struct be64 {
	uint8_t b[8];
};

static inline uint32_t le32_load(struct le32 v)
{
	return (uint32_t)v.b[0] | (uint32_t)v.b[1] << 8 | (uint32_t)v.b[2] << 16 |
	       (uint32_t)v.b[3] << 24;
}

static inline struct le32 le32_store(uint32_t n)
{
	return (struct le32){
		{(uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16), (uint8_t)(n >> 24)}};
}

static inline uint64_t le64_load(struct le64 v)
{
	return (uint64_t)v.b[0] | (uint64_t)v.b[1] << 8 | (uint64_t)v.b[2] << 16 |
	       (uint64_t)v.b[3] << 24 | (uint64_t)v.b[4] << 32 | (uint64_t)v.b[5] << 40 |
	       (uint64_t)v.b[6] << 48 | (uint64_t)v.b[7] << 56;
}

static inline struct le64 le64_store(uint64_t n)
{
	return (struct le64){{(uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16), (uint8_t)(n >> 24),
		(uint8_t)(n >> 32), (uint8_t)(n >> 40), (uint8_t)(n >> 48), (uint8_t)(n >> 56)}};
}

static inline uint16_t be16_load(struct be16 v)
{
	return (uint16_t)((unsigned)v.b[0] << 8 | v.b[1]);
}

static inline struct be16 be16_store(uint16_t n)
{
	return (struct be16){{(uint8_t)(n >> 8), (uint8_t)n}};
}

static inline uint32_t be32_load(struct be32 v)
{
	return (uint32_t)v.b[0] << 24 | (uint32_t)v.b[1] << 16 | (uint32_t)v.b[2] << 8 | v.b[3];
}

static inline struct be32 be32_store(uint32_t n)
{
	return (struct be32){
		{(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
}

static inline uint64_t be64_load(struct be64 v)
{
	return (uint64_t)v.b[0] << 56 | (uint64_t)v.b[1] << 48 | (uint64_t)v.b[2] << 40 |
	       (uint64_t)v.b[3] << 32 | (uint64_t)v.b[4] << 24 | (uint64_t)v.b[5] << 16 |
	       (uint64_t)v.b[6] << 8 | (uint64_t)v.b[7];
}

static inline struct be64 be64_store(uint64_t n)
{
	return (struct be64){
		{(uint8_t)(n >> 56), (uint8_t)(n >> 48), (uint8_t)(n >> 40), (uint8_t)(n >> 32),
			(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
}

#endif
