"""culvert peer: added at once by twenty, scanned, brought up, used, changed, expired, refused."""

import concurrent.futures
import os
import re
import shutil
import socket
import threading

from world import ETC, Skip, need, wait_until

FILE = f"{ETC}/wg0.conf"


def peers_live(world):
    return world.on("hub", "wg", "show", "wg0", "peers").stdout.split()


def twenty_at_once(world):
    before = world.read(FILE)
    names = [f"p{n}" for n in range(20)]
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        added = list(pool.map(lambda name: world.json("peer", "add", "wg0", name), names))
    addresses = [ip for peer in added for ip in peer["allowedIps"]]
    need(len(set(addresses)) == 40, f"addresses given twice: {sorted(addresses)}")
    need("10.7.0.1/32" not in addresses and "10.7.0.3/32" not in addresses, "addresses that are used")
    need(world.read(FILE).startswith(before), "lines of the file have changed")
    listed = world.json("peer", "list", "wg0")["peers"]
    need([p["name"] for p in listed][0] == "bob" and len(listed) == 21, f"listed: {listed}")
    need(os.stat(FILE).st_mode & 0o777 == 0o600, "the mode of the file")
    for name in names:
        world.culvert("peer", "remove", "wg0", name)
    need(world.read(FILE) == before, "the file is not as before")


def exit_codes_and_hints(world):
    def says(code, said, *words):
        done = world.try_on("hub", "culvert", *words)
        need(done.returncode == code, f"{words}: {done.returncode}, not {code}: {done.stderr}")
        need(said in done.stderr + done.stdout, f"{words}: no {said!r} in {done.stderr}{done.stdout}")

    before = world.read(FILE)
    says(2, "Did you mean `peer'?", "per", "add")
    says(2, "Did you mean `--public-key'?", "peer", "add", "x", "--public-kye", "k")
    says(2, "Did you mean `remove'?", "peer", "remov", "x")
    says(2, "cannot be the name", "peer", "add", "bad\nname")
    says(2, "is not a time", "peer", "add", "x", "--expires", "yesterday")
    says(2, "is not a time", "peer", "add", "x", "--expires", "2020-01-01")
    says(1, "is not a key", "peer", "add", "x", "--public-key", "abc")
    says(1, "control character", "peer", "add", "x", "--dns", "1.1.1.1\nPostUp = reboot")
    says(1, "is not an address", "peer", "add", "x", "--allowed-ips", "10.0.0.0/40")
    for wrong in ("https://vpn.example.com", "vpn.example.com:port", "vpn.example.com:70000", "my host", "[::1]x"):
        says(1, "is not an endpoint", "peer", "add", "x", "--endpoint", wrong)
    says(1, "no peer `nobody'", "peer", "remove", "nobody")
    says(1, "there already", "peer", "add", "x", "--output", FILE)
    says(0, "culvert peer add laptop", "peer", "--help")
    need(world.read(FILE) == before, "the file has changed")


def scanned(world, path):
    if not shutil.which("zbarimg"):
        raise Skip("zbarimg is not installed (zbar-tools)")
    done = world.must("zbarimg", "-q", "--nodbus", "--raw", path)
    return done.stdout.rstrip("\n")


def terminal_as_image(text, path):
    """Half blocks to a picture of two rows a line, as an old and simple image format."""
    rows = []
    for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines():
        rows.append([c in "\u2588\u2580" for c in line])
        rows.append([c in "\u2588\u2584" for c in line])
    scale = 4
    with open(path, "wb") as file:
        file.write(f"P5 {len(rows[0]) * scale} {len(rows) * scale} 255\n".encode())
        for row in rows:
            file.write(b"".join((b"\xff" if light else b"\0") * scale for light in row) * scale)


