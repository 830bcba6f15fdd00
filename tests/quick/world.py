"""A small world of its own for one wg-quick: namespaces of network, mounts and processes.

Everything made here goes with the namespaces when their first process ends.
"""

import ctypes
import os
import re
import subprocess
import tempfile
import time
import traceback

from answers import Ip, ruleset
from lab import CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, MS_BIND, MS_PRIVATE, MS_REC, die_with_parent, is_usable6, libc, mount

ETC = "/etc/wireguard"
RANDOM_PORTS = range(40000, 50000)
# What iptables leaves of its own when its last rule is gone.
EMPTY_CHAIN = re.compile(r"^table ip6? (raw|mangle|filter|nat) .*type \w+ hook \w+ priority \w+; policy accept;$")
RESOLV_BEFORE = "search before.example\nnameserver 192.0.2.53\n"
HOSTS = "127.0.0.1 localhost\n203.0.113.50 hub.example\n"

# A resolvconf that does what wg-quick asks of it, and no more. It is started hundreds of times: no
# programs in it. It may be ended anywhere: what was before is written by nobody here.
RESOLVCONF = r"""#!/bin/sh
set -e
dir=/run/resolvconf-stub
copy() { while IFS= read -r line; do printf '%s\n' "$line"; done; }
case $1 in
-a)
	{ echo "# record $2"; copy; } >$dir/record.$2
	copy <$dir/record.$2 >/etc/resolv.conf ;;
-d)
	: >$dir/record.$2
	for file in $dir/record.* $dir/before; do
		if [ -s $file ]; then copy <$file >/etc/resolv.conf; break; fi
	done ;;
-l)
	[ -s $dir/record.$2 ]
	copy <$dir/record.$2 ;;
esac
"""


def run(*words, **kwargs):
    kwargs.setdefault("timeout", 60)
    return subprocess.run(words, capture_output=True, text=True, errors="replace", check=False, **kwargs)


def must(*words, **kwargs):
    done = run(*words, **kwargs)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def lines(*words, **kwargs):
    return [line.rstrip() for line in run(*words, **kwargs).stdout.splitlines() if line.strip()]


def set_sysctl(name, value):
    with open(f"/proc/sys/{name.replace('.', '/')}", "w") as file:
        file.write(value)


def write(path, text, mode=0o600):
    with open(path, "w", newline="", opener=lambda p, f: os.open(p, f, mode)) as file:
        file.write(text)
    os.chmod(path, mode)


def bind(path, text):
    """A file of this world's own in the place of the system's."""
    handle, name = tempfile.mkstemp(dir="/run")
    os.write(handle, text.encode())
    os.close(handle)
    os.chmod(name, 0o644)
    mount(name, path, flags=MS_BIND)


def wait_until(condition, what):
    end, pause = time.monotonic() + 10, 0.01
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"waited in vain for {what}")
        time.sleep(pause)
        pause = min(1.3 * pause, 0.1)


def have_carriers():
    shown = lines("ip", "-o", "link", "show", "type", "veth")
    return all("LOWER_UP" in line and "NO-CARRIER" not in line for line in shown)


# Our end of a cable whose other end leads nowhere.
LINKS = """link set lo up
link add eth0 type veth peer name eth1
link set eth0 addrgenmode none
link set eth1 addrgenmode none
link set eth0 up
link set eth1 up
"""
ADDRESSES = """addr add 198.51.100.2/24 dev eth0
addr add 2001:db8:1::2/64 dev eth0 nodad
route add default via 198.51.100.1
route add default via 2001:db8:1::1
"""


def build(task):
    for path in ("/run", ETC):
        mount("none", path, "tmpfs", data="mode=700" if path == ETC else "mode=755")
    bind("/etc/hosts", HOSTS)
    bind("/etc/resolv.conf", RESOLV_BEFORE)
    os.makedirs("/run/bin")
    if task.get("resolvconf", True):
        write("/run/bin/resolvconf", RESOLVCONF, 0o755)
        os.makedirs("/run/resolvconf-stub")
        write("/run/resolvconf-stub/before", RESOLV_BEFORE)
    # The same link-local address of the tunnel in every world, and none of the other links.
    set_sysctl("net.ipv6.conf.default.stable_secret", "2001:db8:5ec::1")
    # A port that the kernel chose is none that a configuration here names.
    set_sysctl("net.ipv4.ip_local_port_range", f"{RANDOM_PORTS[0]} {RANDOM_PORTS[-1]}")
    must("ip", "-batch", "-", input=LINKS)
    wait_until(have_carriers, "the carriers")
    must("ip", "-batch", "-", input=ADDRESSES)
    wait_until(lambda: is_usable6("2001:db8:1::2"), "its address")
    for command in task.get("before", []):
        must("bash", "-c", command)
    for name, text in task["files"].items():
        write(os.path.join(ETC, name), text)


def environment(task):
    path = os.environ["PATH"].split(":")
    if not task.get("resolvconf", True):
        path = [p for p in path if not os.path.exists(os.path.join(p, "resolvconf"))
                and not os.path.exists(os.path.join(p, "resolvectl"))]
    kept = {"PATH": ":".join(["/run/bin"] + path), "HOME": "/", "WG_QUICK_USERSPACE_IMPLEMENTATION": task["daemon"],
            "OUR_WG_QUICK": task["tool"][0]}
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
        if name in os.environ:
            kept[name] = os.environ[name]
    kept.update(task.get("environment", {}))
    return kept


