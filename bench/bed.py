"""The bed that measurements lie in: two network namespaces, a cable, and the processes in them."""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import time

SOCKETS = "/var/run/wireguard"
PR_SET_PDEATHSIG = 1

libc = ctypes.CDLL(None, use_errno=True)


class Failure(Exception):
    """Something did not work; the text says what."""


def die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def command(*words, seconds=30, **kwargs):
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=seconds, **kwargs)
    if done.returncode:
        raise Failure(f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def wait_until(condition, seconds, what):
    """The value of condition() as soon as it is true; a bound, never a pause to hope."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise Failure(f"waited {seconds} s in vain for {what}")
        time.sleep(0.02)
    return value


class Process:
    """A process of ours in a host; its output goes to a file."""

    def __init__(self, words, log):
        self.words, self.log = words, log
        with open(log, "w", encoding="utf-8") as file:
            self.popen = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                                          preexec_fn=die_with_parent)
        self.pid = self.popen.pid

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def need_running(self):
        if self.popen.poll() is not None:
            raise Failure(f"{' '.join(self.words)} ended with {self.popen.returncode}: {self.said()[-300:].strip()}")
        return True

    def wait_for(self, text, seconds=10):
        wait_until(lambda: text in self.said() or not self.need_running(), seconds, f"'{text}'")

    def end(self):
        if self.popen.poll() is None:
            self.popen.terminate()
            try:
                self.popen.wait(5)
            except subprocess.TimeoutExpired:
                self.popen.kill()
        self.popen.wait()

    def cpu_seconds(self):
        """User and system time of all its threads so far."""
        with open(f"/proc/{self.pid}/stat", encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_mib(self):
        with open(f"/proc/{self.pid}/status", encoding="utf-8") as file:
            return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM:"))


class Host:
    """One end: a namespace with eth0. Its number gives it its addresses."""

    def __init__(self, bed, letter, number):
        self.bed, self.number = bed, number
        self.ns = f"{bed.tag}-{letter}"
        self.interface = f"{bed.tag}{letter}"
        self.outer = {4: f"192.0.2.{number}", 6: f"2001:db8::{number}"}
        self.inner = {4: f"10.77.0.{number}", 6: f"fd77::{number}"}

    def words(self, *words):
        return ("ip", "netns", "exec", self.ns, *words)

    def run(self, *words, **kwargs):
        return command(*self.words(*words), **kwargs)

    def ip(self, *words):
        return command("ip", "-n", self.ns, *words)

    def add_address(self, address, device):
        is_v6 = ":" in address
        self.ip("addr", "add", f"{address}/{64 if is_v6 else 24}", "dev", device, *(["nodad"] if is_v6 else []))

    def start(self, *words):
        """`ip netns exec` becomes the program, so that the number is the program's."""
        return Process(self.words(*words), self.bed.file(f"log-{next(self.bed.numbers)}"))

    def end_processes(self):
        """What went into the background. A namespace of ours holds nobody else's."""
        listed = subprocess.run(("ip", "netns", "pids", self.ns), capture_output=True, text=True, check=False)
        for pid in listed.stdout.split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        for ending in ("sock", "events"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{SOCKETS}/{self.interface}.{ending}")


class Bed:
    """Hosts a and b. Close it, and all is gone."""

    def __init__(self):
        self.tag = f"bm{os.getpid()}"
        self.numbers = iter(range(1 << 30))
        self.a, self.b = Host(self, "a", 1), Host(self, "b", 2)
        self.hosts = (self.a, self.b)
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        try:
            self.folder = tempfile.mkdtemp(prefix="bench-")
            self.stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
            self.build()
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *_):
        self.stack.close()

    def file(self, name):
        return os.path.join(self.folder, name)

    def build(self):
        for host in self.hosts:
            command("ip", "netns", "add", host.ns)
            self.stack.callback(subprocess.run, ("ip", "netns", "del", host.ns), check=False)
            self.stack.callback(host.end_processes)
        command("ip", "link", "add", "eth0", "netns", self.a.ns, "type", "veth",
                "peer", "name", "eth0", "netns", self.b.ns)
        for host in self.hosts:
            host.ip("link", "set", "lo", "up")
            for address in host.outer.values():
                host.add_address(address, "eth0")
            host.ip("link", "set", "eth0", "up")
