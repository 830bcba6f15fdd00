"""Endpoints while a tunnel is up: names whose records change, peers that roam, reloads. Ours alone."""

import os
import subprocess

from compare import differences
from configs import A, B, C, PEER_1, PEER_2, interface, peer

HERE = os.path.dirname(os.path.abspath(__file__))
SCENARIOS = {}

# The other side of eth0: a namespace with many addresses, where the far ends of tunnels live.
FAR_NET = """
ip netns add far && ip link set eth1 netns far && ip -n far link set lo up && ip -n far link set eth1 up
ip -n far addr add 198.51.100.1/24 dev eth1
for last in 50 51 60; do ip -n far addr add 203.0.113.$last/32 dev lo; done
"""
# A far end: its private key, its port, the public key of ours, the tunnel's subnet (three numbers).
FAR_END = """
nsenter --net=/run/netns/far $WG_QUICK_USERSPACE_IMPLEMENTATION {name} >/dev/null 2>&1 &&
wg set {name} private-key <(echo {key}) listen-port {port} peer {ours} allowed-ips {net}.2/32 &&
ip -n far addr add {net}.1/24 dev {name} && ip -n far link set {name} up
"""
DNS = f"""
echo nameserver 127.0.0.1 >/etc/resolv.conf
setsid {HERE}/dns.py 127.0.0.1 /run/records /run/dns.log </dev/null >/dev/null 2>&1 &
for i in {{1..300}}; do [[ -e /run/dns.log ]] && exit 0; sleep 0.1; done; exit 1
"""
ENDPOINTS = {"sh": "wg show wg0 endpoints", "wants_state": False}


def scenario(function):
    SCENARIOS[function.__name__.replace("_", " ")] = function
    return function


def public(key):
    return subprocess.run(["wg", "pubkey"], input=key, capture_output=True, text=True, check=True).stdout.strip()


def far_end(name, key, port, net):
    return {"sh": FAR_END.format(name=name, key=key, port=port, net=net, ours=public(A)), "wants_state": False}


def sh(command):
    return {"sh": command, "wants_state": False}


def quick(*words):
    return {"quick": list(words), "wants_state": False}


def ping(address):
    """Until an answer comes through the tunnel, and so a handshake is done."""
    return sh(f"for i in {{1..100}}; do ping -q -c 1 -W 1 {address} >/dev/null && exit 0; done; exit 1")


def move(key, endpoint):
    """What roaming does to a peer here."""
    return sh(f"wg set wg0 peer {key} endpoint {endpoint}")


def did_well(answer, actions):
    for action, done in zip(actions, answer["actions"]):
        if done["status"]:
            yield f"{action} exits with {done['status']}: {done['said'][-500:]}"


def endpoints(done):
    return dict(line.split("\t") for line in done["out"].splitlines())


def nothing_left(answer):
    last = answer["actions"][-1]
    # A name's record, and a far end's namespace, are the scenario's own.
    before = dict(answer["before"], **{"resolv.conf": last["state"]["resolv.conf"]})
    after = dict(last["state"], sockets=[name for name in last["state"]["sockets"] if not name.startswith("far")])
    yield from differences(before, after, "left", ("before", "after"))
    if last["left"] not in ([], ["lock"]):
        yield f"left: {last['left']}"


@scenario
def names_are_followed_when_their_record_ends(world):
    """No handshake fails meanwhile. Looked up in the file's order, so who follows stands last."""
    follower, roamer = public(B), public(C)
    text = interface("Address = 10.77.0.2/24, 10.78.0.2/24") + \
        peer(roamer, "10.78.0.0/24", "Endpoint = roam.example:51822") + \
        peer(PEER_1, "10.79.0.0/24", "Endpoint = several.example:51823") + \
        peer(PEER_2, "10.80.0.0/24", "Endpoint = hub.example:51824") + \
        peer(follower, "10.77.0.0/24", "Endpoint = Follow.example:51821")
    before = "roam.example 1 203.0.113.50\nseveral.example 1 203.0.113.50\nhub.example 1 203.0.113.51\n" \
        "follow.example 1 203.0.113.50\n"
    after = "roam.example 1 203.0.113.51\nseveral.example 1 203.0.113.99\nseveral.example 1 203.0.113.50\n" \
        "hub.example 1 203.0.113.99\nfollow.example 1 2001:db8::51\nfollow.example 1 203.0.113.51\n"
    wait = f"for i in {{1..400}}; do wg show wg0 endpoints | grep -q '^{follower}.203.0.113.51:' && exit 0; sleep 0.1; done; exit 1"
    actions = [far_end("far0", B, 51821, "10.77.0"), far_end("far1", C, 51822, "10.78.0"), quick("up", "wg0"),
               ping("10.77.0.1"), ping("10.78.0.1"), ENDPOINTS, move(roamer, "203.0.113.60:51822"),
               ping("10.78.0.1"), sh("sed s/203.0.113.50/203.0.113.51/ /etc/hosts >/run/hosts && cat /run/hosts >/etc/hosts && "
                                       "mv /run/after /run/records"),
               sh(wait), ENDPOINTS, ping("10.77.0.1"), sh("cat /run/dns.log"), {"quick": ["down", "wg0"], "left": True}]
    answer = world.run(world.ours, {"wg0.conf": text, "../../run/records": before, "../../run/after": after}, actions,
                       before=[FAR_NET, DNS])
    yield from did_well(answer, actions)
    for done, expected in ((answer["actions"][5], "50:51821 50:51822"), (answer["actions"][10], "51:51821 60:51822")):
        shown, expected = endpoints(done), [f"203.0.113.{end}" for end in f"{expected} 50:51823 50:51824".split()]
        if [shown.get(key) for key in (follower, roamer, PEER_1, PEER_2)] != expected:
            yield f"endpoints are {shown}, not {expected}; asked: {answer['actions'][12]['out'][-1000:]}"
    yield from nothing_left(answer)


