"""culvert on an interface of the kernel: what it says, and what it changes."""

import json

from lab import need, wait_until
from scenario_quick import CONFIGS, KEY, PEER, quick

CULVERT = "/opt/ours/culvert"


def looks_after_an_interface(lab):
    """status, ping, peer, metrics and doctor, as they are used on culvertd's."""
    left, right = lab.sides()
    guest = lab.guest

    def culvert(words, codes=(0,)):
        done = guest.sh(f"PATH=/opt/ours:$PATH culvert {words}", check=False, timeout=60)
        need(done.returncode in codes, f"culvert {words}: {done.returncode} {done.stdout}{done.stderr}")
        return done.stdout

    def peers():
        status = json.loads(culvert("status wg0 --no-rates --json"))
        return {peer["name"]: peer for peer in status["interfaces"][0]["peers"]}

    guest.ip("link", "del", "wg0")
    left.set("peer", right.public, "allowed-ips", "10.77.0.2/32,fd77::2/128")
    text = CONFIGS["split"].replace(KEY, right.private).replace(PEER, left.public)
    guest.write("/etc/wireguard/wg0.conf", text.replace("[Peer]\n", "[Peer]\n#: Name = left\n"))
    quick(guest, "ours", "up")
    wait_until(lambda: peers()["left"]["isUp"], 30, "a session")
    # A young session of the kernel's cannot be made anew; it says so, and the echoes go through it.
    said = json.loads(culvert("ping wg0 left --address 10.77.0.1 --json"))
    need(said["hasSession"] and said["echoesReceived"] > 0, f"{said}")
    config = culvert("peer add wg0 phone --endpoint 192.0.2.2")
    need("PrivateKey = " in config and set(peers()) == {"left", "phone"}, f"{config}{peers()}")
    need(len(guest.sh("/opt/ours/wg show wg0 peers").stdout.split()) == 2, "the kernel has no second peer")
    culvert("peer remove wg0 phone")
    need(set(peers()) == {"left"}, f"{peers()}")
    metrics = culvert("metrics --once")
    need(f'interface="wg0",public_key="{left.public}"' in metrics, metrics)
    # Nothing is broken; what a kernel does not tell is said.
    found = json.loads(culvert("doctor wg0 --json", codes=(0, 1)))["interfaces"][0]
    need(found["notSeen"] and all(f["level"] != "broken" for f in found["findings"]), f"{found}")
    quick(guest, "ours", "down")
