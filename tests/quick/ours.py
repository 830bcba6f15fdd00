"""What ours does and the stock tool does not, or not so well."""

import re

from compare import differences, without
from configs import CLIENT, CONFIGS, HUB, PEER_1, PEER_2, PEER_3, B, full, interface, peer, split

# A second full tunnel beside wg0.
FULL_2 = interface("Address = 10.88.0.2/24, fd88::2/64", key=B, port=51821) + peer(PEER_2, "0.0.0.0/0, ::/0", *CLIENT)

SCENARIOS = {}


def scenario(function):
    SCENARIOS[function.__name__.replace("_", " ")] = function
    return function


def did_well(answer, actions):
    for action, done in zip(actions, answer["actions"]):
        if done["status"]:
            yield f"{action} exits with {done['status']}: {done['said'][-500:]}"


def commands(said):
    return [line[4:] for line in said.splitlines() if line.startswith("[#] ")]


def nothing_left(answer, index=-1):
    yield from differences(answer["before"], answer["actions"][index]["state"], "left", ("before", "after"))
    left = answer["actions"][index].get("left", [])
    if left not in ([], ["lock"]):
        yield f"left: {left}"


def two_tunnels(world, first_down, second_down):
    files = {"wg0.conf": full(), "full1.conf": FULL_2}
    actions = [{"quick": ["up", "wg0"]}, {"quick": ["up", "full1"]}, {"quick": ["down", first_down]},
               {"quick": ["down", second_down], "left": True}]
    answer = world.run(world.ours, files, actions)
    alone = world.run(world.ours, files, [{"quick": ["up", second_down]}])
    yield from did_well(answer, actions)
    state = answer["actions"][2]["state"]
    table = "51821" if second_down == "full1" else "51820"
    for family in ("rules 4", "rules 6"):
        texts = [line.split(":", 1)[1].strip() for line in state[family]]
        if texts.count("from all lookup main suppress_prefixlength 0") != 1:
            yield f"{family} after the first down: {texts}"
        elif not any(text.endswith(f"lookup {table}") for text in texts):
            yield f"{family}: no rule for the second tunnel: {texts}"
        elif texts.index("from all lookup main suppress_prefixlength 0") > \
                [text.endswith(f"lookup {table}") for text in texts].index(True):
            yield f"{family}: the suppressing rule stands behind the tunnel's: {texts}"
    if state["valid_mark"] != alone["actions"][0]["state"]["valid_mark"]:
        yield f"after the first down: {state['valid_mark']}"
    yield from nothing_left(answer)


@scenario
def second_full_tunnel_survives_the_first(world):
    yield from two_tunnels(world, "wg0", "full1")


@scenario
def first_full_tunnel_survives_the_second(world):
    yield from two_tunnels(world, "full1", "wg0")


@scenario
def two_full_tunnels_at_once(world):
    files = {"wg0.conf": full(), "full1.conf": FULL_2}
    actions = [{"sh": f"$OUR_WG_QUICK {verb} wg0 & $OUR_WG_QUICK {verb} full1; status=$?; wait $! && exit $status",
                "left": True} for verb in ("up", "down", "up", "down")]
    answer = world.run(world.ours, files, actions)
    yield from did_well(answer, actions)
    for family in ("rules 4", "rules 6"):
        tables = sorted(re.findall(r"lookup (518\d\d)", " ".join(answer["actions"][0]["state"][family])))
        if tables != ["51820", "51821"]:
            yield f"{family}: {tables}"
    yield from nothing_left(answer, 1)
    yield from nothing_left(answer)


