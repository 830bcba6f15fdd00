"""A Debian kernel with WireGuard, fetched and unpacked into a folder of the tests; nothing is installed."""

import glob
import lzma
import os
import re
import shutil
import subprocess

from lab import Skip

BUSYBOX = "busybox-static"


class Kernel:
    """The image, and its modules by name."""

    def __init__(self, folder):
        images = glob.glob(os.path.join(folder, "boot/vmlinuz-*"))
        if len(images) != 1:
            raise Skip(f"no kernel image in {folder}")
        self.image = images[0]
        self.version = self.image.partition("vmlinuz-")[2]
        # Since Debian 13 modules live below usr/ and are compressed.
        files = glob.glob(os.path.join(folder, "**/lib/modules/**/*.ko*"), recursive=True)
        self.modules = {module_name(path): path for path in files}
        if "wireguard" not in self.modules:
            raise Skip(f"kernel {self.version} has no module wireguard")

    def module(self, name):
        with open(self.modules[name], "rb") as file:
            data = file.read()
        return lzma.decompress(data) if self.modules[name].endswith(".xz") else data

    def in_load_order(self, names):
        """The names that are modules of this kernel, each behind those that it depends on."""
        order = []

        def visit(name):
            if name in order or name not in self.modules:
                return
            found = re.search(rb"\0depends=([^\0]*)\0", self.module(name))
            for other in found[1].decode().split(",") if found else ():
                visit(other.replace("-", "_"))
            order.append(name)

        for name in names:
            visit(name)
        return order


def module_name(path):
    return os.path.basename(path).partition(".ko")[0].replace("-", "_")


def find_package(cache, name):
    """The package's file in the cache folder, downloaded if it is not there yet."""
    have = sorted(glob.glob(os.path.join(cache, f"{name}_*.deb")))
    if not have:
        download(cache, name)
        have = sorted(glob.glob(os.path.join(cache, f"{name}_*.deb")))
    if not have:
        raise Skip(f"apt-get downloaded no {name}")
    return have[-1]


def download(cache, name):
    words = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", name]
    try:
        done = subprocess.run(words, cwd=cache, capture_output=True, text=True, check=False, timeout=240)
    except (OSError, subprocess.TimeoutExpired) as why:
        raise Skip(f"cannot download {name}: {why}") from why
    if done.returncode:
        raise Skip(f"cannot download {name}: {(done.stderr.strip().splitlines() or ['?'])[-1]}")


def kernel_package(cache, meta):
    """What the meta package stands for today; without package lists, what the cache has."""
    done = subprocess.run(["apt-cache", "depends", "--important", meta], capture_output=True, text=True, check=False)
    found = re.search(r"Depends: (linux-image-\S+)", done.stdout)
    if found:
        return find_package(cache, found[1])
    have = glob.glob(os.path.join(cache, "linux-image-*.deb"))
    if not have:
        raise Skip(f"no package list knows {meta}; try apt-get update")
    return max(have, key=os.path.getmtime)


def unpack(cache, package):
    folder = os.path.join(cache, os.path.basename(package).removesuffix(".deb"))
    if not os.path.isdir(folder):
        # Under its name only when it is whole.
        shutil.rmtree(folder + ".part", ignore_errors=True)
        done = subprocess.run(["dpkg-deb", "-x", package, folder + ".part"], capture_output=True, text=True,
                              check=False)
        if done.returncode:
            raise Skip(f"cannot unpack {package}: {done.stderr.strip()}")
        os.rename(folder + ".part", folder)
    return folder


def get(cache, meta):
    """The kernel that a meta package, or the file of a package, holds."""
    os.makedirs(cache, exist_ok=True)
    return Kernel(unpack(cache, meta if meta.endswith(".deb") else kernel_package(cache, meta)))


def get_busybox(cache):
    found = glob.glob(os.path.join(unpack(cache, find_package(cache, BUSYBOX)), "**/bin/busybox"), recursive=True)
    if not found:
        raise Skip(f"{BUSYBOX} holds no busybox")
    return found[0]
