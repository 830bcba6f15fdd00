#!/usr/bin/env python3
"""Writes wireguard_vectors.h from wireguard.json, or with two paths says whether they agree."""
import json
import sys

HEAD = """\
/*
 * Whole WireGuard messages, and what leads to them, with fixed keys. Origin: an independent
 * computation written from the protocol's published description, which shares no code with this
 * project. Made from wireguard.json by make_header.py: change those.
 */
#ifndef CULVERT_TESTS_WIREGUARD_VECTORS_H
#define CULVERT_TESTS_WIREGUARD_VECTORS_H

#include <stdint.h>

/* clang-format off */

"""


def header(vectors):
    text = HEAD
    for name, digits in vectors.items():
        data = bytes.fromhex(digits)
        text += f"static const uint8_t vector_{name.lower()}[{len(data)}] = {{\n"
        for row in range(0, len(data), 16):
            text += "\t" + ", ".join(f"0x{b:02x}" for b in data[row:row + 16]) + ",\n"
        text += "};\n\n"
    return text + "#endif\n"


with open(sys.argv[1], encoding="ascii") as source:
    made = header(json.load(source))
if len(sys.argv) == 2:
    sys.stdout.write(made)
else:
    with open(sys.argv[2], encoding="ascii") as stored:
        sys.exit(0 if stored.read() == made else "the header is not what its source makes")