# From which file to which a running interface is reloaded.
RELOADS = {
    "nothing": (full(), full()),
    "a peer more": (split(), split() + peer(PEER_2, "10.60.0.0/16")),
    "a peer less": (split() + peer(PEER_2, "10.60.0.0/16"), split()),
    "other peers": (HUB, interface("Address = 10.77.0.1/24, fd77::1/64") + peer(PEER_3, "10.77.0.9/32, fd99::/64")),
    "another address": (split(), split().replace("10.77.0.2/24", "10.78.0.2/24, fd78::1/64")),
    "another MTU": (split("MTU = 1400"), split("MTU = 1300")),
    "MTU no longer given": (split("MTU = 1400"), split()),
    "split to full": (split(), full().replace("fd77::2/64", "10.77.3.1/32")),
    "full to split": (full(), full("10.5.0.0/16")),
    "full to IPv4 alone": (full(), full("0.0.0.0/0")),
    "IPv6 alone to full": (full("::/0"), full()),
    "full, another address": (full(), full().replace("10.77.0.2/24", "10.77.0.77/24")),
    "full, other DNS": (full("0.0.0.0/0, ::/0", "DNS = 10.77.0.1"), full("0.0.0.0/0, ::/0", "DNS = 10.77.0.9, x.example")),
    "no DNS any more": (split("DNS = 10.77.0.1"), split()),
    "DNS at last": (split(), split("DNS = 10.77.0.1")),
    "another key": (split(), split().replace(split().split("PrivateKey = ")[1].split("\n")[0], B)),
    "another port": (split(), split().replace("ListenPort = 51820", "ListenPort = 51877")),
    "a preshared key": (split(), CONFIGS["preshared key"][0]),
    "no preshared key": (CONFIGS["preshared key"][0], split()),
    "another route table's routes": (full("0.0.0.0/0, 10.1.0.0/16", "Table = 1234"), full("10.2.0.0/16", "Table = 1234")),
}


def reload_equals_fresh(world, before, after):
    """A reload makes what a fresh `up` makes; a second one does nothing."""
    actions = [{"quick": ["up", "wg0"]}, {"sh": "cat /run/after.conf >/etc/wireguard/wg0.conf", "wants_state": False},
               {"quick": ["reload", "wg0"]}, {"quick": ["reload", "wg0"]}, {"quick": ["plan", "wg0"]},
               {"quick": ["down", "wg0"], "left": True}]
    answer = world.run(world.ours, {"wg0.conf": before, "../../run/after.conf": after}, actions)
    fresh = world.run(world.ours, {"wg0.conf": after}, [{"quick": ["up", "wg0"]}])
    yield from did_well(answer, actions)
    yield from without_marks(fresh["actions"][0]["state"], answer["actions"][2]["state"], "up and reload")
    yield from differences(answer["actions"][2]["state"], answer["actions"][3]["state"], "second reload", ("1st", "2nd"))
    if commands(answer["actions"][3]["said"]):
        yield f"the second reload does {commands(answer['actions'][3]['said'])}"
    if answer["actions"][4]["out"]:
        yield f"there is still a plan: {answer['actions'][4]['out']}"
    yield from nothing_left(answer)


def without_marks(a, b, where):
    """A mark that is no longer needed stays: it costs nothing, and to change it would disturb sessions."""
    def clean(state):
        devices = {name: [re.sub(r" (51820|off|0xca6c)$", "", line) for line in lines]
                   for name, lines in state["devices"].items()}
        return dict(without(state, "devices"), devices=devices)
    yield from differences(clean(a), clean(b), where, ("up", "reload"))


for title, (old, new) in RELOADS.items():
    SCENARIOS[f"reload, {title}"] = lambda world, old=old, new=new: reload_equals_fresh(world, old, new)


@scenario
def plan_tells_what_up_does(world):
    for name in ("full tunnel, DNS", "hub", "routes covered by others", "MTU of a narrow route"):
        text, special = CONFIGS[name]
        actions = [{"quick": ["plan", "wg0"]}, {"quick": ["up", "wg0"]}]
        answer = world.run(world.ours, {"wg0.conf": text}, actions, before=special.get("before", []))
        yield from did_well(answer, actions)
        yield from differences(answer["before"], answer["actions"][0]["state"], "changed by plan", ("before", "after"))
        told, inside = [], False
        for line in answer["actions"][0]["out"].splitlines():
            if inside or not line:
                inside = inside and line != "END"
                continue
            inside = line.endswith(" <<'END'")
            told.append(line.replace(" <<'END'", "").replace("nft -f -", "nft -f /dev/fd/63"))
        done = [line for line in commands(answer["actions"][1]["said"]) if line != f"{world.options.daemon} wg0"]
        if told != done:
            yield f"{name}: told {told}, did {done}"


