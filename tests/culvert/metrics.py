"""culvert metrics: every line as Prometheus wants it, and the values those of wg show."""

import json
import os
import re
import subprocess

from exposition import parse
from world import ETC, need, wait_until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OPEN = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
# The second name is Latin-1 with a quote and a backslash; the third peer has none.
FILE = """[Interface]
PrivateKey = {key}
ListenPort = 51999
Table = off

[Peer]
# laptop
PublicKey = {peers[0]}
AllowedIPs = 10.9.0.2/32, fd00:9::2/128
Endpoint = 127.0.0.1:51998
PersistentKeepalive = 5

[Peer]
# M\udcfcller "x" \\ y
PublicKey = {peers[1]}
AllowedIPs = 10.9.0.3/32

[Peer]
PublicKey = {peers[2]}
"""


def up(world, name="m0"):
    key = world.must("wg", "genkey").stdout.strip()
    peers = [world.must("wg", "pubkey", input=world.must("wg", "genkey").stdout).stdout.strip() for _ in range(3)]
    with open(f"{ETC}/{name}.conf", "w", errors="surrogateescape",
              opener=lambda p, f: os.open(p, f, 0o600)) as file:
        file.write(FILE.format(key=key, peers=peers))
    world.on("hub", "wg-quick", "up", name)
    return peers


def once(world, *words):
    return world.on("hub", "culvert", "metrics", "--once", *words, text=False).stdout


def compare(world, samples, peers, name="m0"):
    def one(sample, *labels):
        found = [value for have, value in samples[sample].items() if set(labels) <= set(have)]
        need(len(found) == 1, f"{sample} {labels}: {samples[sample]}")
        return found[0]

    interface = ("interface", name)
    dump = [line.split("\t") for line in world.on("hub", "wg", "show", name, "dump").stdout.splitlines()]
    one("wireguard_interface_info", interface, ("public_key", dump[0][1]), ("listen_port", "51999"))
    need(one("wireguard_interface_peers", interface) == 3, "three peers")
    need(one("wireguard_interface_receive_bytes_total", interface) == 0, "nothing was received")
    need(one("culvertd_events_total", interface, ("reason", "initiation-sent")) >= 1, "an initiation is sent for the keepalive")
    for key, _, endpoint, allowed, handshake, received, sent, keepalive in dump[1:]:
        peer = (interface, ("public_key", key))
        name_of = {peers[0]: "laptop", peers[1]: 'M\ufffdller "x" \\ y', peers[2]: ""}[key]
        one("wireguard_peer_info", *peer, ("name", name_of), ("endpoint", endpoint.replace("(none)", "")),
            ("allowed_ips", allowed.replace("(none)", "")))
        need(one("wireguard_peer_receive_bytes_total", *peer) == int(received), "received")
        # What was sent may have grown between the two looks.
        need(one("wireguard_peer_transmit_bytes_total", *peer) <= int(sent), "sent")
        need(one("wireguard_peer_last_handshake_timestamp_seconds", *peer) == int(handshake), "handshake")
        need(one("wireguard_peer_persistent_keepalive_seconds", *peer) == int(keepalive.replace("off", "0")), "keepalive")


def prints_what_is_there(world):
    peers = up(world)
    try:
        wait_until(lambda: world.on("hub", "wg", "show", "m0", "transfer").stdout.count("\t0\t0\n") == 2, "an initiation")
        for words, is_open in (((), False), (("--openmetrics",), True)):
            samples = parse(once(world, *words), is_open)
            compare(world, samples, peers)
    finally:
        world.on("hub", "wg-quick", "down", "m0")
    need("m0" not in once(world).decode(), "an interface that is gone")


def fetch(world, path, *words):
    """(status and headers, body)"""
    done = world.on("hub", "curl", "-s", "-i", "--max-time", "30", *words, f"http://127.0.0.1:9586{path}", text=False)
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    return head.decode(), body


def serves_it(world):
    process = world.start("hub", "culvert", "metrics", stdout=subprocess.PIPE, text=True)
    peers = up(world)
    try:
        line = process.stdout.readline()
        need(line == "Listening on http://127.0.0.1:9586/metrics\n", f"it said {line!r}")
        wait_until(lambda: world.on("hub", "wg", "show", "m0", "transfer").stdout.count("\t0\t0\n") == 2, "an initiation")
        head, body = fetch(world, "/metrics")
        need(" 200 " in head and "text/plain; version=0.0.4" in head, head)
        compare(world, parse(body, False), peers)
        head, body = fetch(world, "/metrics", "-H", f"Accept: {OPEN}")
        need(" 200 " in head and "application/openmetrics-text; version=1.0.0" in head, head)
        compare(world, parse(body, True), peers)
        for path, words, status in (("/metrics/x", (), 404), ("/", (), 200), ("/metrics", ("-d", "x=1"), 405),
                                    ("/metrics", ("-X", "DELETE"), 405), ("/metrics", ("-I",), 200)):
            head, body = fetch(world, path, *words)
            need(f" {status} " in head, f"{path} {words}: {head}")
            need(b"wireguard_" not in body, f"{path} {words}: metrics")
    finally:
        world.on("hub", "wg-quick", "down", "m0")
        world.stop(process)
    need(process.returncode == 0, f"it ended with {process.returncode}")


def refuses_words_that_are_wrong(world):
    for said, words in (("ADDRESS:PORT", ("--listen", "nowhere")), ("does not listen", ("--once", "--listen", "127.0.0.1:1")),
                        ("goes with --once", ("--openmetrics",)), ("", ("x",))):
        done = world.try_on("hub", "culvert", "metrics", *words)
        need(done.returncode == 2 and said in done.stderr, f"{words}: {done.returncode} {done.stderr}")
    done = world.try_on("hub", "culvert", "metrics", "--listen", "203.0.113.1:9586")
    need(done.returncode == 1 and "203.0.113.1:9586" in done.stderr, f"{done.returncode} {done.stderr}")


def is_what_the_dashboard_asks_for(world):
    up(world)
    try:
        samples = parse(once(world), False)
    finally:
        world.on("hub", "wg-quick", "down", "m0")
    with open(f"{ROOT}/examples/grafana-dashboard.json") as file:
        panels = json.load(file)["panels"]
    asked = {name for panel in panels for target in panel["targets"]
             for name in re.findall(r"\b(?:wireguard|culvertd?)_[a-z_]+", target["expr"])}
    need(len(asked) > 8 and asked <= set(samples), f"not there: {asked - set(samples)}")
    with open(f"{ROOT}/docs/metrics.md") as file:
        page = file.read()
    missing = [name for name in samples if name.split("_total")[0].split("interface_")[-1] not in page and
               not re.search(r"interface_(receive|transmit)_(packets|errors|drops)", name)]
    need(not missing, f"docs/metrics.md does not have {missing}")


TESTS = [(f"metrics {act.__name__}", act) for act in (
    prints_what_is_there, serves_it, refuses_words_that_are_wrong, is_what_the_dashboard_asks_for)]
