"""Two hosts joined by a cable, each with a WireGuard daemon that is configured by a wg command.

Owned here: network namespaces, the processes in them, control sockets, and that all of it is gone
when a lab closes. Not here: what is tried with it (the scenario files), WireGuard's messages (wire.py).
Only processes started here are ended, by their number.
"""

import contextlib
import ctypes
import functools
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import wire

SOCKETS = "/var/run/wireguard"
CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWPID, CLONE_NEWNET = 0x20000, 0x4000000, 0x20000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 4096, 16384, 1 << 18, 2
RTF_LOCAL = 0x80000000
PR_SET_PDEATHSIG = 1
SANITIZER_REPORT = re.compile(
    r"ERROR: \w+Sanitizer|WARNING: \w+Sanitizer|runtime error:|ERROR SUMMARY: [1-9]")

libc = ctypes.CDLL(None, use_errno=True)


class Failure(Exception):
    """Something did not hold."""


class Skip(Exception):
    """This cannot be tried here; the text says why."""


def need(condition, message):
    if not condition:
        raise Failure(message)


def wait_until(condition, seconds, what):
    """The value of condition() as soon as it is true; a bound, never a pause to hope. Asked ever more seldom, as it
    may be to start a program: what is waited for would wait for that."""
    end, pause = time.monotonic() + seconds, 0.01
    while True:
        value = condition()
        if value:
            return value
        need(time.monotonic() < end, f"waited {seconds} s in vain for {what}")
        time.sleep(pause)
        pause = min(1.3 * pause, 0.1)


def die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def command(*words, check=True, **kwargs):
    kwargs.setdefault("timeout", 30)
    done = subprocess.run(words, capture_output=True, text=True, check=False, **kwargs)
    if check:
        need(done.returncode == 0, f"{' '.join(words)}: {done.returncode}, {done.stderr.strip()}")
    return done


def address_words(verb, address, device="eth0"):
    if ":" not in address:
        return f"addr {verb} {address}/24 dev {device}"
    return f"addr {verb} {address}/64 dev {device}" + (" nodad" if verb == "add" else "")


def is_usable6(address):
    """The kernel makes an IPv6 address usable a little after it says that it is there: by a route."""
    with open("/proc/thread-self/net/ipv6_route") as routes:
        fields = [line.split() for line in routes]
    number = socket.inet_pton(socket.AF_INET6, address).hex()
    return any(f[0] == number and f[1] == "80" and int(f[8], 16) & RTF_LOCAL for f in fields)


def mount(source, target, kind=None, flags=0, data=None):
    words = [word.encode() if word else None for word in (source, target, kind, data)]
    if libc.mount(*words[:3], ctypes.c_ulong(flags), words[3]):
        raise OSError(ctypes.get_errno(), f"mount {target}")


def add_namespace(path):
    """As `ip netns add`, which takes longer to start than to do it. This process stays where it is."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0))
    with open("/proc/thread-self/ns/net") as home:
        need(libc.unshare(CLONE_NEWNET) == 0, "unshare")
        try:
            mount("/proc/thread-self/ns/net", path, flags=MS_BIND)
        finally:
            libc.setns(home.fileno(), CLONE_NEWNET)


def delete_namespace(path):
    libc.umount2(path.encode(), MNT_DETACH)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


class Host:
    """A network namespace with eth0. Its number n gives it its addresses."""

    def __init__(self, lab, letter, n):
        self.lab, self.letter, self.n = lab, letter, n
        self.ns = f"{lab.tag}-{letter}"
        self.path = f"/var/run/netns/{self.ns}"
        self.outer = {4: f"192.0.2.{n}", 6: f"2001:db8::{n}"}

    def words(self, *words):
        """For who starts them by himself. `ip netns exec` would mount /sys anew for each."""
        return ("nsenter", f"--net={self.path}", "--", *words)

    def run(self, *words, **kwargs):
        """As a child of this process while it is there: one program less to start."""
        with self.entered():
            return command(*words, **kwargs)

    def ip(self, *words, **kwargs):
        return command("ip", "-n", self.ns, *words, **kwargs)

    def ip_all(self, *lines):
        """Many calls of `ip` by one process."""
        self.ip("-batch", "-", input="\n".join(lines))

    def address(self, verb, address, device="eth0"):
        self.ip(*address_words(verb, address, device).split())

    def wait_usable(self, address):
        with self.entered():
            wait_until(lambda: is_usable6(address), 10, f"{address} to be usable")

    def pids(self):
        return list(filter(self.has_process, map(int, filter(str.isdigit, os.listdir("/proc")))))

    def has_process(self, pid):
        try:
            return os.path.samestat(os.stat(f"/proc/{pid}/ns/net"), os.stat(self.path))
        except OSError:
            return False

    @contextlib.contextmanager
    def entered(self):
        """This process in the host's namespace; sockets and devices made there stay there."""
        with open("/proc/self/ns/net") as home, open(self.path) as there:
            need(libc.setns(there.fileno(), CLONE_NEWNET) == 0, "setns")
            try:
                yield
            finally:
                libc.setns(home.fileno(), CLONE_NEWNET)

    def has_link(self, name):
        with self.entered():
            return any(name == link for _, link in socket.if_nameindex())

    def udp(self, address="0.0.0.0", port=0):
        with self.entered():
            sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        self.lab.later(sock.close)
        sock.bind((address, port))
        return sock

    def capture(self, device="eth0", **of_whom):
        with self.entered():
            capture = wire.Capture(device, **of_whom)
        self.lab.later(capture.close)
        return capture