@scenario
def what_stock_brings_up_comes_down(world):
    for name in ("full tunnel, DNS", "hub", "full tunnel, FwMark", "full tunnel, Table = 1234"):
        text = CONFIGS[name][0]
        actions = [{"sh": "/usr/bin/wg-quick up wg0"}, {"quick": ["down", "wg0"], "left": True}]
        answer = world.run(world.ours, {"wg0.conf": text}, actions)
        yield from did_well(answer, actions)
        answer["before"]["valid_mark"] = answer["actions"][1]["state"]["valid_mark"]
        yield from nothing_left(answer)


@scenario
def what_stock_takes_down_comes_up_again(world):
    actions = [{"quick": ["up", "wg0"]}, {"sh": "/usr/bin/wg-quick down wg0"}, {"quick": ["up", "wg0"]},
               {"quick": ["down", "wg0"], "left": True}]
    answer = world.run(world.ours, {"wg0.conf": full("0.0.0.0/0, ::/0", "DNS = 10.77.0.1")}, actions)
    yield from did_well(answer, actions)
    yield from differences(answer["actions"][0]["state"], answer["actions"][2]["state"], "up again", ("1st", "2nd"))
    yield from nothing_left(answer)


@scenario
def IPv6_switched_off_is_borne(world):
    actions = [{"quick": ["up", "wg0"]}, {"quick": ["save", "wg0"], "file": "wg0.conf"},
               {"quick": ["down", "wg0"], "left": True}]
    answer = world.run(world.ours, {"wg0.conf": full()}, actions,
                       before=["sysctl -q net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1"])
    yield from did_well(answer, actions)
    said = answer["actions"][0]["said"]
    if said.count("Warning: IPv6 is disabled here") != 2:
        yield f"said: {said[-400:]}"
    if "10.77.0.2/24, fd77::2/64" not in answer["actions"][1]["file"]:
        yield f"saved: {answer['actions'][1]['file']}"
    yield from nothing_left(answer)


@scenario
def IPv6_off_on_the_tunnel_alone_does_not_leak(world):
    """The default route cannot be had while other links have IPv6: no half tunnel."""
    actions = [{"quick": ["up", "wg0"], "left": True}]
    answer = world.run(world.ours, {"wg0.conf": full()}, actions, before=[
        "sysctl -q net.ipv6.conf.default.disable_ipv6=1"])
    if not answer["actions"][0]["status"]:
        yield "came up"
    yield from nothing_left(answer)


@scenario
def resolv_conf_without_a_manager(world):
    files = {"wg0.conf": split("DNS = 10.77.0.1, corp.example"), "tun1.conf": interface(
        "Address = 10.88.0.2/24", "DNS = 10.88.0.1", key=B, port=51821)}
    actions = [{"quick": ["up", "wg0"]}, {"quick": ["up", "tun1"]}, {"quick": ["down", "wg0"]},
               {"quick": ["down", "tun1"], "left": True}]
    answer = world.run(world.ours, files, actions, resolvconf=False)
    yield from did_well(answer, actions)
    expected = (["# wg-quick: wg0", "nameserver 10.77.0.1", "search corp.example"],
                ["# wg-quick: tun1", "nameserver 10.88.0.1"], ["# wg-quick: tun1", "nameserver 10.88.0.1"])
    for done, lines in zip(answer["actions"], expected):
        if done["state"]["resolv.conf"] != lines:
            yield f"resolv.conf is {done['state']['resolv.conf']}, not {lines}"
    yield from nothing_left(answer)


@scenario
def resolv_conf_changed_by_others_is_left(world):
    actions = [{"quick": ["up", "wg0"]}, {"sh": "echo nameserver 192.0.2.99 >/etc/resolv.conf"},
               {"quick": ["down", "wg0"], "left": True}]
    answer = world.run(world.ours, {"wg0.conf": split("DNS = 10.77.0.1")}, actions, resolvconf=False)
    yield from did_well(answer, actions)
    answer["before"]["resolv.conf"] = ["nameserver 192.0.2.99"]
    yield from nothing_left(answer)


