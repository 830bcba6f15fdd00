"""What `ip` and `nft` say of a world, without a program to be started for each question."""

import ctypes
import functools
import os
import re
import select
import subprocess

# Asked last of all, so that its line is the end of an answer; every world has it, as its first link.
LAST = "link show dev lo"
END = re.compile(r"^1: lo: <.*\n\Z", re.MULTILINE)
ANSWER_SECONDS_MAX = 60


class Ip:
    """One `ip` that takes lines for as long as its world lasts. With -o an answer's line is one line."""

    def __init__(self, family):
        self.process = subprocess.Popen(["ip", family, "-o", "-force", "-batch", "-"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def ask(self, *questions):
        """Of each question a list of the lines of its answer."""
        return [self.answer(question) for question in questions]

    def answer(self, question):
        self.process.stdin.write(f"{question}\n{LAST}\n".encode())
        self.process.stdin.flush()
        out, ends = self.process.stdout.fileno(), 2 if question == "link" else 1
        text = ""
        while not (END.search(text) and len(re.findall(r"^1: lo: <", text, re.MULTILINE)) == ends):
            ready = select.select([out], [], [], ANSWER_SECONDS_MAX)[0]
            more = os.read(out, 1 << 16).decode(errors="replace") if ready else ""
            if not more:
                raise RuntimeError(f"ip {question}: no answer, or no end of it: {text[-300:]}")
            text += more
        return [line.rstrip() for line in text.splitlines()[:-1] if line.strip()]


@functools.cache
def nftables():
    """The library that nft is made of. Whoever forks worlds has it before, so that it is loaded once."""
    library = ctypes.CDLL("libnftables.so.1")
    library.nft_ctx_new.restype = ctypes.c_void_p
    library.nft_ctx_get_output_buffer.restype = ctypes.c_char_p
    return library


@functools.cache
def context():
    """One a world, whose first use opens what the kernel is asked by; none before worlds are forked."""
    made = ctypes.c_void_p(nftables().nft_ctx_new(0))
    if not made or nftables().nft_ctx_buffer_output(made):
        raise RuntimeError("libnftables has no memory")
    return made


def ruleset():
    """The lines of `nft list ruleset`."""
    if nftables().nft_run_cmd_from_buffer(context(), b"list ruleset"):
        raise RuntimeError("libnftables lists no ruleset")
    return nftables().nft_ctx_get_output_buffer(context()).decode(errors="replace").splitlines()
