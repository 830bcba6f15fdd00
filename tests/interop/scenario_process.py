"""The daemon as a process: how it starts, what it leaves, when it ends."""

import base64
import fcntl
import os
import re
import signal
import socket
import stat
import struct
import time

from lab import SOCKETS, Host, Skip, command, need, wait_until

PAGE = os.sysconf("SC_PAGESIZE")
TUNSETIFF = 0x400454ca
IFF_TUN, IFF_NO_PI, IFF_VNET_HDR = 1, 0x1000, 0x4000


def ends_on_a_signal(lab, name_of_signal):
    left, right = lab.tunnel("ours", "theirs")
    left.must_ping(right)
    left.daemon.process.send_signal(getattr(signal, f"SIG{name_of_signal}"))
    left.daemon.wait_end(f"after SIG{name_of_signal}")


def ends_when_its_socket_file_goes(lab):
    daemon = lab.daemon(lab.a)
    os.unlink(daemon.path)
    daemon.wait_end("after its socket file was deleted")


def ends_when_its_device_goes(lab):
    daemon = lab.daemon(lab.a)
    lab.a.ip("link", "del", daemon.interface)
    daemon.wait_end("after its device was deleted")


def frees_its_port_before_its_socket_file(lab):
    """Who waits for the file to go, as wg-quick down does, may start another daemon on the port at once."""
    lab.only_ours("frees it afterwards")
    for _ in range(10):
        side = lab.side(lab.a)
        side.configure()
        with lab.a.entered():
            taker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with taker:
            side.daemon.process.send_signal(signal.SIGTERM)
            # Without a pause: what is looked for lasts some microseconds.
            while os.path.exists(side.daemon.path) and not side.daemon.exited():
                pass
            taker.bind(("0.0.0.0", side.port))
        side.daemon.wait_end("after SIGTERM")


def second(daemon, *words):
    """The exit code of another daemon for the same name, which is to end by itself."""
    return daemon.host.run(*daemon.words, *words, daemon.interface, check=False, timeout=20).returncode


def refuses_a_name_in_use(lab):
    left, right = lab.tunnel("ours", "theirs")
    left.must_ping(right)
    need(second(left.daemon, "-f") != 0, "a second daemon took the name")
    need(second(left.daemon) != 0, "a second daemon took the name in the background")
    need(left.daemon.answers(), "the first one is not reached any more")
    left.must_ping(right)


def replaces_a_stale_socket(lab):
    """The file of a daemon that was killed is no daemon."""
    daemon = lab.daemon(lab.a)
    daemon.process.kill()
    daemon.process.wait()
    daemon.ended = True
    need(os.path.exists(daemon.path), "a killed daemon removed its file")
    lab.daemon(lab.a)


def returns_when_the_socket_answers(lab):
    """Without -f the command returns only when the daemon can be configured, with nothing attached."""
    interface = lab.interface(lab.a)
    path = f"{SOCKETS}/{interface}.sock"
    for _ in range(5):
        lab.a.run(*lab.words("ours"), interface, timeout=20)
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(10)
            sock.connect(path)
            sock.sendall(b"get=1\n\n")
            need(sock.recv(1000).endswith(b"errno=0\n\n"), "no answer")
        pids = lab.a.pids()
        need(len(pids) == 1, f"{len(pids)} processes")
        if not lab.options.reference:
            need(os.getsid(pids[0]) != os.getsid(0), "it stayed in the caller's session")
            need(os.path.samefile(f"/proc/{pids[0]}/cwd", f"/proc/{pids[0]}/root"), "it holds a folder")
        os.kill(pids[0], signal.SIGTERM)
        wait_until(lambda: not lab.a.pids(), 15, "the daemon to end")
        need(not os.path.exists(path), "its socket is left")