@scenario
def names_are_resolved_later(world):
    text = split().replace("203.0.113.50", "late.example")
    hosts = "echo 203.0.113.77 late.example >>/etc/hosts"
    wait = "for i in {1..200}; do wg show wg0 endpoints | grep -q '203.0.113.77:51820' && exit; sleep 0.1; done; exit 1"
    gone = "for i in {1..50}; do pgrep -f 'quick (up|reload) wg0' >/dev/null || exit 0; sleep 0.1; done; pgrep -fa quick; exit 1"
    actions = [{"quick": ["up", "wg0"], "timeout": 20}, {"sh": hosts}, {"sh": wait}, {"quick": ["reload", "wg0"]},
               {"quick": ["down", "wg0"], "left": True}, {"sh": gone}]
    answer = world.run(world.ours, {"wg0.conf": text}, actions)
    yield from did_well(answer, actions)
    if "late.example:51820' is not resolved yet" not in answer["actions"][0]["said"]:
        yield f"said: {answer['actions'][0]['said'][-300:]}"
    yield from nothing_left(answer, 4)


@scenario
def a_full_tunnel_waits_for_its_name(world):
    """Its routes would swallow the resolver's queries; so it waits as wg does, and fails as wg does."""
    text = full().replace("203.0.113.50", "late.example")
    late = ("(sleep 2; echo 203.0.113.77 late.example >>/etc/hosts) & $OUR_WG_QUICK up wg0; status=$?; wait; exit $status")
    actions = [{"sh": "WG_ENDPOINT_RESOLUTION_RETRIES=0 $OUR_WG_QUICK up wg0", "left": True}, {"sh": late},
               {"quick": ["down", "wg0"], "left": True}]
    answer = world.run(world.ours, {"wg0.conf": text}, actions)
    if [done["status"] for done in answer["actions"]] != [1, 0, 0]:
        yield f"{[(done['status'], done['said'][-300:]) for done in answer['actions']]}"
    yield from nothing_left(answer, 0)
    if "203.0.113.77:51820" not in str(answer["actions"][1]["state"]["devices"]):
        yield f"{answer['actions'][1]['state']['devices']}"
    yield from nothing_left(answer)


@scenario
def a_read_only_run_is_borne(world):
    actions = [{"sh": "mkdir -p /run/culvert && mount -t tmpfs -o ro none /run/culvert"}, {"quick": ["up", "wg0"]},
               {"quick": ["reload", "wg0"]}, {"quick": ["down", "wg0"], "left": True}]
    answer = world.run(world.ours, {"wg0.conf": full("0.0.0.0/0, ::/0", "DNS = 10.77.0.1")}, actions)
    yield from did_well(answer, actions)
    answer["before"]["valid_mark"] = answer["actions"][3]["state"]["valid_mark"]
    yield from nothing_left(answer)


@scenario
def a_hook_may_call_wg_quick(world):
    files = {"wg0.conf": full("0.0.0.0/0, ::/0", "PostUp = wg-quick up tun1", "PreDown = wg-quick down tun1"),
             "tun1.conf": interface("Address = 10.88.0.2/24", "DNS = 10.88.0.1", key=B, port=51821)}
    actions = [{"quick": ["up", "wg0"]}, {"quick": ["down", "wg0"], "left": True}]
    answer = world.run(world.ours, files, actions)
    yield from did_well(answer, actions)
    if "tun1" not in answer["actions"][0]["state"]["devices"]:
        yield "the second tunnel is not up"
    yield from nothing_left(answer)


@scenario
def a_hook_may_take_its_own_tunnel_down(world):
    actions = [{"quick": ["up", "wg0"], "left": True}]
    answer = world.run(world.ours, {"wg0.conf": full("0.0.0.0/0, ::/0", "PostUp = wg-quick down wg0")}, actions)
    yield from did_well(answer, actions)
    yield from nothing_left(answer)


