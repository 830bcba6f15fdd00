"""The guide's pages as things to do: its commands and files, taken from the text itself.

In docs/guide a block that opens with ```sh HOST is run on that host; one that opens with
```ini examples/FILE HOST is that very file, and is written to /etc/wireguard/wg0.conf there. Words like
SERVER_PUBLIC_KEY stand for what the reader puts in: the keys in /etc/wireguard of the host server.
Blocks without a host are only read.
"""

import os
import re
from collections import namedtuple

from lab import need

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = os.path.join(ROOT, "docs/guide")
BLOCK = re.compile(r"^```(\w+)(?: +([^\n]*))?\n(.*?)^```$", re.M | re.S)
KEY = re.compile(r"\b([A-Z][A-Z_]*)_(PRIVATE|PUBLIC)_KEY\b")

LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")

Block = namedtuple("Block", "kind words text")


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def pages():
    return sorted(name for name in os.listdir(FOLDER) if name.endswith(".md"))


def blocks(text):
    return [Block(kind, words.split(), body) for kind, words, body in BLOCK.findall(text)]


def section(page, heading):
    """The text below a heading of the page, to the next one of its level or above."""
    text = read(f"docs/guide/{page}")
    found = re.search(rf"^(#+) {re.escape(heading)}\n(.*?)(?=^#{{1,2}} |\Z)", text, re.M | re.S)
    need(found, f"docs/guide/{page} has no '{heading}'")
    return found[2]


def filled_in(text, hosts):
    """With the keys that the named hosts have made; HUB_PUBLIC_KEY is the host hub's, CLIENT_A_... client-a's."""
    def key(found):
        name = found[1].lower().replace("_", "-")
        return hosts[name].read(f"/etc/wireguard/{found[2].lower()}.key").strip() if name in hosts else found[0]
    return KEY.sub(key, text)


def install(example, host, hosts, name="wg0"):
    """A file of examples/ as a host's configuration."""
    host.write(f"/etc/wireguard/{name}.conf", filled_in(read(example), hosts))


def follow(text, hosts, strict=True):
    """Do what the text says, in order, on those of the hosts that exist; what each command block printed.

    Strict: every command has to succeed."""
    said = []
    for block in blocks(text):
        if block.kind == "sh" and block.words and block.words[0] in hosts:
            host = hosts[block.words[0]]
            script = "set -e -o pipefail\n" * strict + filled_in(block.text, hosts)
            done = host.sh(script, check=False, timeout=60)
            need(not strict or done.returncode == 0, f"on {host.name}:\n{block.text}\n{done.returncode}: {done.stdout[-1500:]}"
                                       f"{done.stderr[-1500:]}")
            said.append(done.stdout + done.stderr)
        elif block.kind == "ini" and len(block.words) == 2 and block.words[1] in hosts:
            install(block.words[0], hosts[block.words[1]], hosts)
    return said


def make_keys(*hosts):
    """What the first page of the guide has everybody do."""
    for host in hosts:
        follow(section("keys.md", "Make a key pair").replace("```sh here", f"```sh {host.name}"), {host.name: host})


def anchors(path):
    """What a link may name behind its #: the headings as a forge turns them into names."""
    with open(path, encoding="utf-8") as file:
        headings = re.findall(r"^#+ (.*)$", BLOCK.sub("", file.read()), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def faults():
    """Files that a page shows otherwise than they are, and links that lead nowhere."""
    for page in pages():
        text = read(f"docs/guide/{page}")
        for block in blocks(text):
            if block.kind == "ini" and read(block.words[0]) != block.text:
                yield f"{page} does not show {block.words[0]} as it is"
        for target, anchor in LINK.findall(BLOCK.sub("", text)):
            path = os.path.join(FOLDER, target or page)
            if "://" not in target and not os.path.exists(path):
                yield f"{page} has a link to {target}, which is nowhere"
            elif anchor and anchor not in anchors(path):
                yield f"{page} has a link to {target}#{anchor}, which is nowhere"


def pages_hold(net):
    """The scenario of the pages themselves."""
    found = list(faults())
    need(not found, "\n".join(found))
    net.note(f"{len(pages())} pages")