def nft_lines():
    """The rules, those of one chain sorted: their order is of no account there."""
    table, found = "", []
    for line in ruleset():
        word = line.strip()
        if not word:
            continue
        if word.startswith("table "):
            table = word
        elif word.startswith("chain "):
            chain = word
        elif word != "}" and not EMPTY_CHAIN.search(f"{table} {word}"):
            found.append(f"{table} {chain} {word}")
    return sorted(found)


def device(name):
    """What the tunnel is set to, a port that nobody chose left out, keys and values sorted."""
    shown = run("wg", "show", name, "dump")
    found = []
    for number, line in enumerate(shown.stdout.splitlines()):
        words = line.split("\t")
        if number == 0:
            words[2] = "random" if int(words[2]) in RANDOM_PORTS else words[2]
        else:
            words[3] = ",".join(sorted(words[3].split(",")))
            words = words[:4] + words[7:]  # no handshakes or counters
        found.append(" ".join(words))
    return sorted(found)


def addresses_and_routes_6():
    """The kernel adds the local route of an IPv6 address a little after the address: not to be looked at in between."""
    def look():
        found["addresses"], found["rules"], found["routes"] = ip6.ask("addr", "rule", "route show table all")
        own = [re.search(r" inet6 ([^/ ]+)", line)[1] for line in found["addresses"]]
        return all(any(line.startswith(f"local {address} dev ") for line in found["routes"]) for address in own)

    found = {}
    wait_until(look, "the local routes of all IPv6 addresses")
    return found["addresses"], found["rules"], found["routes"]


def state():
    """Links and their addresses begin with the link's number, rules with their priority."""
    found_links, addresses4, rules4, routes4 = ip4.ask("link", "addr", "rule", "route show table all")
    addresses6, rules6, routes6 = addresses_and_routes_6()
    links = []
    for line in found_links:
        line = re.sub(r"^\d+: ", "", line).replace("@", " @")
        links.append(re.sub(r"\s+(link/|qlen|qdisc|group|mode|state).*", "", line))
    names = [line.split(":")[0] for line in links]
    with open("/etc/resolv.conf") as resolv, open("/proc/sys/net/ipv4/conf/all/src_valid_mark") as mark:
        resolv_lines, valid_mark = resolv.read().splitlines(), mark.read().strip()
    return {
        "links": sorted(links),
        "addresses": sorted(re.sub(r"^\d+: |\\.*|tentative ", "", line).rstrip() for line in addresses4 + addresses6),
        "rules 4": rules4,
        "rules 6": rules6,
        "routes 4": sorted(routes4),
        "routes 6": sorted(routes6),
        "nft": nft_lines(),
        "valid_mark": [valid_mark],
        "resolv.conf": resolv_lines,
        "devices": {name: device(name) for name in names if re.match(r"wg|tun|full", name)},
        "sockets": sorted(os.listdir("/run/wireguard")) if os.path.isdir("/run/wireguard") else [],
        "iptables": sorted(line for tool in ("iptables-save", "ip6tables-save")
                           for line in (lines(tool) if task_wants_iptables else []) if line.startswith("-A")),
    }


task_wants_iptables = False
ip4 = ip6 = None


def act(task, action):
    """One action: words of wg-quick, or {"sh": command}."""
    if "sh" in action:
        done = run("bash", "-c", action["sh"], env=environment(task), stdin=subprocess.DEVNULL)
    else:
        done = run(*action.get("prefix", []), *task["tool"], *action["quick"], env=environment(task),
                   stdin=subprocess.DEVNULL, timeout=action.get("timeout", 60))
    answer = {"status": done.returncode, "out": done.stdout, "said": done.stderr}
    if action.get("wants_state", True):
        answer["state"] = state()
    if action.get("file"):
        with open(os.path.join(ETC, action["file"]), newline="") as file:
            answer["file"] = file.read()
    if action.get("left"):
        answer["left"] = sorted(os.listdir("/run/culvert/quick")) if os.path.isdir("/run/culvert/quick") else []
    return answer


def live(task):
    """What to do is in the task; the answer has, of each action, the exit status, what was said, and the state after it."""
    global task_wants_iptables, ip4, ip6
    task_wants_iptables = task.get("iptables", False)
    build(task)
    ip4, ip6 = Ip("-4"), Ip("-6")
    answer = {"before": state(), "actions": []}
    for action in task["actions"]:
        answer["actions"].append(act(task, action))
        if action.get("stop_on_failure") and answer["actions"][-1]["status"]:
            break
    return answer


def inhabit(answers, task):
    """This process gets namespaces; its child, the first process in them, answers: a text if something went wrong."""
    die_with_parent()
    if libc.unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID):
        raise OSError(ctypes.get_errno(), "unshare")
    child = os.fork()
    if child:
        answers.close()
        os.waitpid(child, 0)
        return
    die_with_parent()
    try:
        mount("none", "/", flags=MS_REC | MS_PRIVATE)
        mount("proc", "/proc", "proc")
        answers.send(live(task))
    except Exception:  # Whatever it is, it is what to tell.
        answers.send(traceback.format_exc())
    finally:
        os._exit(0)