@scenario
def save_changes_no_byte_without_need(world):
    for name in ("comments and spacing", "hub", "CRLF", "client, split", "DNS and search domains", "hooks of bash"):
        text = CONFIGS[name][0]
        actions = [{"quick": ["up", "wg0"]}, {"quick": ["save", "wg0"], "file": "wg0.conf"}]
        answer = world.run(world.ours, {"wg0.conf": text}, actions)
        yield from did_well(answer, actions)
        if answer["actions"][1]["file"] != text:
            yield f"{name}: {text!r} became {answer['actions'][1]['file']!r}"


@scenario
def save_keeps_comments_of_what_changes(world):
    text = f"""# the office
[Interface]
PrivateKey = {B} # do not share
ListenPort = 51820
Address = 10.77.0.2/24   # mine
DNS = 10.77.0.1, corp.example
MTU = 1400

# laptop of Ada
[Peer]
PublicKey = {PEER_1} # old key
AllowedIPs = 10.77.0.3/32 # one

[Peer] # phone
PublicKey = {PEER_2}
AllowedIPs = 10.77.0.4/32
"""
    change = (f"wg set wg0 peer {PEER_1} allowed-ips 10.77.0.3/32,10.60.0.0/16 endpoint 192.0.2.1:99; wg set wg0 peer "
              f"{PEER_2} remove; wg set wg0 peer {PEER_3} allowed-ips 10.77.0.9/32; ip link set wg0 mtu 1380")
    actions = [{"quick": ["up", "wg0"]}, {"sh": change}, {"quick": ["save", "wg0"], "file": "wg0.conf"}]
    answer = world.run(world.ours, {"wg0.conf": text}, actions)
    yield from did_well(answer, actions)
    expected = text.replace("MTU = 1400", "MTU = 1380").replace(
        "10.77.0.3/32 # one", "10.77.0.3/32, 10.60.0.0/16 # one\nEndpoint = 192.0.2.1:99").split("\n[Peer] # phone")[0]
    expected += f"\n[Peer]\nPublicKey = {PEER_3}\nAllowedIPs = 10.77.0.9/32\n"
    if answer["actions"][2]["file"] != expected:
        yield f"saved {answer['actions'][2]['file']!r} instead of {expected!r}"


@scenario
def others_who_can_read_the_file_are_named(world):
    actions = [{"sh": "chmod 755 /etc/wireguard; chmod 644 /etc/wireguard/wg0.conf"}, {"quick": ["strip", "wg0"]},
               {"sh": "chmod 700 /etc/wireguard"}, {"quick": ["strip", "wg0"]}]
    answer = world.run(world.ours, {"wg0.conf": split()}, actions)
    yield from did_well(answer, actions)
    warnings = [done["said"] for done in answer["actions"]]
    if warnings[1] != "Warning: `/etc/wireguard/wg0.conf' is world accessible\n" or warnings[3]:
        yield f"said {warnings}"


@scenario
def words_are_understood_as_stock_does(world):
    """Same exit status and first line for what is no configuration."""
    commands = (["up", "./wg0"], ["up", "/etc/wireguard/wg0.con"], ["up", "wg0wg0wg0wg0wg0wg0"], ["down", "wg9"],
                ["up", "/nowhere/wg7.conf"], ["save", "wg0"], ["down", "wg0"], ["up", "eth0"], ["save", "wg9"])
    actions = [{"quick": list(words), "wants_state": False} for words in commands]
    files = {"wg0.conf": split(), "eth0.conf": split()}
    stock, our = world.run(world.stock, files, actions), world.run(world.ours, files, actions)
    for words, a, b in zip(commands, stock["actions"], our["actions"]):
        if (a["status"], a["said"]) != (b["status"], b["said"]):
            yield f"{words}: stock {a['status']} {a['said']!r}, ours {b['status']} {b['said']!r}"
    for words in (["up"], [], ["frob", "wg0"], ["up", "wg0", "x"], ["-h"], ["--help"], ["help"]):
        a, b = (world.run(tool, files, [{"quick": words, "wants_state": False}])["actions"][0]
                for tool in (world.stock, world.ours))
        if a["status"] != b["status"] or bool(a["said"]) != bool(b["said"]) or b["out"]:
            yield f"{words}: stock {a['status']}, ours {b['status']} {b['said'][:60]!r}"