def codes_hold_the_file(world):
    """A code for the terminal, as PNG: what a phone scans is the file, byte for byte."""
    conf, png, svg = (world.path(f"scan.{kind}") for kind in ("conf", "png", "svg"))
    world.culvert("peer", "add", "scan", "--output", conf, "--png", png, "--svg", svg)
    need(scanned(world, png) == world.read(conf).rstrip("\n"), "the PNG holds something else")
    need(world.read(svg).startswith("<svg "), "the SVG is none")
    need(os.stat(png).st_mode & 0o777 == 0o600, "the picture holds a private key, and others may read it")
    shown = world.culvert("peer", "rotate", "scan", "--qr").stdout
    config, code = shown.split("\n\n\x1b", 1)
    terminal_as_image("\x1b" + code, world.path("scan.pgm"))
    need(scanned(world, world.path("scan.pgm")) == config.rstrip("\n"), "the terminal shows something else")
    world.culvert("peer", "remove", "scan")


def bring_up(world, name, text):
    world.write(f"{ETC}/{name}.conf", text)
    world.on("road", "wg-quick", "up", name)


def take_down(world, name):
    world.on("road", "wg-quick", "down", name)
    os.unlink(f"{ETC}/{name}.conf")


def reaches_hub(world):
    return all(world.pings("road", address) for address in ("10.7.0.1", "fd00:7::1"))


def a_life(world):
    """Added, up, disabled, enabled, new keys, removed: each has its effect on a running tunnel."""
    added = world.json("peer", "add", "laptop", "--expires", "30d")
    again = world.json("peer", "add", "laptop")
    need(added["created"] and not again["created"], "added twice")
    need(again["publicKey"] == added["publicKey"] in peers_live(world), "the interface has not got the peer")
    bring_up(world, "laptop", added["config"])
    try:
        wait_until(lambda: reaches_hub(world), "the tunnel")
        world.culvert("peer", "disable", "wg0", "laptop")
        need(added["publicKey"] not in peers_live(world), "disabled, and still there")
        need("#~ [Peer]\n#~ #: Name = laptop\n" in world.read(FILE), "not a comment")
        need(not world.json("peer", "show", "wg0", "laptop")["isEnabled"], "shown as enabled")
        world.on("hub", "wg-quick", "reload", "wg0")
        need(added["publicKey"] not in peers_live(world), "a reload brings it back")
        world.culvert("peer", "enable", "wg0", "laptop")
        # Its old session is good no more, which it would find out by itself in fifteen seconds.
        take_down(world, "laptop")
        bring_up(world, "laptop", added["config"])
        wait_until(lambda: reaches_hub(world), "the tunnel, enabled again")
        rotated = world.json("peer", "rotate", "wg0", "laptop")
        need(rotated["allowedIps"] == added["allowedIps"], "other addresses")
        need(rotated["expires"] == added["expires"], "another date")
        need(added["publicKey"] not in peers_live(world), "the old key is good")
    finally:
        take_down(world, "laptop")
    bring_up(world, "laptop", rotated["config"])
    try:
        wait_until(lambda: reaches_hub(world), "the tunnel with new keys")
    finally:
        take_down(world, "laptop")
    world.culvert("peer", "remove", "wg0", "laptop")
    need(rotated["publicKey"] not in peers_live(world), "removed, and still there")


def saved_meanwhile(world):
    """wg-quick save writes the same file from what the interface has."""
    names = [f"s{n}" for n in range(8)]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        saves = [pool.submit(world.on, "hub", "wg-quick", "save", "wg0") for _ in names]
        for added in [pool.submit(world.culvert, "peer", "add", "wg0", name) for name in names]:
            added.result()
        for save in saves:
            save.result()
    listed = {peer["name"] for peer in world.json("peer", "list", "wg0")["peers"]}
    need(listed == {"bob", *names}, f"listed: {listed}")
    for name in names:
        world.culvert("peer", "remove", "wg0", name)