class Daemon:
    """A WireGuard daemon in the foreground, and its control socket."""

    def __init__(self, host, words, interface, environment=None, extra_fds=()):
        self.host, self.interface = host, interface
        self.words = words
        self.path = f"{SOCKETS}/{interface}.sock"
        self.public_path = f"{SOCKETS}/{interface}.events"
        self.log = host.lab.file(f"{interface}.log")
        self.ended = False
        with open(self.log, "a") as log, host.entered():
            self.process = subprocess.Popen(
                [*words, "-f", interface], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, pass_fds=extra_fds, preexec_fn=die_with_parent,
                env=dict(os.environ, **(environment or {})))
        host.lab.later(self.kill)

    def wait_ready(self, seconds=15):
        wait_until(lambda: self.answers() or self.exited(), seconds, f"{self.path} to answer")
        need(not self.exited(), f"{' '.join(self.words)} ended at once: {self.said()}")
        return self

    def exited(self):
        return self.process.poll() is not None

    def answers(self):
        try:
            return self.ask("get=1\n\n", seconds=2).endswith("errno=0\n\n")
        except OSError:
            return False

    def said(self):
        with open(self.log, errors="replace") as log:
            return log.read()

    def connect(self, seconds=10):
        sock = socket.socket(socket.AF_UNIX)
        try:
            # Blocking, as wg does it: a full backlog makes it wait.
            sock.connect(self.path)
        except OSError:
            sock.close()
            raise
        sock.settimeout(seconds)
        return sock

    def ask(self, request, seconds=10):
        """One request on a connection of its own; the answer as text."""
        with self.connect(seconds) as sock:
            sock.sendall(request.encode())
            return read_answer(sock)

    def errno(self, request):
        answer = self.ask(request)
        found = re.search(r"^errno=(-?\d+)\n\n$", answer, re.M)
        need(found, f"no errno line in {answer[-200:]!r}")
        return int(found[1])

    def get(self):
        """The device's keys and a list of its peers' keys. Values are lists: some keys repeat."""
        device, peers = {}, []
        answer = self.ask("get=1\n\n")
        for line in answer.split("\n"):
            key, _, value = line.partition("=")
            if key == "public_key":
                peers.append({})
            if key and key != "errno":
                (peers[-1] if peers else device).setdefault(key, []).append(value)
        return device, peers

    def peer(self, key=None):
        for peer in self.get()[1]:
            if key is None or peer["public_key"] == [key]:
                return peer
        raise Failure("no such peer")

    def endpoint(self):
        return self.peer().get("endpoint", ["none"])[0]

    def rss_kib(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])

    def kill(self):
        if not self.exited():
            self.process.kill()
        self.process.wait()
        for path in (self.path, self.public_path):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)

    def wait_end(self, what, seconds=15):
        """It ends by itself with 0, leaves nothing, and no sanitizer complained."""
        self.ended = True
        wait_until(self.exited, seconds, f"{self.interface} to end {what}")
        need(self.process.returncode == 0, f"exit code {self.process.returncode} {what}: {self.said()[-400:]}")
        for path in (self.path, self.public_path):
            need(not os.path.exists(path), f"{path} is left {what}")
        need(not self.host.has_link(self.interface), f"interface {self.interface} is left {what}")

    def finish(self):
        if not self.ended:
            need(not self.exited(), f"{self.interface} ended with {self.process.poll()}: {self.said()[-400:]}")
            self.process.send_signal(signal.SIGTERM)
            self.wait_end("after SIGTERM")
        report = SANITIZER_REPORT.search(self.said())
        need(not report, f"{self.interface}: {self.said()[report.start():][:2000]}" if report else "")


