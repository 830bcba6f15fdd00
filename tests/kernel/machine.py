"""A virtual machine with a real kernel beside a network namespace of this machine, joined by cables.

Owned here: the namespace, the tap devices in it, the emulator, the line to the guest's command agent,
and that all of it is gone when the machine closes. Not here: what runs in the guest and the
namespace (peer.py), what the guest's files are (initramfs.py).
"""

import contextlib
import fcntl
import itertools
import os
import re
import socket
import struct
import subprocess
import time

from lab import Failure, Host, command, die_with_parent, need

TUNSETIFF, IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x400454CA, 0x0002, 0x1000, 0x4000
EMULATOR = "qemu-system-x86_64"
TAG = re.compile(r"cvk(\d+)n\d+-a")
NUMBERS = itertools.count()
# One processor without SIMD is what software emulates fastest.
HARDWARE = ("-machine", "q35,usb=off", "-accel", "tcg", "-cpu", "qemu64", "-smp", "1", "-m", "256",
            "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-device", "virtio-rng-pci")
# Programs always at the same addresses need translating once only; a link with thousands of peers is
# gone at once instead of after thousands of grace periods.
KERNEL_LINE = ("console=ttyS0 quiet panic=-1 mitigations=off nokaslr norandmaps rcupdate.rcu_expedited=1 "
               "random.trust_cpu=on net.ifnames=0 tsc=reliable no_timer_check edd=off")
BOOT_SECONDS_MAX = 240


class Machine:
    def __init__(self, folder, image, initramfs, cables=("eth0",)):
        """The cables have their names at both ends; only the first one's end here has addresses."""
        self.tag = f"cvk{os.getpid()}n{next(NUMBERS)}"
        self.folder, self.image, self.initramfs, self.cables = folder, image, initramfs, cables
        self.stack = contextlib.ExitStack()
        self.process = self.line = None
        # Answers of the guest: bytes of them, and how many are still to come; the first tells of the boot.
        self.received, self.owed = b"", 1
        self.version, self.guest_seconds, self.boot_seconds = "", 0.0, 0.0

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *_):
        self.stack.close()

    def file(self, name):
        return os.path.join(self.folder, name)

    def start(self):
        started = time.monotonic()
        # The guest's console and the agent's line need names; a socket's must be short.
        for name in ("console.log", "agent"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.file(name))
        with open(self.file("initramfs"), "wb") as file:
            file.write(self.initramfs)
        command("ip", "netns", "add", f"{self.tag}-a")
        self.stack.callback(command, "ip", "netns", "del", f"{self.tag}-a", check=False)
        here, there = socket.socketpair()
        self.line = here
        self.stack.callback(here.close)
        with contextlib.ExitStack() as handed_over:
            handed_over.enter_context(there)
            taps = [handed_over.enter_context(tap) for tap in self.make_taps()]
            self.emulate([tap.fileno() for tap in taps], there.fileno())
        hello = self.answer(BOOT_SECONDS_MAX)[1]
        self.version, uptime = hello.split()
        self.guest_seconds = float(uptime)
        self.boot_seconds = time.monotonic() - started

    def make_taps(self):
        """Devices of the namespace; what one sends and receives with its offloads is the guest's of that name."""
        host, taps = Host(self, "a", 1), []
        with host.entered():
            for name in self.cables:
                taps.append(open("/dev/net/tun", "r+b", buffering=0))
                fcntl.ioctl(taps[-1], TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI | IFF_VNET_HDR))
        host.ip("link", "set", "lo", "up")
        for family in (4, 6):
            host.address("add", host.outer[family])
        host.ip("link", "set", "eth0", "up")
        host.wait_usable(host.outer[6])
        return taps

    def emulate(self, taps, line):
        words = (EMULATOR, *HARDWARE, "-kernel", self.image, "-initrd", self.file("initramfs"),
                 "-append", KERNEL_LINE, "-serial", f"file:{self.file('console.log')}",
                 *itertools.chain.from_iterable(cable_words(number, tap) for number, tap in enumerate(taps)),
                 "-chardev", f"socket,id=agent,fd={line}",
                 "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=agent")
        with open(self.file("emulator.log"), "w") as log:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            pass_fds=(*taps, line), preexec_fn=die_with_parent)
        self.stack.callback(self.end)

    def end(self):
        self.process.kill()
        self.process.wait()

    def said(self):
        """The end of the console and of the emulator's complaints."""
        text = ""
        for name in ("emulator.log", "console.log"):
            with contextlib.suppress(FileNotFoundError), open(self.file(name), errors="replace") as file:
                text += file.read()[-1500:]
        return text

    def take_answer(self):
        """The first answer in what has been received: its exit code and both outputs; None: not all of it."""
        header, newline, rest = self.received.partition(b"\n")
        if not newline:
            return None
        code, out, err = map(int, header.split())
        if len(rest) < out + err:
            return None
        self.received = rest[out + err:]
        return code, rest[:out].decode(errors="replace"), rest[out:out + err].decode(errors="replace")

    def answer(self, seconds):
        end = time.monotonic() + seconds
        while not (answer := self.take_answer()):
            self.line.settimeout(max(0.01, end - time.monotonic()))
            try:
                part = self.line.recv(1 << 20)
            except TimeoutError as why:
                raise Failure(f"the guest does not answer in {seconds} s; its console:\n{self.said()}") from why
            need(part, f"the guest ended; its console:\n{self.said()}")
            self.received += part
        self.owed -= 1
        return answer

    def run(self, script, seconds=30):
        """A script for bash in the guest, to its end: its exit code and both outputs."""
        while self.owed:
            # Nobody waited for the end of what ran before.
            self.answer(seconds)
        data = script.encode()
        self.owed += 1
        self.line.settimeout(seconds)
        self.line.sendall(b"%d\n" % len(data) + data)
        return self.answer(seconds)


def cable_words(number, tap):
    return ("-netdev", f"tap,id=cable{number},fd={tap}",
            "-device", f"virtio-net-pci,netdev=cable{number},romfile=")


def sweep():
    """Namespaces of runs that were killed; their processes died with them."""
    for ns in command("ip", "netns", "list", check=False).stdout.split():
        found = TAG.fullmatch(ns)
        if found and not os.path.exists(f"/proc/{found[1]}"):
            command("ip", "netns", "del", ns, check=False)
