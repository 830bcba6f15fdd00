"""The guest's file system: programs of this machine with their libraries, busybox, modules, init."""

import os
import re
import shutil
import stat
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDERS = ("proc", "sys", "dev", "tmp", "run", "root", "etc/wireguard", "var")
# As Debian's; what is not installed is left out.
PROGRAMS = ("bash", "dash", "ip", "ping", "iperf3", "nft")
DEVICES = ("virtio_pci", "virtio_net", "virtio_rng", "virtio_console", "dummy")
# What wg-quick's rules against spoofing need.
FIREWALL = ("nf_tables", "nft_fib_inet", "nft_ct", "nft_compat")


class Archive:
    """The "newc" form of cpio, which the kernel unpacks."""

    def __init__(self):
        self.data = bytearray()
        self.names = set()

    def add(self, name, mode, content=b""):
        if name in self.names:
            return
        parent = os.path.dirname(name)
        if parent:
            self.add(parent, stat.S_IFDIR | 0o755)
        self.names.add(name)
        self.put(name, mode, content)

    def put(self, name, mode, content):
        path = name.encode() + b"\0"
        #         inode, mode, uid, gid, links, mtime, size, device and its node (two numbers each), name, sum
        fields = (len(self.names), mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(path), 0)
        self.data += b"070701" + b"".join(b"%08X" % field for field in fields) + path
        self.pad()
        self.data += content
        self.pad()

    def pad(self):
        self.data += bytes(-len(self.data) % 4)

    def folder(self, name):
        self.add(name, stat.S_IFDIR | 0o755)

    def link(self, name, target):
        self.add(name, stat.S_IFLNK | 0o777, target.encode())

    def file(self, name, content, mode=0o755):
        self.add(name, stat.S_IFREG | mode, content)

    def finish(self):
        self.put("TRAILER!!!", 0, b"")
        return bytes(self.data)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def add_program(archive, path, name):
    """A program and, when it is not a script or static, its libraries where it looks for them."""
    archive.file(name, read(path))
    listed = subprocess.run(["ldd", path], capture_output=True, text=True, check=False)
    for library in re.findall(r"(?:=> |^\s)(/\S+)", listed.stdout, re.M):
        archive.file(library.lstrip("/"), read(library))


def add_busybox(archive, path):
    archive.file("bin/busybox", read(path))
    for applet in subprocess.run([path, "--list"], capture_output=True, text=True, check=True).stdout.split():
        if applet not in ("busybox", "sh"):
            archive.link(f"bin/{applet}", "busybox")


def build(kernel, busybox, extra, modules=()):
    """extra: names in the guest and the programs here that they are. modules: besides the usual ones."""
    archive = Archive()
    for folder in FOLDERS:
        archive.folder(folder)
    for program in PROGRAMS:
        path = shutil.which(program)
        if path:
            add_program(archive, path, f"opt/bin/{program}")
    for name, path in extra.items():
        add_program(archive, path, name)
    for shell in ("bin/bash", "bin/sh", "usr/bin/bash"):
        archive.link(shell, "/opt/bin/bash")
    add_busybox(archive, busybox)
    order = kernel.in_load_order((*DEVICES, "wireguard", *FIREWALL, *modules))
    for name in order:
        archive.file(f"lib/modules/{name}.ko", kernel.module(name), 0o644)
    archive.file("lib/modules/order", "".join(f"{name}\n" for name in order).encode(), 0o644)
    archive.link("var/run", "../run")
    archive.file("init", read(os.path.join(HERE, "guest_init")))
    return archive.finish()
