"""When the daemon dies nothing that belongs in the tunnel leaves in clear, and the next one takes over."""

import array
import contextlib
import os
import signal
import socket
import threading
import time

from lab import SOCKETS, Failure, Skip, need, wait_until

PORT = 9999
FAR = {4: "203.0.113.7", 6: "2001:db8:77::7"}
ALLOWED = {"full": "0.0.0.0/0, ::/0", "split": "203.0.113.0/24, 2001:db8:77::/48"}


class Flow:
    """Datagrams to both far addresses all the time, whatever the system says of them."""

    def __init__(self, host):
        self.socks = {4: host.udp(), 6: host.udp("::")}
        self.tried = 0
        self.is_over = False
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        self.thread.join()

    def run(self):
        while not self.is_over:
            for family, sock in self.socks.items():
                with contextlib.suppress(OSError):
                    sock.sendto(b"not for strangers", (FAR[family], PORT))
            self.tried += 1
            time.sleep(0.002)

    def wait_more(self, count=200):
        end = self.tried + count
        wait_until(lambda: self.tried >= end, 30, "the flow to go on")


class Far:
    """Two addresses behind the peer, and a default route that would lead there in clear as well."""

    def __init__(self, lab):
        self.socks = {}
        for family, address in FAR.items():
            bits = 32 if family == 4 else 128
            lab.b.ip("addr", "add", f"{address}/{bits}", "dev", "lo", *(["nodad"] if family == 6 else []))
            if family == 6:
                lab.b.wait_usable(address)
            lab.a.ip(f"-{family}", "route", "add", "default", "via", lab.b.outer[family])
            self.socks[family] = lab.b.udp(address, PORT)

    def wait_for_both(self, what):
        for sock in self.socks.values():
            sock.setblocking(False)
            while receive(sock):
                pass
        for family, sock in self.socks.items():
            wait_until(lambda sock=sock: receive(sock), 30, f"IPv{family} {what}")


def receive(sock):
    try:
        return sock.recv(2000)
    except BlockingIOError:
        return b""


def in_clear(capture):
    return [d for d in capture.datagrams() if d.dport == PORT]


def layout(host, interface):
    """Addresses and routes of the interface, without what tells only whether it has a carrier."""
    shown = host.ip("-o", "addr", "show", "dev", interface).stdout
    for family in ("-4", "-6"):
        shown += host.ip(family, "route", "show", "table", "all", "dev", interface).stdout
    return sorted(line.replace(" linkdown", "").rstrip() for line in shown.splitlines() if "fe80:" not in line
                  and "ff00::/8" not in line)


