"""A daemon that takes the tunnel of a running one over: nothing is lost, or nothing has happened."""

import contextlib
import json
import os
import re
import signal
import socket
import struct
import threading
import time

import wire
from lab import Daemon, Failure, need, wait_until
from scenario_closed import Manager

SO_RCVBUFFORCE = 33
HEADER_LEN, RECORD_HEAD = 24, "<II"
# Device, its log, a peer, its log, its allowed IPs.
RECORDS, RECORD_END = [1, 5, 2, 6, 3, 7], 7


def replace(lab, side):
    """A new daemon for the side's interface; returns once the old one has ended."""
    old = side.daemon
    new = Daemon(side.host, [*old.words, "--replace"] if "--replace" not in old.words else old.words,
                 side.interface)
    lab.daemons.append(new)
    wait_until(lambda: old.exited() or new.exited(), 30, "the old daemon to end")
    need(not new.exited(), f"the new daemon ended: {new.said()[-400:]}")
    need(old.process.returncode == 0, f"the old daemon ended with {old.process.returncode}")
    old.ended = True
    side.daemon = new.wait_ready()


BURST_MAX = 30


class Stream:
    """Numbered datagrams from one inner address to another, so many a second, until it is stopped."""

    def __init__(self, lab, source, target, rate, length=8):
        self.out = source.host.udp(source.inner[4])
        self.sink = target.host.udp(target.inner[4])
        self.sink.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        self.sink.settimeout(0.2)
        self.to, self.rate, self.filling = self.sink.getsockname(), rate, bytes(length - 8)
        self.sent, self.got, self.is_over, self.is_sent = 0, [], False, False
        self.threads = [threading.Thread(target=work, daemon=True) for work in (self.send, self.receive)]
        lab.later(self.stop)
        for thread in self.threads:
            thread.start()

    def send(self):
        start, due = time.monotonic(), 0
        while not self.is_over:
            before, due = due, int((time.monotonic() - start) * self.rate)
            # Who is behind does not catch up in a burst.
            for _ in range(min(due - before, BURST_MAX)):
                self.out.sendto(struct.pack("<Q", self.sent) + self.filling, self.to)
                self.sent += 1
            time.sleep(0.002)
        self.is_sent = True

    def receive(self):
        end = None
        while end is None or time.monotonic() < end:
            with contextlib.suppress(TimeoutError, socket.timeout):
                self.got.append(struct.unpack_from("<Q", self.sink.recv(2000))[0])
            if self.is_sent and len(self.got) >= self.sent:
                return
            if self.is_sent and end is None:
                end = time.monotonic() + 15

    def stop(self):
        self.is_over = True
        for thread in self.threads:
            thread.join()


def totals(side):
    peer = side.daemon.peer()
    return [int(peer[key][0]) for key in ("rx_bytes", "tx_bytes", "last_handshake_time_sec")]


def seals_each_counter_once(capture):
    """No two messages with one receiver index and counter, of all that passed."""
    seen = [(d.source, d.payload[4:16]) for d in capture.messages(wire.DATA)]
    need(seen and len(set(seen)) == len(seen), f"{len(seen) - len(set(seen))} of {len(seen)} counters came twice")


def loses_nothing(lab, times=20):
    """Both ways packets with numbers, the daemon in the middle replaced again and again."""
    lab.only_ours("cannot be replaced")
    left, right = lab.tunnel("theirs", "ours")
    capture = lab.a.capture()
    left.must_ping(right)
    streams = [Stream(lab, left, right, 150), Stream(lab, right, left, 150)]
    wait_until(lambda: all(s.got for s in streams), 15, "the first datagrams")
    before = len(capture.messages(wire.INITIATION))
    seen = totals(right)
    for _ in range(times):
        replace(lab, right)
        now = totals(right)
        need(now[0] >= seen[0] and now[1] >= seen[1], f"counters went back from {seen} to {now}")
        need(now[2] == seen[2], "another handshake is told of")
        seen = now
    for stream in streams:
        stream.stop()
        lost = set(range(stream.sent)) - set(stream.got)
        need(not lost, f"{len(lost)} of {stream.sent} datagrams were lost over {times} replacements")
        need(len(stream.got) == stream.sent, f"{len(stream.got) - stream.sent} datagrams came twice")
    lab.note(f"{times} replacements, {sum(s.sent for s in streams)} datagrams, none lost")
    need(len(capture.messages(wire.INITIATION)) == before, "a replacement brought a handshake")
    right.must_ping(left, family=6)
    seals_each_counter_once(capture)


