"""What keeps a daemon from starting or changing, what it says of that, and that nothing is left of the attempt."""

import os
import re
import resource
import socket

from lab import SOCKETS, Skip, command, need, wait_until


def nothing_left(lab, what):
    interface = lab.interface(lab.a)
    need(not lab.a.pids(), f"{what}: a process is left")
    need(lab.a.ip("link", "show", interface, check=False).returncode != 0, f"{what}: the interface is left")
    need(not os.path.exists(f"{SOCKETS}/{interface}.sock"), f"{what}: the control socket is left")


def must_refuse(lab, words, said, before=()):
    """It ends with 1 and one line that fits the pattern, in the foreground and in the background."""
    for flags in ((), ("-f",)):
        done = lab.a.run(*before, *lab.words("ours"), *flags, *words, check=False, timeout=30)
        need(done.returncode == 1 and done.stderr.count("\n") == 1 and re.search(said, done.stderr),
             f"{flags} {words}: {done.returncode}, {done.stderr}")


def leaves_the_first_alone(lab):
    """A second daemon for the name says why it ends; the first one does not notice."""
    lab.only_ours("says something else")
    left, right = lab.tunnel()
    with left.pinging(right):
        must_refuse(lab, [left.interface], r"Creating the TUN device: .* \(does another daemon run this interface\?\)")
        must_refuse(lab, ["--persist", left.interface], r"does another daemon run this interface")
    need(left.daemon.answers(), "the first one is not reached any more")


def names_a_user_that_is_not_there(lab):
    lab.only_ours("knows no users")
    must_refuse(lab, ["--user", "nobody-of-that-name", lab.interface(lab.a)], "no user called nobody-of-that-name")
    nothing_left(lab, "no such user")


def in_a_mount_namespace(*commands):
    """Words before a program: it runs where the shell commands have changed what is mounted."""
    script = "; ".join(["set -e", "mount --make-rprivate /", *commands, 'exec "$@"'])
    return ["unshare", "--mount", "sh", "-c", script, "sh"]


def says_where_it_cannot_write(lab):
    lab.only_ours("says something else")
    os.makedirs(SOCKETS, exist_ok=True)
    for what, before, said in (
            ("read-only", [f"mount -t tmpfs -o ro none {SOCKETS}"], "Read-only file system"),
            ("full", [f"mount -t tmpfs -o nr_inodes=1 none {SOCKETS}"], "No space left on device"),
            ("no directory", [f"mount -t tmpfs none {SOCKETS}", f"umount {SOCKETS}",
                              f"mount --bind /dev/null {SOCKETS} 2>/dev/null || mount -t tmpfs -o ro none /run"],
             "file system|ot a directory")):
        must_refuse(lab, [lab.interface(lab.a)], rf"Opening the control socket in {SOCKETS}: .*({said})",
                    in_a_mount_namespace(*before))
        nothing_left(lab, what)


def says_that_there_is_no_tun(lab):
    lab.only_ours("says something else")
    must_refuse(lab, [lab.interface(lab.a)], r"Opening /dev/net/tun \(try: modprobe tun\): No such file or directory",
                in_a_mount_namespace("mount -t tmpfs none /dev/net"))
    nothing_left(lab, "no /dev/net/tun")


def says_that_descriptors_are_short(lab):
    """With each number too small it ends in order; with the first that is enough it works."""
    lab.only_ours("says something else")
    if lab.options.sanitized:
        raise Skip("a sanitizer wants descriptors of its own")
    interface = lab.interface(lab.a)
    refused = 0
    for limit in range(4, 64):
        done = lab.a.run("sh", "-c", f'ulimit -n {limit}; exec "$@"', "sh", *lab.words("ours"), interface,
                         check=False, timeout=30)
        if done.returncode == 0:
            break
        refused += "Too many open files" in done.stderr
        need(done.returncode in (1, 127), f"{limit} descriptors: {done.returncode}, {done.stderr}")
        need(done.returncode == 127 or "loading shared libraries" in done.stderr or
             "culvertd: " in done.stderr and "Too many open files" in done.stderr, f"{limit}: {done.stderr}")
        nothing_left(lab, f"{limit} descriptors")
    need(refused > 5 and done.returncode == 0, f"refused {refused} times, and then {done.stderr}")
    need(len(lab.a.pids()) == 1, "it does not run")
    os.kill(lab.a.pids()[0], 15)
    wait_until(lambda: not lab.a.pids(), 15, "the daemon to end")