@scenario
def resolvectl_is_asked_where_there_is_no_resolvconf(world):
    stub = "#!/bin/sh\necho \"$@\" >>/run/resolvectl.log\n"
    actions = [{"sh": "chmod 755 /run/bin/resolvectl; mkdir -p /run/systemd/resolve"}, {"quick": ["up", "wg0"]},
               {"sh": "cat /run/resolvectl.log; : >/run/resolvectl.log"}, {"quick": ["down", "wg0"], "left": True},
               {"sh": "cat /run/resolvectl.log"}]
    files = {"wg0.conf": split("DNS = 10.77.0.1, fd77::1, corp.example, lab.example"), "../../run/bin/resolvectl": stub}
    answer = world.run(world.ours, files, actions, resolvconf=False)
    yield from did_well(answer, actions)
    expected = "dns wg0 10.77.0.1 fd77::1\ndomain wg0 ~. corp.example lab.example\n"
    if answer["actions"][2]["out"] != expected:
        yield f"up asked {answer['actions'][2]['out']!r}"
    if answer["actions"][4]["out"] != "revert wg0\n":
        yield f"down asked {answer['actions'][4]['out']!r}"
    yield from nothing_left(answer, 3)


@scenario
def sudo_is_asked_where_root_is_not(world):
    stub = "#!/bin/sh\nshift 2\necho \"sudo $@\"\n"
    actions = [{"sh": "chmod 755 /run/bin/sudo"}] + [
        {"quick": [verb, "wg0"], "prefix": ["setpriv", "--reuid", "65534", "--clear-groups"], "wants_state": False}
        for verb in ("up", "down", "save", "strip", "reload", "plan")]
    answer = world.run(world.ours, {"wg0.conf": split(), "../../run/bin/sudo": stub}, actions)
    for action, done in zip(actions[1:], answer["actions"][1:]):
        expected = f"sudo -- {world.ours[0]} {action['quick'][0]} wg0\n"
        if done["status"] or done["out"] != expected:
            yield f"{action['quick']}: {done['status']}, {done['out']!r}, {done['said'][-200:]!r}"


@scenario
def check_finds_what_does_not_fit(world):
    """The whole way, keys derived by wg; what it finds is the linter's unit test's part."""
    hub = interface("Address = 10.77.0.1/24").replace("51820", "51999") + peer(PEER_1, "10.77.0.2/32")
    actions = [{"sh": "cd /etc/wireguard; a=$(wg genkey) b=$(wg genkey); "
                "printf '[Interface]\\nPrivateKey = %s\\nAddress = 10.0.0.1/24\\nListenPort = 51820\\n[Peer]\\n"
                "PublicKey = %s\\nAllowedIPs = 10.0.0.2/32\\n' $a $(wg pubkey <<<$b) >a.conf; "
                "printf '[Interface]\\nPrivateKey = %s\\nAddress = 10.0.0.2/24\\n[Peer]\\nPublicKey = %s\\n"
                "AllowedIPs = 10.0.0.0/24\\nEndpoint = 192.0.2.1:51820\\n' $b $(wg pubkey <<<$a) >b.conf; chmod 600 *.conf"},
               {"sh": "cd /etc/wireguard; $OUR_WG_QUICK check a.conf b.conf"}, {"quick": ["check", "wg0"]},
               {"sh": "cd /etc/wireguard; $OUR_WG_QUICK check a.conf wg0.conf"},
               {"sh": "$OUR_WG_QUICK check /nowhere/x.conf"}]
    answer = world.run(world.ours, {"wg0.conf": hub}, actions)
    statuses = [done["status"] for done in answer["actions"]]
    if statuses != [0, 0, 0, 1, 1] or answer["actions"][1]["said"] or "no peer has the PublicKey" not in answer["actions"][3]["said"]:
        yield f"{statuses}: {[done['said'] for done in answer['actions'][1:]]}"
    yield from differences(answer["before"], answer["actions"][-1]["state"], "changed", ("before", "after"))
