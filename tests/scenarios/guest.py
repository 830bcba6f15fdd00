"""A host with a real kernel's WireGuard: the emulator of tests/kernel in the place of namespaces.

Owned here: that it has a host's verbs, and the stock tools. Not here: booting it (tests/kernel). What it
cannot do is skipped: it has one cable, and few programs.
"""

import os
import shutil

import initramfs
import kernel
import machine
import peer
from lab import Skip, command
from net import HERE, Host

CACHE = os.path.join(os.path.dirname(os.path.dirname(HERE)), "build-check/kernel")
MASQUERADE = ("nft_masq", "nft_chain_nat")
PREPARE = r"""
printf '#!/opt/bin/bash\nexec "$@"\n' >/opt/bin/sudo && chmod 755 /opt/bin/sudo
echo "root:x:0:0::/:/bin/sh" >/etc/passwd; echo "root:x:0:" >/etc/group
mkdir -p /etc/sysctl.d
"""


def get_kernel():
    """The kernel's package, and busybox: fetched the first time."""
    if not shutil.which(machine.EMULATOR):
        raise Skip("there is no emulator: apt-get install qemu-system-x86")
    return kernel.get(CACHE, "linux-image-cloud-amd64"), kernel.get_busybox(CACHE)


class KernelHost(Host):
    """One machine a scenario, since each takes its time to boot."""

    def __init__(self, net, name):
        self.lab, self.name, self.far, self.is_plugged = net, name, True, False
        if any(isinstance(host, KernelHost) for host in net.hosts.values()):
            raise Skip("one kernel a scenario is enough")
        found, busybox = get_kernel()
        extra = {f"opt/bin/{tool}": shutil.which(tool, path="/usr/bin") for tool in ("wg", "wg-quick")}
        files = initramfs.build(found, busybox, extra, MASQUERADE)
        self.machine = machine.Machine(net.directory, found.image, files)
        net.later(self.machine.__exit__, None, None, None)
        self.machine.__enter__()
        self.sh(PREPARE)
        net.note(f"{name}: Linux {self.machine.version}, booted in {self.machine.boot_seconds:.0f} s")

    sh = peer.Guest.sh

    def run(self, *words, **kwargs):
        return peer.Guest.run(self, *words, **kwargs)

    def plug(self, device, other, other_device):
        """The cable's other end is the emulator's tap device."""
        if self.is_plugged or device != "eth0":
            raise Skip("the kernel's machine has one cable")
        self.is_plugged = True
        command("ip", "-n", f"{self.machine.tag}-a", "link", "set", "eth0", "netns", str(other.pid), "name", other_device)

    def spawn(self, *_):
        raise Skip("the kernel's machine has no such program")

    def enter_words(self):
        return "(a virtual machine: it has no terminal)"