def dropped_by_the_kernel(side):
    """Packets for which there was no room in the queue of the interface or of an outer socket."""
    link = json.loads(side.host.ip("-s", "-j", "link", "show", "dev", side.interface).stdout)[0]
    text = side.host.run("cat", "/proc/net/snmp", "/proc/net/snmp6").stdout
    names, values = (line.split()[1:] for line in text.split("\n") if line.startswith("Udp:"))
    outer = int(dict(zip(names, values))["RcvbufErrors"]) + int(re.search(r"Udp6RcvbufErrors\s+(\d+)", text)[1])
    return link["stats64"]["tx"]["dropped"] + outer


def loses_nothing_that_was_queued(lab, times=20):
    """20 Mbit/s each way. What is lost then is for queues that were full, which a busy machine may bring about."""
    lab.only_ours("cannot be replaced")
    left, right = lab.tunnel()
    left.must_ping(right)
    before = sum(dropped_by_the_kernel(side) for side in (left, right))
    streams = [Stream(lab, left, right, 2000, 1250), Stream(lab, right, left, 2000, 1250)]
    start = time.monotonic()
    for i in range(times):
        count = [len(s.got) for s in streams]
        wait_until(lambda: all(len(s.got) > c + 500 for s, c in zip(streams, count)), 30, "datagrams")
        replace(lab, (left, right)[i % 2])
    seconds = time.monotonic() - start
    for stream in streams:
        stream.stop()
    sent, lost = sum(s.sent for s in streams), sum(len(set(range(s.sent)) - set(s.got)) for s in streams)
    dropped = sum(dropped_by_the_kernel(side) for side in (left, right)) - before
    lab.note(f"{times} replacements, {sent} datagrams, {sent * 0.01 / seconds / 2:.0f} Mbit/s each way, {lost} lost, "
             f"{dropped} of them for queues that were full")
    need(lost <= dropped, f"{lost} of {sent} datagrams were lost, {dropped} for queues that were full")


def request(daemon):
    """What this daemon's like would ask it with: a refusal tells."""
    answer = daemon.ask("replace=1\nversion=0\nlayout=0\n\n")
    need(answer.endswith("\nerrno=-93\n\n"), f"another version is answered by {answer!r}")
    return "replace=1\n" + answer.replace("errno=-93\n", "")


def ask_for(daemon, *words):
    """A connection that got as far as these words; and the descriptors that came with the first answer."""
    sock = daemon.connect(30)
    sock.sendall(request(daemon).encode())
    answer, fds, _, _ = socket.recv_fds(sock, 9, 4)
    need(answer == b"errno=0\n\n" and len(fds) == 3, f"{answer!r} with {len(fds)} descriptors")
    for fd in fds:
        socket.close(fd)
    for word in words:
        sock.sendall(word)
    return sock


def read_exactly(sock, length):
    data = b""
    while len(data) < length:
        part = sock.recv(length - len(data))
        need(part, "the old daemon hung up in the middle of its state")
        data += part
    return data


def read_state(sock):
    header, fds, _, _ = socket.recv_fds(sock, HEADER_LEN, 4)
    for fd in fds:
        socket.close(fd)
    need(len(header) == HEADER_LEN and len(fds) == 2, f"a header of {len(header)} bytes, {len(fds)} sockets")
    records = []
    while not records or records[-1] != RECORD_END:
        kind, length = struct.unpack(RECORD_HEAD, read_exactly(sock, 8))
        read_exactly(sock, length)
        records.append(kind)
    return records


def goes_on_when_the_new_one_fails(lab):
    """It dies or hangs before its word; the old one's session is what it was, and the word comes too late."""
    lab.only_ours("cannot be replaced")
    left, right = lab.tunnel("theirs", "ours")
    capture = lab.a.capture()
    left.must_ping(right)
    before = len(capture.messages(wire.INITIATION))
    daemon, process = right.daemon, right.daemon.process

    def greeted():
        ask_for(daemon).close()

    def in_the_middle():
        ask_for(daemon, b"take=1\n\n").close()

    def at_the_end():
        sock = ask_for(daemon, b"take=1\n\n")
        records = read_state(sock)
        need(records == RECORDS, f"other records than a device and a peer: {records}")
        sock.close()

    def with_another_word():
        sock = ask_for(daemon, b"take=1\n\n")
        read_state(sock)
        sock.sendall(b"ruins")
        need(sock.recv(10) == b"", "the old daemon goes for any word")
        sock.close()

    def hangs(does_read):
        sock = ask_for(daemon, b"take=1\n\n")
        if does_read:
            read_state(sock)
        left.must_ping(right)
        try:
            sock.sendall(b"runs\n")
        except (BrokenPipeError, ConnectionResetError):
            sock.close()
        else:
            raise Failure("the old daemon goes on and takes the word of the new one, too")

    def hangs_at_once():
        hangs(False)

    def hangs_at_the_end():
        hangs(True)

    for failure in (greeted, in_the_middle, at_the_end, with_another_word, hangs_at_once, hangs_at_the_end):
        failure()
        left.must_ping(right)
        right.must_ping(left, family=6)
        need(process.poll() is None, f"the old daemon ended when the new one failed {failure.__name__}")
    need(daemon.errno("take=1\n\n") == -71, "anybody may take")
    need(len(re.findall("did not take it", daemon.said())) == 5, daemon.said()[-500:])
    need(len(capture.messages(wire.INITIATION)) == before, "a failure brought a handshake")
    replace(lab, right)
    left.must_ping(right)
    seals_each_counter_once(capture)