def own_private_key(world):
    private = world.must("wg", "genkey").stdout.strip()
    public = world.must("bash", "-c", "wg pubkey <<<" + private).stdout.strip()
    added = world.json("peer", "add", "own", "--public-key", public, "--no-psk", "--routes", "192.168.7.0/24")
    need(added["publicKey"] == public and private not in world.read(FILE), "keys")
    need("PresharedKey" not in added["config"], "a preshared key that nobody asked for")
    bring_up(world, "own", added["config"].replace("# PrivateKey = the device's own", f"PrivateKey = {private}"))
    try:
        wait_until(lambda: reaches_hub(world), "the tunnel")
        shown = world.on("hub", "wg", "show", "wg0", "allowed-ips").stdout
        need("192.168.7.0/24" in shown, shown)
    finally:
        take_down(world, "own")
    done = world.try_on("hub", "culvert", "peer", "add", "other", "--public-key", public)
    need(done.returncode == 1 and "has a peer own" in done.stderr, done.stderr)
    world.culvert("peer", "remove", public)


def expiry(world):
    added = world.json("peer", "add", "guest", "--expires", "12h")
    world.write(FILE, world.read(FILE).replace(added["expires"], "2020-01-01"))
    done = world.culvert("peer", "expire")
    need("guest has expired" in done.stderr, done.stderr)
    need(added["publicKey"] not in peers_live(world), "expired, and still there")
    need(world.culvert("peer", "expire").stderr == "", "expired twice")
    done = world.try_on("hub", "culvert", "peer", "enable", "guest")
    need(done.returncode == 1 and "--expires" in done.stderr, done.stderr)
    world.culvert("peer", "enable", "guest", "--expires", "never")
    need(added["publicKey"] in peers_live(world), "enabled, and not there")
    need(world.json("peer", "show", "guest")["expires"] is None, "still a date")
    world.culvert("peer", "remove", "guest")


def refused_by_the_interface(world):
    """A daemon that says no: the file is as it was."""
    path = f"{ETC}/no0.conf"
    world.write(path, world.read(FILE))
    before = world.read(path)
    os.makedirs("/run/wireguard", exist_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("/run/wireguard/no0.sock")
        listener.listen()
        def answer():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    text = connection.recv(65536)
                    connection.sendall(b"errno=0\n\n" if text.startswith(b"get") else b"errno=5\n\n")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        done = world.try_on("hub", "culvert", "peer", "add", "no0", "unlucky")
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        os.unlink("/run/wireguard/no0.sock")
    need(done.returncode == 1 and "is as it was" in done.stderr, f"{done.returncode} {done.stderr}")
    need(done.stdout == "", "it printed a configuration that is none")
    need(world.read(path) == before, "the file has changed")
    os.unlink(path)


def up(world):
    world.on("hub", "wg-quick", "up", "wg0")


def full_network(world):
    """Of a /30 two addresses are left: the hub has one."""
    path = f"{ETC}/tiny.conf"
    world.write(path, world.read(FILE).replace("10.7.0.1/24, fd00:7::1/64", "10.8.0.1/30"))
    first = world.json("peer", "add", "tiny", "first")
    need(first["allowedIps"] == ["10.8.0.2/32"], first)
    world.culvert("peer", "disable", "tiny", "first")
    done = world.try_on("hub", "culvert", "peer", "add", "tiny", "second")
    need(done.returncode == 1 and "no free address" in done.stderr, done.stderr)
    os.unlink(path)


TESTS = [
    ("twenty peers at once get addresses of their own; the file is as before when they are gone", twenty_at_once),
    ("a network that is full says so; a disabled peer keeps its address", full_network),
    ("wrong words: exit codes, hints, nothing changes", exit_codes_and_hints),
    ("(the hub comes up)", up),
    ("the codes hold the file", codes_hold_the_file),
    ("a peer's life on a running tunnel", a_life),
    ("wg-quick save at the same time loses no name", saved_meanwhile),
    ("a device with its own private key, and a network behind it", own_private_key),
    ("what has expired goes, and comes back for longer", expiry),
    ("an interface that refuses leaves the file as it was", refused_by_the_interface),
]