def read_answer(sock):
    """Up to the empty line that ends an answer, or what came before the daemon hung up."""
    data = b""
    while not data.endswith(b"\n\n"):
        part = sock.recv(1 << 16)
        if not part:
            break
        data += part
    return data.decode(errors="replace")


@functools.cache
def key_pair(wg, number):
    """One of many. Who calls this before forking spares those that are forked the processes."""
    private = command(wg, "genkey").stdout.strip()
    return private, command(wg, "pubkey", input=private).stdout.strip()


class Side:
    """A host with a daemon, a wg command to configure it, a key pair and inner addresses."""

    def __init__(self, host, daemon, wg):
        self.host, self.daemon, self.wg_path = host, daemon, wg
        self.interface = daemon.interface
        self.port = 51820 + host.n
        self.inner = {4: f"10.77.0.{host.n}", 6: f"fd77::{host.n}"}
        self.private, self.public = key_pair(wg, host.lab.sides_count)
        host.lab.sides_count += 1

    def wg(self, *words, **kwargs):
        return self.host.run(self.wg_path, *words, **kwargs)

    def set(self, *words):
        return self.wg("set", self.interface, *words)

    def key_file(self, name, text):
        path = self.host.lab.file(f"{self.interface}.{name}")
        with open(path, "w", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write(text + "\n")
        return path

    def configure(self, mtu=1420):
        self.set("listen-port", str(self.port), "private-key", self.key_file("key", self.private))
        self.host.ip_all(address_words("add", self.inner[4], self.interface),
                         f"link set {self.interface} mtu {mtu} up",
                         address_words("add", self.inner[6], self.interface))
        self.host.wait_usable(self.inner[6])

    def add_peer(self, other, endpoint=None, psk=None, *words):
        words = list(words)
        if psk:
            words += ["preshared-key", self.key_file("psk", psk)]
        if endpoint:
            words += ["endpoint", endpoint]
        self.set("peer", other.public, *words, "allowed-ips", f"{other.inner[4]}/32,{other.inner[6]}/128")

    def endpoint(self, family=4):
        """Where others reach this side."""
        return endpoint_text(self.host.outer[family], self.port)

    def ping_words(self, address, count=1, interval=0.2, wait=10, *extra):
        return self.host.words("ping", "-n", "-c", str(count), "-i", str(interval), "-W", str(wait),
                               *extra, address)

    def ping(self, other, family=4, count=1, wait=10, extra=(), timeout=60):
        """How many of the pings, sent at once, to the other side's inner address were answered in time.

        After the last one of a row ping waits no longer than twice the longest answer took; but with
        a deadline, here before it would send another, it waits for all.
        """
        words = self.ping_words(other.inner[family], count, 10 * wait, 10 * wait, "-l", str(count),
                                "-w", str(wait), *extra)
        self.ping_said = self.run_words(words, timeout)
        return answered(self.ping_said.stdout)

    def run_words(self, words, timeout):
        return command(*words, check=False, timeout=timeout)

    def must_ping(self, other, family=4, **kwargs):
        count = kwargs.get("count", 1)
        got = self.ping(other, family, **kwargs)
        need(got == count, f"{self.interface}: {got} of {count} pings (IPv{family}) to {other.interface} were "
                           f"answered: {self.ping_said.stdout.strip()} {self.ping_said.stderr.strip()}")

    @contextlib.contextmanager
    def pinging(self, other, family=4, interval=0.05, lost_max=0):
        """Pings while something else is done; none may be lost."""
        words = self.ping_words(other.inner[family], 100000, interval, 10)
        process = self.host.lab.popen(words)
        need(any("bytes from" in line for line in process.stdout), "ping ended without an answer")
        yield
        process.send_signal(signal.SIGINT)
        out = process.communicate(timeout=30)[0]
        sent, got = int(re.search(r"(\d+) packets transmitted", out)[1]), answered(out)
        # The last may still be on its way when ping is told to end.
        need(got >= sent - 1 - lost_max, f"{sent - got} of {sent} pings were lost meanwhile")


def answered(ping_output):
    found = re.search(r"(\d+) received", ping_output)
    return int(found[1]) if found else 0


def endpoint_text(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


class Lab:
    """What a scenario gets: hosts a and b, daemons on demand. Close it, and all is gone."""

    def __init__(self, tag, options):
        self.tag, self.options = tag, options
        self.daemons, self.notes, self.sides_count = [], [], 0
        self.stack = contextlib.ExitStack()
        if options.logs:
            self.directory = os.path.join(options.logs, options.one.replace("/", "."))
            shutil.rmtree(self.directory, ignore_errors=True)
            os.makedirs(self.directory)
        else:
            self.directory = tempfile.mkdtemp(prefix="interop-")
            self.later(shutil.rmtree, self.directory, ignore_errors=True)
        self.a, self.b = Host(self, "a", 1), Host(self, "b", 2)

    def __enter__(self):
        try:
            self.build()
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *_):
        self.stack.close()

    def build(self):
        for host in (self.a, self.b):
            self.add_namespace(host)
        command("ip", "link", "add", "eth0", "netns", self.a.ns, "type", "veth",
                "peer", "name", "eth0", "netns", self.b.ns)
        for host in (self.a, self.b):
            host.ip_all("link set lo up", address_words("add", host.outer[4]),
                        address_words("add", host.outer[6]), "link set eth0 up")
        for host in (self.a, self.b):
            host.wait_usable(host.outer[6])

    def add_namespace(self, host):
        self.later(delete_namespace, host.path)
        add_namespace(host.path)
        self.later(self.end_processes, host)

    def end_processes(self, host):
        """Those that went into the background. A namespace of ours holds nobody else's."""
        for pid in host.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for suffix in ("sock", "events"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{SOCKETS}/{self.interface(host)}.{suffix}")

    def later(self, function, *args, **kwargs):
        self.stack.callback(function, *args, **kwargs)

    def file(self, name):
        return os.path.join(self.directory, name)

    def note(self, text):
        """A figure worth printing, that decides nothing."""
        self.notes.append(text)

    def popen(self, words, **kwargs):
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   preexec_fn=die_with_parent, **kwargs)

        def end():
            if process.poll() is None:
                process.kill()
            process.wait()
        self.later(end)
        return process

    def words(self, whose):
        return self.options.ours if whose == "ours" else self.options.theirs

    def wg(self, whose):
        return self.options.our_wg if whose == "ours" else self.options.their_wg

    def interface(self, host):
        return self.tag + host.letter

    def daemon(self, host, whose="ours", **kwargs):
        daemon = Daemon(host, self.words(whose), self.interface(host), **kwargs)
        self.daemons.append(daemon)
        return daemon.wait_ready()

    def side(self, host, whose="ours", wg="ours", **kwargs):
        return Side(host, self.daemon(host, whose, **kwargs), self.wg(wg))

    def tunnel(self, a="ours", b="ours", wg="ours", family=4, psk=False, mtu=1420):
        """Both sides configured, each knowing the other's endpoint; nothing has been sent yet."""
        left, right = self.side(self.a, a, wg), self.side(self.b, b, wg)
        secret = left.wg("genpsk").stdout.strip() if psk else None
        for side, other in ((left, right), (right, left)):
            side.configure(mtu)
            side.add_peer(other, other.endpoint(family), secret)
        return left, right

    def is_reference(self, whose):
        return whose == "theirs" or self.options.reference

    def only_ours(self, why):
        """For what wireguard-go does otherwise: it stands in for ours when the lab itself is tried."""
        if self.options.reference:
            raise Skip(f"wireguard-go {why}")

    def finish(self):
        for daemon in self.daemons:
            daemon.finish()
