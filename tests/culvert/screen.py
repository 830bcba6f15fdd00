"""culvert status and top: the table, and the live view on a terminal of tmux."""

import json
import shutil
import subprocess
import sys

from probes import road
from world import Skip, need, wait_until


class Terminal:
    """A shell on a terminal of 110 by 16."""

    def __init__(self, world):
        if not shutil.which("tmux"):
            raise Skip("tmux is not installed")
        self.world, self.socket = world, world.path("tmux")
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", "110", "-y", "16", "env", "PS1=ready$ ",
                  "LC_ALL=C.UTF-8", "ip", "netns", "exec", "hub", "bash", "--norc", "--noprofile")
        self.wait_for("ready$")

    def tmux(self, *words):
        return self.world.must("tmux", "-u", "-S", self.socket, *words).stdout

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def key(self, name):
        self.tmux("send-keys", name)

    def shown(self):
        return self.tmux("capture-pane", "-p")

    def wait_for(self, text, is_there=True):
        try:
            wait_until(lambda: (text in self.shown()) == is_there, text)
        except Exception:
            print("".join(f"# {line}\n" for line in self.shown().splitlines()), end="")
            raise
        return self.shown()

    def end(self):
        self.world.run("tmux", "-S", self.socket, "kill-server")


def status(world):
    with road(world, "laptop"):
        world.on("road", "ping", "-c", "1", "-W", "20", "10.7.0.1")
        said = world.on("hub", "culvert", "status").stdout
        need("\x1b" not in said, "colour, and no terminal")
        line = next(line for line in said.splitlines() if line.startswith("  laptop"))
        need("192.0.2.2:" in line and "never" not in line, said)
        need("2 peers, 1 up" in said, said)
        answer = json.loads(world.on("hub", "culvert", "status", "wg0", "--json").stdout)
        peers = {peer["name"]: peer for peer in answer["interfaces"][0]["peers"]}
        need(peers["laptop"]["isUp"] and not peers["bob"]["isUp"], peers)
        need(peers["laptop"]["rxBytes"] > 0 and peers["laptop"]["rxBytesPerSecond"] is not None, peers)
    done = world.try_on("hub", "culvert", "status", "nowhere")
    need(done.returncode == 1 and "no such WireGuard interface" in done.stderr, done.stderr)


def stream(world):
    """Small datagrams for as long as the test wants: a rate to be seen."""
    code = ("import socket, time\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
            "while True:\n s.sendto(bytes(1000), ('10.7.0.1', 9)); time.sleep(0.01)\n")
    return world.start("road", sys.executable, "-c", code, stderr=subprocess.DEVNULL)


def top(world):
    terminal = Terminal(world)
    try:
        terminal.type("stty -g > " + world.path("tty.before") + "\n")
        with road(world, "laptop"):
            sender = stream(world)
            try:
                terminal.type("culvert top wg0\n")
                shown = terminal.wait_for("bit/s")
                need("culvert top  2 peers, 1 up" in shown, shown)
                rows = [line.split() for line in shown.splitlines() if line.startswith("wg0")]
                need([row[1] for row in rows] == ["laptop", "bob"], shown)
                wait_until(lambda: "\u2588" in terminal.shown(), "bars")
                terminal.type("n")
                shown = terminal.wait_for("by name")
                rows = [line.split() for line in shown.splitlines() if line.startswith("wg0")]
                need([row[1] for row in rows] == ["bob", "laptop"], shown)
                terminal.type("/lap")
                terminal.key("Enter")
                terminal.wait_for("bob", False)
                terminal.wait_for("laptop")
                terminal.key("Escape")
                terminal.wait_for("bob")
            finally:
                world.stop(sender)
        terminal.type("q")
        shown = terminal.wait_for("culvert top wg0\n")
        terminal.type("stty -g > " + world.path("tty.after") + "; echo en''ded\n")
        terminal.wait_for("ended")
        need(world.read(world.path("tty.before")) == world.read(world.path("tty.after")), "the terminal's modes")
        need(terminal.tmux("display", "-p", "#{cursor_flag}#{alternate_on}").strip() == "10",
             "no cursor, or the other screen")
        # Ended by a signal, it leaves the terminal as well.
        terminal.type("culvert top wg0 --seconds 60\n")
        terminal.wait_for("q quit")
        terminal.key("C-c")
        terminal.wait_for("q quit", False)
        need(terminal.tmux("display", "-p", "#{cursor_flag}#{alternate_on}").strip() == "10", "after ^C")
    finally:
        terminal.end()
    done = world.try_on("hub", "culvert", "top")
    need(done.returncode == 1 and "wants a terminal" in done.stderr, done.stderr)


TESTS = [
    ("status: names, sessions, rates; for people and for scripts", status),
    ("top: live on a terminal, sorted, filtered; the terminal is left as it was", top),
]
