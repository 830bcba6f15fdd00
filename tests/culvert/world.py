"""A world of its own for the tests: namespaces of network, mounts and processes, which go with us.

In it are two hosts joined by a cable: "hub", with the interface wg0 and its file, and "road", where
what the hub gives out is tried. Everything is found under /etc/wireguard and /run, which are new.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

ETC = "/etc/wireguard"
SECONDS = 30  # to wait for anything; what is well takes far less

HUB_FILE = """# the hub
[Interface]
PrivateKey = {key}
Address = 10.7.0.1/24, fd00:7::1/64   # both families
ListenPort = 51820
#: PublicEndpoint = 192.0.2.1
#: ClientKeepalive = 5

# Bob has been here for long
[Peer]
# bob
PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=
AllowedIPs = 10.7.0.3/32
"""


class Failure(Exception):
    """Something did not hold."""


class Skip(Exception):
    """This cannot be tried here; the text says why."""


def need(condition, message):
    if not condition:
        raise Failure(message)


def wait_until(condition, what, seconds=SECONDS):
    end, pause = time.monotonic() + seconds, 0.02
    while True:
        value = condition()
        if value:
            return value
        need(time.monotonic() < end, f"waited in vain for {what}")
        time.sleep(pause)
        pause = min(1.3 * pause, 0.1)


def enter(build, argv):
    """Runs argv again inside new namespaces; the exit code."""
    words = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable]
    return subprocess.run(words + argv, check=False, env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1")).returncode


class World:
    def __init__(self, build):
        self.build = os.path.abspath(build)
        self.tools = {name: os.path.join(self.build, "src", name, name) for name in ("culvert", "wg")}
        self.tools["wg-quick"] = os.path.join(self.build, "src/quick/wg-quick")
        self.environment = dict(
            os.environ, WG_QUICK_USERSPACE_IMPLEMENTATION=os.path.join(self.build, "src/daemon/culvertd"),
            PATH=":".join([os.path.dirname(path) for path in self.tools.values()] + [os.environ["PATH"]]))
        self.environment.pop("CULVERT_CONFIG_DIR", None)
        self.processes = []

    def make(self):
        self.must("mount", "--make-rprivate", "/")
        os.makedirs(ETC, exist_ok=True)
        for path in ("/run", ETC):
            self.must("mount", "-t", "tmpfs", "-o", "mode=755", "none", path)
        self.folder = tempfile.mkdtemp(dir="/run")
        for host in ("hub", "road"):
            self.must("ip", "netns", "add", host)
            for name in ("all", "default"):
                self.on(host, "sysctl", "-qw", f"net.ipv6.conf.{name}.accept_dad=0",
                        f"net.ipv6.conf.{name}.autoconf=0")
        self.must("ip", "link", "add", "eth0", "netns", "hub", "type", "veth", "peer", "name", "eth0", "netns", "road")
        for number, host in enumerate(("hub", "road"), 1):
            self.must("ip", "-n", host, "addr", "add", f"192.0.2.{number}/24", "dev", "eth0")
            for link in ("lo", "eth0"):
                self.must("ip", "-n", host, "link", "set", link, "up")
        key = self.must("wg", "genkey").stdout.strip()
        self.write(f"{ETC}/wg0.conf", HUB_FILE.format(key=key))

    def path(self, name):
        return os.path.join(self.folder, name)

    @staticmethod
    def write(path, text):
        with open(path, "w", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write(text)

    @staticmethod
    def read(path):
        with open(path) as file:
            return file.read()

    def run(self, *words, **kwargs):
        kwargs.setdefault("timeout", 60)
        kwargs.setdefault("text", True)
        # Before a path: our build's programs, not those of the system.
        words = [self.tools.get(word, word) for word in words]
        if "input" not in kwargs:
            kwargs["stdin"] = subprocess.DEVNULL
        return subprocess.run(words, capture_output=True, check=False, env=self.environment, **kwargs)

    def must(self, *words, **kwargs):
        done = self.run(*words, **kwargs)
        need(done.returncode == 0, f"{' '.join(words)}: {done.returncode}, {done.stdout}{done.stderr}")
        return done

    def on(self, host, *words, **kwargs):
        return self.must("ip", "netns", "exec", host, *words, **kwargs)

    def try_on(self, host, *words, **kwargs):
        return self.run("ip", "netns", "exec", host, *words, **kwargs)

    def culvert(self, *words):
        return self.on("hub", "culvert", *words)

    def json(self, *words):
        return json.loads(self.culvert(*words, "--json").stdout)

    def start(self, host, *words, **kwargs):
        words = [self.tools.get(word, word) for word in words]
        kwargs.setdefault("stdin", subprocess.DEVNULL)
        process = subprocess.Popen(["ip", "netns", "exec", host, *words], env=self.environment, **kwargs)
        self.processes.append(process)
        return process

    def stop(self, process):
        process.terminate()
        process.wait(SECONDS)
        self.processes.remove(process)

    def pings(self, host, address, count=1):
        return self.try_on(host, "ping", "-c", str(count), "-W", "1", address).returncode == 0
