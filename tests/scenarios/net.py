"""A small internet out of namespaces, in which commands of the guide run as they are written.

A host has namespaces of its own for network, mounts and processes: its own /etc and /run, so that each
may have a wg0, and all that runs on it ends with it. Owned here: hosts, the cables between them, the
usual places (an internet with a resolver and a web page, a home behind NAT), and that all is gone in the
end. Not here: what is tried with them (the scenario files), what a page of the guide says (guide.py).
"""

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import lab
from lab import Failure, Skip, command, need, wait_until
from place import Place, bring_up, set_sysctl

HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS_MAX = 30
TOOLS = ("wg/wg", "quick/wg-quick", "daemon/culvertd", "culvert/culvert")

MASQUERADE = """
table ip home {
	chain out {
		type nat hook postrouting priority srcnat
		oifname eth0 masquerade
	}
}
"""


def address_line(verb, address, device):
    return f"addr {verb} {address} dev {device}" + (" nodad" if ":" in address and verb == "add" else "")


class Host(lab.Host):
    """A machine. What lab.Host does by `ip netns` is done in all its namespaces here."""

    def __init__(self, net, name, far):
        self.lab, self.name, self.far = net, name, far
        self.place = Place(name, [] if far else net.tools)
        net.later(self.place.end)
        self.pid = self.place.pid
        self.path = f"/proc/{self.pid}/ns/net"

    def environment(self):
        found = {"PATH": f"/run/bin:{os.environ['PATH']}:/usr/sbin:/sbin",
                 "HOME": "/run/home", "LANG": "C.UTF-8"}
        if self.far:
            found["WG_QUICK_USERSPACE_IMPLEMENTATION"] = self.lab.options.far
        return found

    def words(self, *words):
        return ("nsenter", "--target", str(self.pid), "--net", "--mount", "--uts", "--pid", "--wdns=/run/home",
                "--", *words)

    def run(self, *words, **kwargs):
        """In its own processes' namespace: what goes into the background ends with the host."""
        kwargs.setdefault("env", self.environment())
        kwargs.setdefault("stdin", None if "input" in kwargs else subprocess.DEVNULL)
        kwargs.setdefault("timeout", SECONDS_MAX)
        if kwargs["stdin"] is None:
            del kwargs["stdin"]
        return command(*self.words(*words), **kwargs)

    def sh(self, script, **kwargs):
        return self.run("bash", "-c", script, **kwargs)

    def ip(self, *words, **kwargs):
        """In its network alone, where this process takes it: one program less to start."""
        with self.entered():
            return command("ip", *words, **kwargs)

    def spawn(self, *words):
        """A program that runs on. Not in the processes' namespace, so that its number is ours to end."""
        return self.lab.popen(["nsenter", "--target", str(self.pid), "--net", "--mount", "--uts", "--wdns=/run/home",
                               "--", *words], env=self.environment(), stdin=subprocess.DEVNULL)

    def seen_from_here(self, path):
        return f"/proc/{self.pid}/root" + os.path.join("/run/home", path)

    def write(self, path, text, mode=0o600):
        with open(self.seen_from_here(path), "w", encoding="utf-8", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)

    def read(self, path):
        """No program is started where none has to be: it may be asked again and again."""
        if path.startswith("/proc/"):
            return self.run("cat", path).stdout
        with open(self.seen_from_here(path), encoding="utf-8") as file:
            return file.read()

    def address(self, verb, address, device="eth0"):
        """With its prefix length, unlike lab.Host's."""
        self.ip_all(address_line(verb, address, device))

    def bring_up(self, device):
        with self.entered():
            bring_up(device)

    def sysctl(self, **settings):
        """Those of its network: the kernel goes by who asks."""
        with self.entered():
            for key, value in settings.items():
                set_sysctl(key.replace("__", "/"), value)

    def pings(self, address, *extra, seconds=20):
        """Whether an answer comes. Tries on: the first packets may be what makes the handshake."""
        done = self.run("ping", "-n", "-c", "1", "-i", "0.5", "-w", str(seconds), *extra, address, check=False,
                        timeout=seconds + 15)
        return done.returncode == 0

    def must_ping(self, address, *extra):
        """In time enough for an end that has to notice that the other one was restarted."""
        if not self.pings(address, *extra, seconds=45):
            raise Failure(f"{self.name}: no answer from {address} {' '.join(extra)}\n"
                          f"{self.sh('wg show; ip -br addr; ip route', check=False).stdout}")

    def must_not_ping(self, address, *extra, seconds=3):
        need(not self.pings(address, *extra, seconds=seconds), f"{self.name}: {address} answers {' '.join(extra)}")

    def peers(self, interface="wg0"):
        """What `wg show INTERFACE dump` says of each peer, by public key."""
        names = ("preshared_key", "endpoint", "allowed_ips", "latest_handshake", "received", "sent", "keepalive")
        found = {}
        for line in self.run("wg", "show", interface, "dump").stdout.splitlines()[1:]:
            key, *values = line.split("\t")
            found[key] = dict(zip(names, values))
            for name in ("latest_handshake", "received", "sent"):
                found[key][name] = int(found[key][name])
        return found

    def peer(self, interface="wg0"):
        peers = self.peers(interface)
        need(len(peers) == 1, f"{self.name}: {len(peers)} peers")
        return next(iter(peers.values()))

    def wait_gone(self, interface="wg0"):
        """A daemon ends a little after its interface."""
        wait_until(lambda: self.run("ip", "link", "show", interface, check=False).returncode != 0 and
                   not self.sh("ls /run/wireguard 2>/dev/null", check=False).stdout, 15, f"{interface} to be gone")

    def enter_words(self):
        return f"sudo nsenter --target {self.pid} --net --mount --uts --pid env PATH=/run/bin:$PATH:/usr/sbin bash"


