"""Where a host lives: namespaces of its own for network, mounts, processes and names.

Made by forks of this program: to start a program for each step took as long as many a scenario.
"""

import ctypes
import fcntl
import os
import shutil
import signal
import socket
import struct
import subprocess

from lab import (CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUTS, MS_BIND, MS_PRIVATE, MS_REC, Failure,
                 die_with_parent, libc, mount)

SIOCSIFFLAGS, IFF_UP = 0x8914, 1

# No addresses and routes but those that a scenario gives.
QUIET = ("all/autoconf", "default/autoconf", "default/accept_ra", "default/router_solicitations")


def set_sysctl(path, value):
    with open(f"/proc/sys/{path}", "w", encoding="ascii") as file:
        file.write(str(value))


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def bring_up(device):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh22x", device.encode(), IFF_UP))


def own_etc():
    os.makedirs("/run/etc/own")
    os.makedirs("/run/etc/work")
    try:
        mount("none", "/etc", "overlay", data="lowerdir=/etc,upperdir=/run/etc/own,workdir=/run/etc/work")
    except OSError:
        # Whatever comes and goes there meanwhile.
        subprocess.run(["cp", "-a", "/etc/.", "/run/etc/own"], capture_output=True, check=False)
        mount("/run/etc/own", "/etc", flags=MS_BIND)
    shutil.rmtree("/etc/wireguard", ignore_errors=True)
    if os.path.lexists("/etc/resolv.conf"):
        os.unlink("/etc/resolv.conf")
    os.mkdir("/etc/wireguard", 0o700)
    write("/etc/hosts", "127.0.0.1 localhost\n")
    write("/etc/nsswitch.conf", "hosts: files dns\n")
    write("/etc/resolv.conf", "")


def own_programs(tools):
    """Here everybody is root, and the machine's DNS manager has no business."""
    os.mkdir("/run/bin")
    os.mkdir("/run/home")
    for tool in tools:
        if os.access(tool, os.X_OK):
            os.symlink(tool, os.path.join("/run/bin", os.path.basename(tool)))
    os.symlink("/usr/bin/env", "/run/bin/sudo")
    for program in ("resolvconf", "resolvectl"):
        path = shutil.which(program)
        if path:
            mount("/dev/null", path, flags=MS_BIND)


def furnish(name, tools):
    mount("none", "/", flags=MS_REC | MS_PRIVATE)
    mount("none", "/proc", "proc")
    if libc.sethostname(name.encode(), len(name)):
        raise OSError(ctypes.get_errno(), "sethostname")
    mount("none", "/run", "tmpfs", data="mode=755")
    try:
        mount("none", "/sys", "sysfs")
    except OSError:
        pass  # It shows the devices of another network then.
    own_etc()
    own_programs(tools)
    for setting in QUIET:
        if os.path.exists(f"/proc/sys/net/ipv6/conf/{setting}"):
            set_sysctl(f"net/ipv6/conf/{setting}", 0)
    bring_up("lo")


class Place:
    """It ends, with all that lives there, by end() or with this process."""

    def __init__(self, name, tools):
        said, say = os.pipe()
        wait, self.life = os.pipe()
        self.keeper = os.fork()
        if self.keeper == 0:
            self.keep(name, tools, wait, say)
        os.close(wait)
        os.close(say)
        with os.fdopen(said, encoding="utf-8") as answers:
            self.pid, why = int(answers.readline() or 0), answers.read()
        if why or not self.pid:
            self.end()
            raise Failure(f"{name} does not start: {why}")

    def end(self):
        os.close(self.life)
        os.waitpid(self.keeper, 0)

    @staticmethod
    def keep(name, tools, wait, say):
        """The keeper, which is no part of it, and its child, the first process there."""
        try:
            die_with_parent()
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: it is the scenario's to end
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.dup2(wait, 0)
            os.dup2(say, 3)
            # What this process has open of other hosts would keep them alive.
            os.closerange(4, os.sysconf("SC_OPEN_MAX"))
            if libc.unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS):
                raise OSError(ctypes.get_errno(), "unshare")
            first = os.fork()
            if first:
                os.close(0)
                os.write(3, f"{first}\n".encode())
                os.close(3)
                os.waitpid(first, 0)
                return
            die_with_parent()
            furnish(name, tools)
            # Who is orphaned here is nobody's to wait for.
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            os.close(3)
            os.read(0, 1)
        except BaseException as error:  # Whatever it is, it is what to tell.
            os.write(3, f"{error!r}\n".encode())
        finally:
            os._exit(0)
