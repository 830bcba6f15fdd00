"""Both ends of a tunnel: culvertd in the namespace, the kernel's WireGuard in the guest."""

import shlex
import subprocess

import lab
from lab import command, need

PEER_FIELDS = ("public-key", "preshared-key", "endpoint", "allowed-ips", "latest-handshake", "received", "sent",
               "persistent-keepalive")
OURS, THEIRS = "/opt/ours/wg", "/opt/theirs/wg"


class Guest(lab.Host):
    """The virtual machine as a host of a lab: the same verbs, done by its agent."""

    def __init__(self, laboratory, machine, n):
        super().__init__(laboratory, "b", n)
        self.machine = machine

    def words(self, *words):
        return words

    def sh(self, script, check=True, timeout=30):
        code, out, err = self.machine.run(script, timeout)
        if check:
            need(code == 0, f"in the guest: {script[:300]}: {code}, {(err or out).strip()[-1500:]}")
        return subprocess.CompletedProcess(script, code, out, err)

    def run(self, *words, check=True, input=None, timeout=30):
        script = shlex.join(words)
        if input is not None:
            script = f"printf %s {shlex.quote(input)} | {script}"
        return self.sh(script, check, timeout)

    def ip(self, *words, **kwargs):
        return self.run("ip", *words, **kwargs)

    def write(self, path, text):
        """A file in the guest, readable by root only."""
        self.sh(f"umask 077; printf '%s\\n' {shlex.quote(text)} >{shlex.quote(path)}")
        return path

    def reset(self):
        """No tunnel, no files, nothing in the background, as after the boot. Addresses stay."""
        self.sh("""
            [[ ! -s /tmp/jobs ]] || kill $(</tmp/jobs) 2>/dev/null
            for link in /sys/class/net/*; do
                case $link in */lo | */eth0) ;; *) ip link del "${link##*/}" ;; esac
            done
            rm -rf /tmp/* /etc/wireguard/*""")

    def set_up(self):
        """Once, after the boot."""
        self.sh(f"""ip -batch - <<'END'
            addr add {self.outer[4]}/24 dev eth0
            addr add {self.outer[6]}/64 dev eth0 nodad
            link set eth0 up\nEND""".replace("            ", ""))

    def wait_listening(self, port):
        self.sh(f"for i in {{1..200}}; do netstat -ltn | grep -q ':{port} ' && exit; sleep 0.1; done; exit 1")

    def start(self, *words):
        """A command in the background; what it says is read with finish()."""
        self.sh(f"{shlex.join(words)} >/tmp/job 2>&1 & echo $! >>/tmp/jobs")

    def finish(self, seconds):
        """Wait for the last started, and what it said."""
        return self.sh("while kill -0 $(tail -n 1 /tmp/jobs) 2>/dev/null; do sleep 0.1; done; cat /tmp/job",
                       timeout=seconds).stdout


class KernelSide(lab.Side):
    """An interface of the guest's kernel, with the verbs of a culvertd's side."""

    def __init__(self, guest, wg=OURS, interface="wg0"):
        self.host, self.wg_path, self.interface = guest, wg, interface
        self.port = 51820 + guest.n
        self.inner = {4: f"10.77.0.{guest.n}", 6: f"fd77::{guest.n}"}
        here = guest.lab.options.our_wg
        self.private = command(here, "genkey").stdout.strip()
        self.public = command(here, "pubkey", input=self.private).stdout.strip()

    def key_file(self, name, text):
        return self.host.write(f"/tmp/{self.interface}.{name}", text)

    def configure(self, mtu=1420):
        self.host.sh(f"""
            umask 077
            echo {self.private} >/tmp/{self.interface}.key
            ip link add {self.interface} type wireguard || exit
            {self.wg_path} set {self.interface} listen-port {self.port} private-key /tmp/{self.interface}.key || exit
            ip -batch - <<'END'
addr add {self.inner[4]}/24 dev {self.interface}
addr add {self.inner[6]}/64 dev {self.interface} nodad
link set {self.interface} mtu {mtu} up
END""")

    def add_peer(self, other, endpoint=None, psk=None, *words):
        words = ["peer", other.public, *words]
        script = ""
        if psk:
            script = f"umask 077; echo {psk} >/tmp/{self.interface}.psk; "
            words += ["preshared-key", f"/tmp/{self.interface}.psk"]
        if endpoint:
            words += ["endpoint", endpoint]
        words += ["allowed-ips", f"{other.inner[4]}/32,{other.inner[6]}/128"]
        self.host.sh(script + shlex.join([self.wg_path, "set", self.interface, *words]))

    def forget_sessions(self):
        self.host.sh(f"""
            ip link set {self.interface} down
            ip link set {self.interface} up
            ip addr add {self.inner[6]}/64 dev {self.interface} nodad""")

    def run_words(self, words, timeout):
        return self.host.run(*words, check=False, timeout=timeout)


class KernelLab(lab.Lab):
    """What a scenario gets: a host with a daemon on demand, and the guest. Close it, and both are as before."""

    def __init__(self, machine, options):
        super().__init__(machine.tag, options)
        self.guest = Guest(self, machine, 2)

    def build(self):
        self.later(self.end_processes, self.a)
        self.guest.reset()

    def sides(self, wg="ours"):
        """culvertd and the kernel, with keys and addresses, knowing nothing of each other."""
        left = self.side(self.a, "ours", wg)
        right = KernelSide(self.guest, OURS if wg == "ours" else THEIRS)
        for side in (left, right):
            side.configure()
        return left, right

    def tunnel(self, wg="ours", family=4, psk=False, knows="both"):
        """knows: whose peer has an endpoint, so that only this side can initiate."""
        left, right = self.sides(wg)
        secret = left.wg("genpsk").stdout.strip() if psk else None
        left.add_peer(right, right.endpoint(family) if knows != "kernel" else None, secret)
        right.add_peer(left, left.endpoint(family) if knows != "culvertd" else None, secret)
        return left, right


def shown(side, *words):
    """What wg shows of the side's only peer, a string for each word."""
    said = side.wg("show", side.interface, "dump").stdout.splitlines()[1].split("\t")
    fields = dict(zip(PEER_FIELDS, said))
    return [fields[word] for word in words] if len(words) > 1 else fields[words[0]]
