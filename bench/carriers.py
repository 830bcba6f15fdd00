"""What carries packets between the hosts of a bed: the bare link, a WireGuard daemon, the limit."""

import contextlib
import os
import shlex
import shutil
import subprocess

from bed import SOCKETS, Failure, command, wait_until

PORT = 51820
MTU = 1420
HERE = os.path.dirname(os.path.abspath(__file__))

# Daemons that are looked for on PATH.
KNOWN = {
    "wireguard-go": "wireguard-go -f %i",
    "boringtun": "boringtun-cli --disable-drop-privileges -f %i",
}


class Bare:
    """No tunnel: what the link and the measuring programs can do at most."""

    name, version, has_memory = "bare", "veth", False
    command = "the bare link"

    @contextlib.contextmanager
    def up(self, bed, outer):
        yield Line({host: host.outer for host in bed.hosts}, [])


class Line:
    """A way that is up: each host's addresses on it by family, and the processes that carry."""

    def __init__(self, addresses, processes):
        self.addresses, self.processes = addresses, processes

    def cpu_seconds(self):
        return sum(process.cpu_seconds() for process in self.processes)

    def peak_mib(self):
        return max(process.peak_mib() for process in self.processes)

    def need_running(self):
        for process in self.processes:
            process.need_running()


class Tunnel:
    """Starts a process in each host, which makes the interface, then configures both."""

    has_memory = True

    def __init__(self, name, words, version):
        self.name, self.words, self.version = name, words, version
        self.command = " ".join(words)

    @contextlib.contextmanager
    def up(self, bed, outer):
        with contextlib.ExitStack() as stack:
            processes = []
            for host, other in ((bed.a, bed.b), (bed.b, bed.a)):
                processes.append(self.start(host, other, outer))
                stack.callback(host.end_processes)
                stack.callback(processes[-1].end)
            for host, process in zip(bed.hosts, processes):
                wait_until(lambda h=host, p=process: p.need_running() and self.is_ready(h), 10,
                           f"{self.name} to be ready")
            self.configure(bed, outer)
            line = Line({host: host.inner for host in bed.hosts}, processes)
            for host in bed.hosts:
                self.bring_up(host)
            for family in (4, 6):
                wait_until(lambda f=family: answers(bed.a, bed.b.inner[f]), 15, f"an answer through {self.name}")
            yield line

    def bring_up(self, host):
        host.ip("link", "set", host.interface, "mtu", str(MTU), "up")
        for address in host.inner.values():
            host.add_address(address, host.interface)


class Daemon(Tunnel):
    """A WireGuard daemon in the foreground, with its control socket."""

    def __init__(self, name, command_text, version, wg):
        super().__init__(name, shlex.split(command_text), version)
        self.wg = wg

    def start(self, host, other, outer):
        os.makedirs(SOCKETS, mode=0o700, exist_ok=True)
        return host.start(*(word.replace("%i", host.interface) for word in self.words))

    def is_ready(self, host):
        return subprocess.run(host.words(self.wg, "show", host.interface), capture_output=True, check=False,
                              timeout=10).returncode == 0

    def configure(self, bed, outer):
        private = {host: command(self.wg, "genkey").strip() for host in bed.hosts}
        public = {host: command(self.wg, "pubkey", input=private[host]).strip() for host in bed.hosts}
        for host, other in ((bed.a, bed.b), (bed.b, bed.a)):
            path = bed.file(f"key-{host.interface}")
            with open(path, "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o600)) as file:
                file.write(private[host] + "\n")
            host.run(self.wg, "set", host.interface, "listen-port", str(PORT), "private-key", path,
                     "peer", public[other], "endpoint", endpoint(other.outer[outer]),
                     "allowed-ips", f"{other.inner[4]}/32,{other.inner[6]}/128")


class Forward(Tunnel):
    """bench/forward.c, the limit."""

    def __init__(self, name, program, *options):
        super().__init__(name, [program, *options], "fixed keys")

    def start(self, host, other, outer):
        return host.start(*self.words, host.interface, str(PORT), other.outer[outer], str(PORT))

    def is_ready(self, host):
        return has_interface(host)

    def configure(self, bed, outer):
        """There is nothing to configure."""


def has_interface(host):
    return subprocess.run(("ip", "-n", host.ns, "link", "show", host.interface), capture_output=True,
                          check=False).returncode == 0


def answers(host, address):
    return subprocess.run(host.words("ping", "-n", "-c", "1", "-W", "1", address), capture_output=True,
                          check=False).returncode == 0


def endpoint(address):
    return f"[{address}]:{PORT}" if ":" in address else f"{address}:{PORT}"


def version_of(program):
    """The first line of what it says of itself."""
    try:
        said = subprocess.run((program, "--version"), capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return (said.stdout + said.stderr).strip().split("\n")[0] or "unknown"


def find_wg(build):
    ours = os.path.join(build, "src/wg/wg")
    wg = ours if os.access(ours, os.X_OK) else shutil.which("wg")
    if not wg:
        raise Failure("there is no wg command: neither built here nor installed (wireguard-tools)")
    return wg


def newest(wg):
    """Debian's newest wireguard-go, fetched into a folder of ours."""
    done = subprocess.run((os.path.join(HERE, "fetch-wireguard-go"),), stdout=subprocess.PIPE, text=True,
                          check=False, timeout=300)
    if done.returncode:
        raise Failure("the newest wireguard-go cannot be fetched (above: why); go without --newest")
    program = done.stdout.strip()
    with open(os.path.join(program.partition("/usr/bin/")[0], "version"), encoding="utf-8") as file:
        return Daemon("wireguard-go-newest", f"{program} -f %i", f"Debian {file.read().strip()}", wg)


def find_all(build, more, with_newest):
    """Every row there can be, in the order in which they take turns. more: (name, command) pairs."""
    wg = find_wg(build)
    culvertd = os.path.join(build, "src/daemon/culvertd")
    forward = os.path.join(build, "bench/forward")
    rows = [Bare(), Daemon("culvertd", f"{culvertd} -f %i", version_of(culvertd), wg)]
    if with_newest:
        rows.append(newest(wg))
    for name, text in KNOWN.items():
        if shutil.which(text.split()[0]):
            rows.append(Daemon(name, text, version_of(text.split()[0]), wg))
    for name, text in more:
        rows.append(Daemon(name, text, version_of(shlex.split(text)[0]), wg))
    return rows + [Forward("limit", forward), Forward("limit-2", forward, "--threads", "2"),
                   Forward("null", forward, "--null-crypto")]