class Quick:
    """wg-quick on the first host, with our daemon."""

    def __init__(self, lab, allowed):
        if lab.options.sanitized:
            raise Skip("what it tries is wg-quick and the kernel")
        self.host, self.interface = lab.a, lab.interface(lab.a)
        self.program = os.path.join(lab.options.build, "src/quick/wg-quick")
        self.environment = dict(os.environ, WG_QUICK_USERSPACE_IMPLEMENTATION=lab.words("ours")[0])
        lab.later(self.run, "down", check=False)
        peer = lab.side(lab.b)
        peer.configure()
        private = peer.wg("genkey").stdout.strip()
        public = peer.wg("pubkey", input=private).stdout.strip()
        peer.set("peer", public, "allowed-ips", "10.77.0.1/32,fd77::1/128")
        self.path = lab.file(f"{self.interface}.conf")
        with open(self.path, "w", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write(f"[Interface]\nPrivateKey = {private}\nAddress = 10.77.0.1/24, fd77::1/64\n"
                       f"[Peer]\nPublicKey = {peer.public}\nEndpoint = {peer.endpoint()}\nAllowedIPs = {allowed}\n")

    def run(self, verb, **kwargs):
        self.host.run(self.program, verb, self.path, env=self.environment, **kwargs)


def lets_nothing_out(lab, kind):
    lab.only_ours("takes its interface along")
    quick, far = Quick(lab, ALLOWED[kind]), Far(lab)
    quick.run("up")
    daemons = lab.a.pids()
    need(len(daemons) == 1, f"processes {daemons}")
    before = layout(lab.a, quick.interface)
    with Flow(lab.a) as flow:
        far.wait_for_both("to come through the tunnel")
        capture = lab.b.capture()
        os.kill(daemons[0], signal.SIGKILL)
        wait_until(lambda: not lab.a.pids(), 15, "the daemon to be dead")
        flow.wait_more()
        lab.a.run(*lab.words("ours"), "--persist", quick.interface)
        after = layout(lab.a, quick.interface)
        need(after == before, f"addresses and routes were {before}, are {after}")
        flow.wait_more()
        quick.run("reload")
        far.wait_for_both("to come through the tunnel again")
        need(not in_clear(capture), f"in clear: {in_clear(capture)[:3]}")
        quick.run("down")
        # What is not to be seen before is seen now: the capture was no blind one.
        wait_until(lambda: {":" in d.source for d in in_clear(capture)} == {True, False}, 30, "the flow in clear")
    wait_until(lambda: not lab.a.pids(), 15, "the daemon to end")
    need(lab.a.ip("link", "show", quick.interface, check=False).returncode != 0, "the interface is left")
    need(not os.path.exists(f"{SOCKETS}/{quick.interface}.sock"), "the control socket is left")


def is_taken_down_after_a_crash(lab):
    """wg-quick down also takes away what a dead daemon left."""
    lab.only_ours("takes its interface along")
    quick = Quick(lab, ALLOWED["full"])
    rules = lab.a.ip("rule").stdout
    quick.run("up")
    os.kill(lab.a.pids()[0], signal.SIGKILL)
    wait_until(lambda: not lab.a.pids(), 15, "the daemon to be dead")
    need(lab.a.ip("link", "show", quick.interface, check=False).returncode == 0, "the interface went with it")
    quick.run("down")
    need(lab.a.ip("link", "show", quick.interface, check=False).returncode != 0, "the interface is left")
    need(lab.a.ip("rule").stdout == rules, "rules are left")
    need(not os.path.exists(f"{SOCKETS}/{quick.interface}.sock"), "the control socket is left")


class Manager:
    """As much of a service manager as the notification protocol needs."""

    def __init__(self, lab, name="notify"):
        self.path = lab.file(name)
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        lab.later(self.sock.close)
        self.sock.bind(self.path)
        self.sock.settimeout(15)
        self.stored = []
        lab.later(self.drop)

    def drop(self):
        while self.stored:
            os.close(self.stored.pop())

    def environment(self, **more):
        return {"NOTIFY_SOCKET": self.path, **more}

    def hear(self):
        """The next message's lines; a descriptor that came along goes into the store."""
        text, ancillary, _, _ = self.sock.recvmsg(4096, socket.CMSG_SPACE(4))
        for level, kind, data in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                self.stored.append(array.array("i", data[:4])[0])
        return text.decode().split("\n")

    def hear_until(self, line, messages_max=100):
        for _ in range(messages_max):
            said = self.hear()
            if line in said:
                return said
        raise Failure(f"{line} never came")


def with_stored(lab, manager):
    """The words that start a daemon with the store's descriptor as systemd would: number 3 and its pid."""
    fd = manager.stored[0]
    return ["bash", "-c", f'exec 3<&{fd}; LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=tun exec "$@"', "bash",
            *lab.words("ours")]


def is_kept_by_a_service_manager(lab):
    """The interface lives in the manager's store while the daemon is dead, and the next one gets it back."""
    lab.only_ours("tells nobody")
    manager = Manager(lab)
    daemon = lab.daemon(lab.a, environment=manager.environment())
    said = manager.hear_until("FDNAME=tun")
    need("FDSTORE=1" in said and len(manager.stored) == 1, f"{said}, {len(manager.stored)} descriptors")
    need(any(line.startswith("STATUS=") for line in manager.hear_until("READY=1")), "no status")
    lab.a.address("add", "10.77.0.1", daemon.interface)
    lab.a.ip("link", "set", daemon.interface, "mtu", "1300", "up")
    lab.a.ip("route", "add", "203.0.113.0/24", "dev", daemon.interface)
    before = layout(lab.a, daemon.interface)
    daemon.process.kill()
    daemon.process.wait()
    daemon.ended = True
    need(layout(lab.a, daemon.interface) == before, "it is not kept")
    words, lab.options.ours = lab.options.ours, with_stored(lab, manager)
    again = lab.daemon(lab.a, environment=manager.environment(), extra_fds=(manager.stored[0],))
    lab.options.ours = words
    manager.hear_until("READY=1")
    need(layout(lab.a, again.interface) == before, f"{before}, then {layout(lab.a, again.interface)}")
    shown = lab.a.ip("link", "show", again.interface).stdout
    need(" mtu 1300 " in shown, shown)
    manager.drop()
    again.process.send_signal(signal.SIGTERM)
    manager.hear_until("STOPPING=1")
    again.wait_end("after SIGTERM")


def shows_that_it_lives(lab):
    """Signs of life from the loop, also when nothing else happens."""
    lab.only_ours("tells nobody")
    manager = Manager(lab, "notify")
    daemon = lab.daemon(lab.a, environment=manager.environment(WATCHDOG_USEC="40000"))
    manager.hear_until("READY=1")
    for _ in range(5):
        manager.hear_until("WATCHDOG=1")
    manager.drop()
    daemon.finish()
    manager.hear_until("STOPPING=1", messages_max=1000)
    # Those that another process was granted are not for this one to give.
    manager = Manager(lab, "notify.other")
    daemon = lab.daemon(lab.b, environment=manager.environment(WATCHDOG_USEC="40000", WATCHDOG_PID="1"))
    need("FDSTORE=1" in manager.hear() and "READY=1" in manager.hear(), "not what was expected")
    manager.drop()
    daemon.finish()
    need("STOPPING=1" in manager.hear(), "signs of life that are another's")
