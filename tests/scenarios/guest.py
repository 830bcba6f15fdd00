"""A host with a real kernel's WireGuard: the emulator of tests/kernel in the place of namespaces.

Owned here: that it has a host's verbs, the stock tools, and the programs that the guide calls. Not here:
booting it (tests/kernel).
"""

import glob
import os
import shutil

import initramfs
import kernel
import machine
import peer
from lab import Skip, command
from net import HERE, SECONDS_MAX, Host

CACHE = os.path.join(os.path.dirname(os.path.dirname(HERE)), "build-check/kernel")
CABLES = ("eth0", "eth1")
PROGRAMS = ("wg", "wg-quick", "ss", "tcpdump")
# One program with several names; the words of its rules are files of their own.
IPTABLES = ("iptables", "iptables-save", "ip6tables", "ip6tables-save")
IPTABLES_WORDS = ("standard", "udp", "MASQUERADE")
MODULES = ("nft_masq", "nft_chain_nat", "xt_MASQUERADE", "xt_tcpudp", "udp_diag", "tcp_diag")
SLOWNESS = 3
PREPARE = r"""
printf '#!/opt/bin/bash\nexec "$@"\n' >/opt/bin/sudo && chmod 755 /opt/bin/sudo
echo "root:x:0:0::/:/bin/sh" >/etc/passwd; echo "root:x:0:" >/etc/group
echo "hosts: files dns" >/etc/nsswitch.conf
mkdir -p /etc/sysctl.d
"""


def get_kernel():
    """The kernel's package, and busybox: fetched the first time."""
    if not shutil.which(machine.EMULATOR):
        raise Skip("there is no emulator: apt-get install qemu-system-x86")
    return kernel.get(CACHE, "linux-image-cloud-amd64"), kernel.get_busybox(CACHE)


def programs():
    """Names in the guest, and what they are here."""
    found = {f"opt/bin/{name}": shutil.which(name, path="/usr/bin") for name in PROGRAMS}
    found.update({f"opt/bin/{name}": shutil.which(name.replace("tables", "tables-nft")) for name in IPTABLES})
    for word in IPTABLES_WORDS:
        for path in glob.glob(f"/usr/lib/*/xtables/libxt_{word}.so"):
            found[path.lstrip("/")] = path
    return found


class KernelHost(Host):
    """A machine of its own each, which takes its time to boot."""

    def __init__(self, net, name):
        self.lab, self.name, self.far = net, name, True
        found, busybox = get_kernel()
        files = initramfs.build(found, busybox, programs(), MODULES)
        folder = net.file(name)
        os.mkdir(folder)
        self.machine = machine.Machine(folder, found.image, files, CABLES)
        net.later(self.machine.__exit__, None, None, None)
        self.machine.__enter__()
        self.sh(PREPARE)
        net.note(f"{name}: Linux {self.machine.version}, booted in {self.machine.boot_seconds:.0f} s")

    def sh(self, script, check=True, timeout=SECONDS_MAX):
        return peer.Guest.sh(self, script, check, timeout * SLOWNESS)

    def run(self, *words, **kwargs):
        return peer.Guest.run(self, *words, **kwargs)

    def ip(self, *words, **kwargs):
        return self.run("ip", *words, **kwargs)

    def bring_up(self, device):
        self.ip("link", "set", device, "up")

    def ip_all(self, *lines):
        """Its `ip` is busybox's, which takes no lines and no family from an address."""
        for line in lines:
            self.ip("-6" if ":" in line else "-4", *line.split())

    def write(self, path, text, mode=0o600):
        self.run("bash", "-c", 'umask 077; cat >"$1"; chmod "$2" "$1"', "bash", path, f"{mode:o}", input=text)

    def sysctl(self, **settings):
        self.run("sysctl", "-q", "-w", *(f"{key.replace('__', '.')}={value}" for key, value in settings.items()))

    def read(self, path):
        return self.run("cat", path).stdout

    def plug(self, device, other, other_device):
        """The cable's other end is one of the emulator's tap devices."""
        command("ip", "-n", f"{self.machine.tag}-a", "link", "set", device, "netns", str(other.pid), "name", other_device)

    def enter_words(self):
        return "(a virtual machine: it has no terminal)"