def ticks_of(pid):
    """Processor time, in hundredths of a second."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def rests_when_idle(lab, in_the_foreground):
    """With nothing to do it waits, and asks for a processor no more."""
    interface = lab.interface(lab.a)
    if in_the_foreground:
        lab.daemon(lab.a)
    else:
        lab.a.run(*lab.words("ours"), interface, timeout=20)
    pid = lab.a.pids()[0]
    before = ticks_of(pid)
    time.sleep(2)
    used = ticks_of(pid) - before
    if not in_the_foreground:
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not lab.a.pids(), 15, "the daemon to end")
    need(used < 20, f"it used {used / 100} s of a processor in two seconds of nothing")


def says_what_is_wrong(lab):
    """Wrong words end it with an exit code and a text, and make nothing."""
    lab.only_ours("is lenient with its words")
    interface = lab.interface(lab.a)
    for words in ((), ("-f",), ("-x", "name"), ("a/b",), ("a-name-that-is-too-long",), ("one", "two"), ("",)):
        done = lab.a.run(*lab.words("ours"), *words, check=False, timeout=20)
        need(done.returncode != 0, f"{words} was accepted")
        need(done.stderr + done.stdout, f"{words}: no word of what is wrong")
    # The reason, not only that there is one; in the background as well.
    for words in (("lo",), ("-f", "lo")):
        done = lab.a.run(*lab.words("ours"), *words, check=False, timeout=20)
        need(done.returncode == 1 and re.fullmatch(r"culvertd: lo: Creating the TUN device .*: Invalid argument\n",
                                                   done.stderr), f"{words}: {done.stderr}")
    for words in ((interface,), ("-f", interface)):
        done = lab.a.run("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
                         *lab.words("ours"), *words, check=False, timeout=20)
        # By which of the two depends on who may open /dev/net/tun here.
        need(done.returncode == 1 and done.stderr.count("\n") == 1 and
             re.search(r"Operation not permitted \(root, |Permission denied \(root ", done.stderr),
             f"{words} without rights: {done.stderr}")
    for word in ("--help", "--version"):
        done = lab.a.run(*lab.words("ours"), word, check=False, timeout=20)
        need(done.returncode == 0, f"{word}: {done.returncode}")


def keeps_its_files_to_itself(lab):
    daemon = lab.daemon(lab.a)
    mode = stat.S_IMODE(os.stat(daemon.path).st_mode)
    need(mode & 0o077 == 0, f"the socket's mode is {mode:o}")
    need(stat.S_IMODE(os.stat(SOCKETS).st_mode) & 0o022 == 0, "others may write in the folder")
    lab.only_ours("may dump core")
    limits = open(f"/proc/{daemon.process.pid}/limits").read()
    need("Max core file size        0" in limits, "it may dump core")


def keeps_only_what_it_needs(lab):
    """After set-up, every thread: two capabilities, no way to more, a filter of system calls."""
    lab.only_ours("keeps all")
    daemon = lab.daemon(lab.a)
    threads = os.listdir(f"/proc/{daemon.process.pid}/task")
    need(len(threads) >= 2, f"{len(threads)} threads")
    if lab.options.sanitized:
        threads = [daemon.process.pid]  # ThreadSanitizer starts one of its own before main()
    wanted = {"CapInh": 0, "CapPrm": 0x1400, "CapEff": 0x1400, "CapBnd": 0, "CapAmb": 0, "NoNewPrivs": 1,
              "Seccomp": 0 if lab.options.sanitized else 2}
    for thread in threads:
        with open(f"/proc/{daemon.process.pid}/task/{thread}/status") as file:
            status = dict(line.split(":", 1) for line in file)
        found = {key: int(status[key], 16) for key in wanted}
        need(found == wanted, f"thread {thread} has {found}")


def starts_with_room_for_its_headers(lab):
    """1420, as every WireGuard: what a TUN device has by itself would be fragmented outside."""
    lab.daemon(lab.a)
    shown = lab.a.ip("link", "show", lab.interface(lab.a)).stdout
    need(" mtu 1420 " in shown, shown)


def pages(pid, start, end):
    """Where in a mapping there are pages: (address, length) of each run of them."""
    with open(f"/proc/{pid}/pagemap", "rb") as map_file:
        map_file.seek(start // PAGE * 8)
        entries = memoryview(map_file.read((end - start) // PAGE * 8)).cast("Q")
    at = None
    for i, entry in enumerate(list(entries) + [0]):
        if entry >> 62 and at is None:
            at = i
        elif not entry >> 62 and at is not None:
            yield start + at * PAGE, (i - at) * PAGE
            at = None


def count_in_memory(pid, needles):
    """How often any of the needles stands in what the process can write."""
    count = 0
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for words in (line.split() for line in maps):
            start, end = (int(word, 16) for word in words[0].split("-"))
            for address, length in pages(pid, start, end) if "w" in words[1] else ():
                memory.seek(address)
                content = memory.read(length)
                count += sum(content.count(needle) for needle in needles)
    return count


def forgets_its_keys(lab):
    """Keys that were taken away, and what they brought, are nowhere in its memory."""
    lab.only_ours("leaves it to its garbage collector")
    if lab.options.sanitized:
        raise Skip("a sanitizer keeps memory that was freed")
    left, right = lab.side(lab.a), lab.side(lab.b, "theirs")
    psk = left.wg("genpsk").stdout.strip()
    for side, other in ((left, right), (right, left)):
        side.configure()
        side.add_peer(other, other.endpoint(), psk)
    left.must_ping(right)
    pid = left.daemon.process.pid
    for name, key, words in (("preshared", psk, ("peer", right.public, "remove")),
                             ("private", left.private, ("private-key", "/dev/null"))):
        raw = base64.b64decode(key)
        needles = [raw[i:i + 8] for i in range(0, 32, 8)]
        needles += [needle.hex().encode() for needle in needles]
        need(count_in_memory(pid, needles) > 0, f"the {name} key is not found where it has to be")
        left.set(*words)
        need(left.daemon.answers(), "no answer")
        found = count_in_memory(pid, needles)
        need(found == 0, f"pieces of the {name} key are still in {found} places")


def tun(name, flags):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), flags))
    return fd


def takes_descriptors(lab, headers):
    """WG_TUN_FD and WG_UAPI_FD: the device and the listening socket come from whoever starts it."""
    if headers:
        lab.only_ours("of this age knows no such headers")
    interface = lab.interface(lab.a)
    os.makedirs(SOCKETS, exist_ok=True)
    with lab.a.entered():
        # wireguard-go of this age wants the four bytes before a packet that IFF_NO_PI leaves out.
        kind = IFF_TUN if lab.options.reference else IFF_TUN | IFF_NO_PI
        device = tun(interface, kind | (IFF_VNET_HDR if headers else 0))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{SOCKETS}/{interface}.sock")
    listener.listen(8)
    left = lab.side(lab.a, extra_fds=(device, listener.fileno()), environment={
        "WG_TUN_FD": str(device), "WG_UAPI_FD": str(listener.fileno())})
    os.close(device)
    listener.close()
    right = lab.side(lab.b, "theirs")
    for side, other in ((left, right), (right, left)):
        side.configure()
        side.add_peer(other, other.endpoint())
    left.must_ping(right)
    right.must_ping(left, 6)


def takes_a_device_from_another_namespace(lab):
    """As the manager of a container hands it in, where another interface has the same name as the device."""
    lab.only_ours("looks for the device in its own namespace")
    lab.c = Host(lab, "c", 1)
    lab.add_namespace(lab.c)
    interface = lab.interface(lab.a)
    with lab.c.entered():
        device = tun(interface, IFF_TUN | IFF_NO_PI | IFF_VNET_HDR)
    given = {"extra_fds": (device,), "environment": {"WG_TUN_FD": str(device)}}
    for right, said in (("net_admin", "another network namespace"), ("net_broadcast", "root")):
        without = lab.a.run("setpriv", "--bounding-set", f"-{right}", *lab.words("ours"), "-f", interface, check=False,
                            pass_fds=(device,), env={**os.environ, **given["environment"]})
        need(without.returncode == 1 and said in without.stderr, f"without {right}: {without}")
    with lab.a.entered():
        other = tun(interface, IFF_TUN | IFF_NO_PI)
    left, right = lab.side(lab.a, **given), lab.side(lab.b, "theirs")
    os.close(device)
    left.host = lab.c
    for side, peer in ((left, right), (right, left)):
        side.configure()
        side.add_peer(peer, peer.endpoint())
    for family in (4, 6):
        left.must_ping(right, family)
        right.must_ping(left, family)
    lab.c.ip("link", "set", interface, "down")
    need(right.ping(left, wait=1) == 0, "an interface that is down answers")
    lab.c.ip("link", "set", interface, "mtu", "1280", "up")
    left.must_ping(right, extra=("-s", "1252", "-M", "do"))
    os.close(other)
    lab.c.ip("link", "del", interface)
    left.daemon.wait_end("after its device was deleted in the other namespace")


def works_with_many_threads(lab, threads):
    """More than this machine has processors: each finds what it needs without a file or another call."""
    lab.only_ours("takes no such option")
    lab.options.ours = [*lab.options.ours, "--threads", str(threads)]
    left, right = lab.tunnel()
    left.must_ping(right, count=5)
    right.must_ping(left, 6, count=5)


def starts_often(lab):
    """Twenty times up and down in a row: no name, port or file stays taken."""
    for _ in range(20):
        daemon = lab.daemon(lab.a)
        need(daemon.errno("set=1\nlisten_port=51821\n\n") == 0, "the port is taken")
        lab.a.ip("link", "set", daemon.interface, "up")
        daemon.finish()
        lab.daemons.remove(daemon)


def clock_library(lab):
    """A shared object for LD_PRELOAD that turns the wall clock back while a file exists."""
    if lab.options.sanitized:
        raise Skip("a sanitizer wants to be loaded first")
    lab.only_ours("does not use the C library's clock")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clock_back.c")
    library = lab.file("clock_back.so")
    command("cc", "-shared", "-fPIC", "-O1", "-o", library, source)
    return library


def outlives_a_clock_that_goes_back(lab):
    """Wall clock a day back, sessions dropped: the next initiation must still look newer."""
    library, switch = clock_library(lab), lab.file("back")
    with open(switch, "w") as file:
        file.write("0")
    left = lab.side(lab.a, environment={"LD_PRELOAD": library, "CLOCK_BACK_IF": switch})
    right = lab.side(lab.b, "theirs")
    for side, other in ((left, right), (right, left)):
        side.configure()
    left.add_peer(right, right.endpoint())
    right.add_peer(left)
    left.must_ping(right)
    with open(switch, "r+") as file:
        file.write("1")
    lab.a.ip("link", "set", left.interface, "down")
    lab.a.ip("link", "set", left.interface, "up")
    shown = int(left.wg("show", left.interface, "latest-handshakes").stdout.split()[1])
    left.must_ping(right)
    after = int(left.wg("show", left.interface, "latest-handshakes").stdout.split()[1])
    need(after < shown - 80000, f"the clock did not go back: {shown}, then {after}")