def goes_on_with_its_log(lab):
    lab.only_ours("cannot be replaced")
    left, right = lab.tunnel("theirs", "ours")
    left.must_ping(right)
    right.run_words(right.ping_words("10.77.0.99", 1, 1, 1), 20)

    def log():
        answer = right.daemon.ask("events=1\n\n")
        age = int(re.search(r"^since_ms_ago=(\d+)$", answer, re.M)[1])
        return age, re.sub(r"_ms_ago=\d+", "", answer)

    age, before = log()
    need("\ncount=no-peer 1\n" in before and "\ncount=handshake-done 1\n" in before.split("\npeer=")[1], before)
    for _ in range(2):
        replace(lab, right)
        new_age, after = log()
        need(after == before, f"{before}, then {after}")
        need(new_age >= age, f"it began {age} ms ago, then {new_age}")


class Credentials:
    """Who sent what to a service manager."""

    def __init__(self, manager):
        self.sock = manager.sock
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)

    def hear(self):
        text, ancillary, _, _ = self.sock.recvmsg(4096, 100)
        for level, kind, data in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                os.close(struct.unpack("i", data[:4])[0])
        sender = [struct.unpack("i", data[:4])[0] for _, kind, data in ancillary if kind == socket.SCM_CREDENTIALS]
        return sender[0], text.decode().split("\n")


def becomes_the_main_process_of_a_service(lab):
    """As under systemd: the process that is told to replace says who goes on, before the old one has ended, and that one
    gives the signs of life that were wanted of the old one."""
    lab.only_ours("tells nobody")
    manager = Manager(lab)
    heard = Credentials(manager)
    old = lab.daemon(lab.a, environment=manager.environment(WATCHDOG_USEC="40000"))
    asker = lab.popen(lab.a.words(*lab.words("ours"), "--replace", old.interface),
                      env=dict(os.environ, **manager.environment()))
    sender, said = heard.hear()
    while not any(line.startswith("MAINPID=") for line in said):
        need(sender == old.process.pid and "STOPPING=1" not in said, f"{sender} says {said}")
        sender, said = heard.hear()
    new = int(said[0].partition("=")[2])
    need(sender == asker.pid and "READY=1" in said, f"{sender}, not {asker.pid}, says {said}")
    need(new in lab.a.pids() and new not in (old.process.pid, asker.pid), f"{new} is none of {lab.a.pids()}")
    with open(f"/proc/{new}/status") as status:
        parent = int(re.search(r"^PPid:\s+(\d+)$", status.read(), re.M)[1])
    need(parent not in (asker.pid, os.getpid()), f"its parent is {parent}, who does not take care of orphans")
    need(asker.wait(15) == 0, "the asker fails")
    wait_until(old.exited, 15, "the old daemon to end")
    old.ended = True
    need(old.process.returncode == 0, "the old daemon fails")
    for _ in range(100):
        sender, said = heard.hear()
        need("STOPPING=1" not in said and sender in (old.process.pid, new), f"{sender} says {said}")
        if sender == new:
            break
    need((sender, said) == (new, ["WATCHDOG=1"]), f"{sender} says {said}")
    os.kill(new, signal.SIGTERM)
    while "STOPPING=1" not in said:
        sender, said = heard.hear()
    need(sender == new, f"{sender} is stopping")
    wait_until(lambda: not lab.a.pids(), 15, "the new daemon to end")


def refuses_what_cannot_be(lab):
    """No daemon, another one's, and one that has a new one of the wrong name."""
    lab.only_ours("cannot be replaced")
    left, right = lab.tunnel("theirs", "ours")
    left.must_ping(right)
    ours = right.daemon.words
    for host, interface, words in ((lab.a, left.interface, "cannot be replaced"),
                                   (lab.b, "nowhere0", "No daemon answers there")):
        done = host.run(*ours, "-f", "--replace", interface, check=False)
        need(done.returncode == 1 and words in done.stderr, f"{done.returncode}: {done.stderr}")
    left.must_ping(right)
    # Into the background, as at any start: what comes next can rely on it.
    lab.b.run(*ours, "--replace", right.interface)
    wait_until(right.daemon.exited, 15, "the old daemon to end")
    right.daemon.ended = True
    need(right.daemon.process.returncode == 0, "the old daemon failed")
    left.must_ping(right)
    lab.b.ip("link", "del", right.interface)
    wait_until(lambda: not lab.b.pids(), 15, "the new daemon to end with its interface")