def bears_short_descriptors_later(lab):
    """Without a descriptor for new sockets a change is refused, and the old ones carry on."""
    left, right = lab.tunnel()
    left.must_ping(right)
    pid = left.daemon.process.pid
    usual = resource.prlimit(pid, resource.RLIMIT_NOFILE)[0]
    with left.daemon.connect() as sock:
        sock.sendall(b"get=1\n\n")
        need(sock.recv(1 << 16), "no answer")
        count = max(int(fd) for fd in os.listdir(f"/proc/{pid}/fd")) + 1
        command("prlimit", "--pid", str(pid), f"--nofile={count}:")
        sock.sendall(b"set=1\nlisten_port=51999\n\n")
        answer = b""
        while not answer.endswith(b"\n\n"):
            answer += sock.recv(1 << 16)
        need(answer == b"errno=-24\n\n" or answer == b"errno=24\n\n", f"{answer}")
    command("prlimit", "--pid", str(pid), f"--nofile={usual}:")
    device, _ = left.daemon.get()
    need(device["listen_port"] == [str(left.port)], f"{device}")
    left.must_ping(right)
    need(left.daemon.errno("set=1\nlisten_port=51999\n\n") == 0, "it does not recover")
    left.must_ping(right)


def keeps_its_port_when_another_is_taken(lab):
    left, right = lab.tunnel()
    left.must_ping(right)
    taken = lab.a.udp()
    port = taken.getsockname()[1]
    done = left.wg("set", left.interface, "listen-port", str(port), check=False)
    need(done.returncode == 1 and "Address already in use" in done.stderr, f"{done.returncode}, {done.stderr}")
    device, _ = left.daemon.get()
    need(device["listen_port"] == [str(left.port)], f"{device}")
    left.must_ping(right)
    # Down it can be set, up it is missed and said, and the next port does.
    lab.a.ip("link", "set", left.interface, "down")
    left.set("listen-port", str(port))
    lab.a.ip("link", "set", left.interface, "up")
    wait_until(lambda: f"Listening on port {port}: Address already in use" in left.daemon.said(), 15, "a word of it")
    left.set("listen-port", str(left.port))
    left.must_ping(right)


def runs_as_another_user(lab):
    """With the rights of an unprivileged user all works but the removal of the dead socket's name."""
    lab.only_ours("knows no users")
    lab.options.ours = [*lab.options.ours, "--user", "nobody"]
    left, right = lab.tunnel()
    left.must_ping(right)
    with open(f"/proc/{left.daemon.process.pid}/status") as file:
        status = file.read()
    need(re.search(r"^Uid:(\t65534){4}$", status, re.M) and re.search(r"^Gid:(\t65534){4}$", status, re.M) and
         re.search(r"^Groups:\s*$", status, re.M), status)
    need(os.stat(f"/proc/{left.daemon.process.pid}/environ").st_uid == 0, "it can be traced by its user")
    # What only a privileged user may: a low port, a mark, other sockets.
    left.set("listen-port", "123", "fwmark", "7")
    right.set("peer", left.public, "endpoint", f"{lab.a.outer[4]}:123")
    left.must_ping(right)
    left.set("listen-port", str(left.port), "fwmark", "0")
    left.must_ping(right, 6)
    for side in (left, right):
        side.daemon.process.terminate()
        side.daemon.process.wait(timeout=15)
        need(side.daemon.process.returncode == 0, f"exit code {side.daemon.process.returncode}")
        with socket.socket(socket.AF_UNIX) as sock:
            need(sock.connect_ex(side.daemon.path) != 0, "its socket answers still")
        side.wg("show", "interfaces")
        need(not os.path.exists(side.daemon.path), "a look at all interfaces leaves a dead socket")
        side.daemon.ended = True
