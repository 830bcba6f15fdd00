#!/usr/bin/env python3
"""Runs two of examples/tunnel against each other: lines pass both ways, strangers get nothing."""
import os
import select
import socket
import subprocess
import sys
import tempfile

PROGRAM = sys.argv[1]
PATIENCE_S = 30


def keys():
    return subprocess.run([PROGRAM, "key"], check=True, capture_output=True,
                          text=True).stdout.split()


def end(*arguments):
    return subprocess.Popen([PROGRAM, *arguments], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE)


def pass_line(source, sink, line):
    source.stdin.write(line)
    source.stdin.flush()
    got = b""
    while len(got) < len(line):
        readable, _, _ = select.select([sink.stdout], [], [], PATIENCE_S)
        assert readable, f"{line!r} did not arrive"
        got += os.read(sink.stdout.fileno(), 4096)
    assert got == line, f"{got!r} is not {line!r}"


with tempfile.TemporaryDirectory() as folder:
    a_path, b_path = os.path.join(folder, "a"), os.path.join(folder, "b")
    (a_private, a_public), (b_private, b_public) = keys(), keys()
    a = end(a_private, b_public, a_path, b_path)
    b = end(b_private, a_public, b_path, a_path)
    try:
        for path in (a_path, b_path):
            while not os.path.exists(path):
                assert a.poll() is None and b.poll() is None, "an end stopped"
        stranger = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        for length in (0, 1, 31, 32, 64, 92, 148, 1500):
            for kind in range(6):
                stranger.sendto((bytes([kind, 0, 0, 0]) + bytes(1500))[:length], b_path)
        pass_line(a, b, b"first\n")
        pass_line(b, a, b"answer\n")
        for number in range(50):
            pass_line(a, b, b"line %d\n" % number)
            pass_line(b, a, b"x" * 999 + b"\n")
        for process in (a, b):
            process.stdin.close()
            assert process.wait(PATIENCE_S) == 0
        assert os.listdir(folder) == []
    finally:
        for process in (a, b):
            process.kill()
            process.wait()
assert subprocess.run([PROGRAM, "nonsense", "x", "y", "z"], capture_output=True,
                      check=False).returncode == 2