class Played(Exception):
    """Somebody has played with it: what a scenario expects from here on may not hold any more."""


class Net:
    """What a scenario gets: hosts on demand. Close it, and all is gone."""

    def __init__(self, options, name):
        self.options, self.name = options, name
        self.tools = [os.path.join(options.build, "src", path) for path in TOOLS]
        self.stack = contextlib.ExitStack()
        self.hosts, self.notes = {}, []
        self.directory = tempfile.mkdtemp(prefix="scenario-")
        self.later(shutil.rmtree, self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()

    def later(self, function, *args, **kwargs):
        self.stack.callback(function, *args, **kwargs)

    def note(self, text):
        """Worth printing, decides nothing."""
        self.notes.append(text)

    popen = lab.Lab.popen

    def file(self, name):
        return os.path.join(self.directory, name)

    def host(self, name, far=False):
        """A far one has the stock tools and the daemon that --far names, or the kernel's WireGuard."""
        if far and self.options.far == "kernel":
            host = self.options.kernel_host(self, name)
        else:
            host = Host(self, name, far and self.options.far != "culvertd")
        self.hosts[name] = host
        return host

    def cable(self, one, one_device, other, other_device):
        """A kernel's machine has to be the one that is named first."""
        if hasattr(one, "plug"):
            one.plug(one_device, other, other_device)
        else:
            command("ip", "link", "add", one_device, "netns", str(one.pid), "type", "veth",
                    "peer", "name", other_device, "netns", str(other.pid))
        for host, device in ((one, one_device), (other, other_device)):
            host.bring_up(device)

    def stay(self):
        """With --stay: as it is now, until Enter or Ctrl-C. A scenario says where that is worth most."""
        if not self.options.stay:
            return
        print(f"\n{self.name} is up. Enter a host from another terminal:")
        for host in self.hosts.values():
            print(f"  {host.name:10} {host.enter_words()}")
        print("Press Enter or Ctrl-C here to remove everything.", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            sys.stdin.readline()
        raise Played


def gateway(address):
    """The first address of the network, which is the internet's there."""
    network = address.split("/")[0]
    return re.sub(r"[^.:]+$", "1", network)


def settle(host, device, addresses):
    """The host gets the addresses (with length) and a default route by each of their networks' first."""
    host.ip_all(*(line for address in addresses for line in (
        address_line("add", address, device), f"route add default via {gateway(address)}")))


class Internet:
    """Everything between the hosts: routes, a public resolver at 1.1.1.1, a page that says who called."""

    WEB = ("192.0.2.80", "2001:db8:80::80")
    RESOLVER = "1.1.1.1"

    def __init__(self, net):
        self.net = net
        self.host = net.host("internet")
        self.host.sysctl(net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1)
        self.host.ip_all(*(address_line("add", address, "lo")
                           for address in (self.RESOLVER + "/32", self.WEB[0] + "/32", self.WEB[1] + "/128")))

    def attach(self, host, *addresses, device="eth0"):
        """A cable to the host, which gets the addresses (with length) and a default route by it."""
        self.net.cable(host, device, self.host, host.name[:15])
        self.host.ip_all(*(address_line("add", f"{gateway(address)}/{address.split('/')[1]}", host.name[:15])
                           for address in addresses))
        settle(host, device, addresses)
        return host

    def route(self, network, via):
        self.host.ip("-6" if ":" in network else "-4", "route", "add", network, "via", via)

    def serve_names(self):
        """dnsmasq on all addresses; returns the file with its queries."""
        log = self.net.file("dns.log")
        self.host.spawn("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
                        "--log-queries", f"--log-facility={log}", "--user=root", "--group=root", "--pid-file=",
                        *(f"--address=/ifconfig.me/{address}" for address in self.WEB))
        self.wait_listening("udp", 53)
        return log

    def serve_page(self):
        self.host.spawn(sys.executable, os.path.join(HERE, "page.py"))
        self.wait_listening("tcp", 80)

    def wait_listening(self, kind, port):
        listens(self.host, kind, port)


def listens(host, kind, port):
    wait_until(lambda: host.run("ss", "-Hln", f"--{kind}", f"sport = :{port}").stdout, 15,
               f"{host.name} to listen on {kind} {port}")


def home(net, internet, name="router", public="198.51.100.20", inside="192.168.50.1/24", inside6="2001:db8:50::1/64"):
    """A router that hides what is behind it (IPv4), as every home has one; IPv6 it only routes."""
    router = net.host(name)
    internet.attach(router, f"{public}/24", "2001:db8:198::20/64")
    internet.route(re.sub(r"[^:]*/", "/", inside6), "2001:db8:198::20")
    router.sysctl(net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1)
    router.ip("link", "add", "lan", "up", "type", "bridge")
    router.ip_all(*(address_line("add", address, "lan") for address in (inside, inside6)))
    router.run("nft", "-f", "-", input=MASQUERADE)
    return router


def at_home(net, router, host, address, address6=None, device="eth0"):
    """Plug a host in behind the router."""
    net.cable(host, device, router, host.name[:15])
    router.ip("link", "set", host.name[:15], "master", "lan")
    settle(host, device, list(filter(None, (address, address6))))
    return host


def wait_forgotten(router, source="192.168.50.10"):
    """Until the router holds no mapping for the host any more."""
    if router.run("test", "-e", "/proc/net/nf_conntrack", check=False).returncode:
        raise Skip("there is no /proc/net/nf_conntrack")
    with router.entered(), open("/proc/thread-self/net/nf_conntrack", encoding="ascii") as table:
        wait_until(lambda: table.seek(0) or f"src={source} " not in table.read(), 60, "the router to forget")


class Recording:
    """A program that runs on in a host of either kind, and what it prints."""

    def __init__(self, host, *words):
        self.host = host
        self.path = host.run("mktemp", "/run/recording.XXXXXX").stdout.strip()
        self.pid = host.sh(f"{shlex.join(words)} </dev/null >{self.path} 2>{self.path}.err & echo $!").stdout.strip()

    def said(self):
        return self.host.read(self.path)

    def complaints(self):
        return self.host.read(f"{self.path}.err")

    def end(self):
        """By Ctrl-C; all that it said."""
        return self.host.sh(f"kill -INT {self.pid}; while kill -0 {self.pid} 2>/dev/null; do sleep 0.05; done; "
                            f"cat {self.path}").stdout


class Watch(Recording):
    """tcpdump on a device of a host: the lines it has printed."""

    def __init__(self, host, device, *expression):
        super().__init__(host, "tcpdump", "-Z", "root", "--immediate-mode", "-l", "-n", "-i", device, *expression)
        wait_until(lambda: "listening on" in self.complaints(), SECONDS_MAX, f"tcpdump on {host.name}'s {device}")

    def lines(self):
        return packets(self.said())

    def end(self):
        return packets(super().end())


def packets(said):
    """Without the empty line that tcpdump ends with."""
    return [line for line in said.splitlines() if line]
