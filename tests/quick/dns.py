#!/usr/bin/env python3
"""A DNS server for a test: what a file says, read again at every question; a line a question in a log.

    dns.py ADDRESS RECORDS LOG        a record is a line NAME TTL ADDRESS, of either family

The log is made when the server hears. Names are matched in lower case; what is no name here is
NXDOMAIN. Truncation, EDNS and everything but A and AAAA are left out.
"""

import ipaddress
import socket
import struct
import sys

TYPES = {1: 4, 28: 6}
NXDOMAIN = 3


def parse_question(message):
    """The name, its type, and where the question ends."""
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode("ascii", "replace"))
        at += 1 + message[at]
    kind, = struct.unpack_from("!H", message, at + 1)
    return ".".join(labels).lower(), kind, at + 5


def records_of(path, name):
    with open(path, encoding="ascii") as file:
        words = [line.split() for line in file]
    return [(int(ttl), ipaddress.ip_address(address)) for owner, ttl, address in words if owner == name]


def answer(message, path):
    name, kind, end = parse_question(message)
    known = records_of(path, name)
    found = [(ttl, address) for ttl, address in known if address.version == TYPES.get(kind)]
    flags = 0x8180 | (0 if known else NXDOMAIN)
    reply = message[:2] + struct.pack("!HHHHH", flags, 1, len(found), 0, 0) + message[12:end]
    for ttl, address in found:
        reply += struct.pack("!HHHIH", 0xc00c, kind, 1, ttl, len(address.packed)) + address.packed
    return name, kind, reply


def main():
    address, records, log_path = sys.argv[1:]
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, 53))
    with open(log_path, "w", buffering=1, encoding="ascii") as log:
        while True:
            message, client = server.recvfrom(4096)
            try:
                name, kind, reply = answer(message, records)
            except (IndexError, ValueError, struct.error, OSError):
                continue
            log.write(f"{name} {kind}\n")
            server.sendto(reply, client)


if __name__ == "__main__":
    main()