@scenario
def a_reload_leaves_alone_what_works(world):
    far, dead = public(B), PEER_1
    text = interface("Address = 10.77.0.2/24", "Table = off") + peer(far, "10.77.0.0/24", "Endpoint = 203.0.113.50:51821") + \
        peer(dead, "10.78.0.0/24", "Endpoint = 203.0.113.50:9")
    edit = sh("sed -i s/203.0.113.*:51821/203.0.113.50:51821/ /etc/wireguard/wg0.conf")
    roamed = [move(far, "203.0.113.60:51821"), ping("10.77.0.1")]
    actions = [far_end("far0", B, 51821, "10.77.0"), quick("up", "wg0"), ping("10.77.0.1")] + roamed + [
        quick("plan", "wg0"), quick("reload", "wg0"), ENDPOINTS,                         # 5: it stays
        move(dead, "203.0.113.60:9"), quick("plan", "wg0"), quick("reload", "wg0"), ENDPOINTS,   # 8: this does not
        quick("save", "wg0"), move(far, "203.0.113.51:51821"), ping("10.77.0.1"),
        quick("reload", "wg0"), ENDPOINTS,                                                # 15: saved, roamed on
        edit, quick("plan", "wg0"), quick("reload", "wg0"), ENDPOINTS, quick("plan", "wg0"),     # 17: the file has changed
    ] + roamed + [sh("rm /run/culvert/quick/wg0.endpoints"), quick("reload", "wg0"), ENDPOINTS,  # 24: nobody knows
                  {"quick": ["down", "wg0"], "left": True}]
    answer = world.run(world.ours, {"wg0.conf": text}, actions, before=[FAR_NET])
    yield from did_well(answer, actions)
    done = answer["actions"]
    for number, ends in ((7, "60 50"), (11, "60 50"), (16, "51 50"), (20, "50 50"), (26, "50 50")):
        shown = endpoints(done[number])
        expected = [f"203.0.113.{end}:{port}" for end, port in zip(ends.split(), (51821, 9))]
        if [shown.get(far), shown.get(dead)] != expected:
            yield f"action {number}: endpoints are {shown}, not {expected}"
    for number, is_empty in ((5, True), (9, False), (18, False), (21, True)):
        if (not done[number]["out"]) != is_empty:
            yield f"action {number}: plan says {done[number]['out']!r}"
    yield from nothing_left(answer)


@scenario
def a_read_only_run_with_names_is_borne(world):
    """Nothing can be kept, so names are not looked up again; where resolv.conf must be kept nothing is done."""
    text = interface("Address = 10.77.0.2/24") + peer(PEER_1, "10.77.0.0/24", "Endpoint = hub.example:51820")
    frozen = ["mkdir -p /run/culvert && mount -t tmpfs -o ro none /run/culvert"]
    actions = [quick("up", "wg0"), ENDPOINTS, quick("reload", "wg0"), {"quick": ["down", "wg0"], "left": True}]
    answer = world.run(world.ours, {"wg0.conf": text}, actions, before=frozen)
    yield from did_well(answer, actions)
    said = answer["actions"][0]["said"]
    if "Warning: /run/culvert/quick cannot be written" not in said or "endpoints by name are not looked up again" not in said:
        yield f"said: {said}"
    if endpoints(answer["actions"][1]) != {PEER_1: "203.0.113.50:51820"}:
        yield f"endpoints are {answer['actions'][1]['out']}"
    yield from nothing_left(answer)
    actions = [{"quick": ["up", "wg0"], "left": True}]
    answer = world.run(world.ours, {"wg0.conf": text.replace("Address", "DNS = 10.77.0.1\nAddress")}, actions,
                       before=frozen, resolvconf=False)
    if answer["actions"][0]["status"] != 1 or "/run/culvert/quick: Read-only file system" not in answer["actions"][0]["said"]:
        yield f"{answer['actions'][0]['status']}: {answer['actions'][0]['said']}"
    yield from nothing_left(answer)


@scenario
def debians_resolvconf_gets_its_prefix(world):
    """Where resolvconf's order of interfaces says so, for both tools; not where resolvconf is a link to another program,
    which the stock tool of 2021 does not mind."""
    text = interface("Address = 10.77.0.2/24", "DNS = 10.77.0.1") + peer(PEER_1, "10.77.0.0/24")
    order = "cp -a /etc /run/etc && mount --bind /run/etc /etc && mkdir -p /etc/resolvconf && " \
        "printf '# first\\nlo.inet*\\nlo\\n tun* \\ntap*\\n' >/etc/resolvconf/interface-order"
    link = "mv /run/bin/resolvconf /run/bin/other && ln -s other /run/bin/resolvconf"
    both = (world.stock, world.ours)
    for before, record, tools in (([order], "tun.wg0", both), ([order, link], "wg0", both[1:]), ([], "wg0", both)):
        for tool in tools:
            actions = [{"quick": ["up", "wg0"]}, {"quick": ["down", "wg0"], "left": True}]
            answer = world.run(tool, {"wg0.conf": text}, actions, before=before)
            yield from did_well(answer, actions)
            if f"# record {record}" not in answer["actions"][0]["state"]["resolv.conf"]:
                yield f"{tool[0]}: {answer['actions'][0]['state']['resolv.conf']} has no record {record}"
            yield from differences({"resolv.conf": answer["before"]["resolv.conf"]},
                                   {"resolv.conf": answer["actions"][1]["state"]["resolv.conf"]}, "left", ("before", "after"))
