#!/usr/bin/env python3
"""Make a C file of files: embed.py OUTPUT PATH=TYPE=FILE ..., see assets.h."""

import sys


def array(number, name):
    with open(name, "rb") as file:
        octets = file.read()
    rows = [", ".join(str(octet) for octet in octets[at:at + 24]) for at in range(0, len(octets), 24)]
    return f"static unsigned char bytes_{number}[] = {{\n" + ",\n".join(rows) + "};\n"


def parts(word):
    path, rest = word.split("=", 1)
    return (path, *rest.rsplit("=", 1))


def main():
    output, assets = sys.argv[1], [parts(word) for word in sys.argv[2:]]
    with open(output, "w", encoding="ascii") as file:
        file.write('#include "assets.h"\n')
        for number, (_, _, name) in enumerate(assets):
            file.write(array(number, name))
        file.write("const struct asset assets[] = {\n")
        for number, (path, kind, _) in enumerate(assets):
            file.write(f'\t{{"{path}", "{kind}", bytes_{number}, sizeof(bytes_{number})}},\n')
        file.write("};\nconst size_t assets_count = sizeof(assets) / sizeof(assets[0]);\n")


main()
