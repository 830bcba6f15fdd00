"""A small world of its own for one wg-quick: namespaces of network, mounts and processes.

Run as the first process in them (see run). It gets what to do as JSON on its standard input and
answers with JSON: after each action the exit status, what was said, and the state of the system.
Everything made here goes with the namespaces when this process ends.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time

ETC = "/etc/wireguard"
RANDOM_PORTS = range(40000, 50000)
# What iptables leaves of its own when its last rule is gone.
EMPTY_CHAIN = re.compile(r"^table ip6? (raw|mangle|filter|nat) .*type \w+ hook \w+ priority \w+; policy accept;$")
RESOLV_BEFORE = "search before.example\nnameserver 192.0.2.53\n"
HOSTS = "127.0.0.1 localhost\n203.0.113.50 hub.example\n"

# A resolvconf that does what wg-quick asks of it, and no more.
RESOLVCONF = r"""#!/bin/bash
set -e
dir=/run/resolvconf-stub
mkdir -p $dir
[[ -e $dir/before ]] || cat /etc/resolv.conf >$dir/before
case $1 in
-a)
	{ echo "# record $2"; cat; } >$dir/record.$2
	cat $dir/record.$2 >/etc/resolv.conf ;;
-d)
	rm -f $dir/record.$2
	set -- $dir/record.*
	if [[ -e $1 ]]; then cat "$1" >/etc/resolv.conf; else cat $dir/before >/etc/resolv.conf; rm -r $dir; fi ;;
-l)
	cat $dir/record.$2 ;;
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


def lines(*words):
    return [line.rstrip() for line in run(*words).stdout.splitlines() if line.strip()]


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
    must("mount", "--bind", name, path)


def wait_until(condition, what):
    end = time.monotonic() + 10
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"waited in vain for {what}")
        time.sleep(0.01)


def has_carrier(name):
    shown = run("ip", "link", "show", name).stdout
    return "LOWER_UP" in shown and "NO-CARRIER" not in shown


def build(task):
    must("mount", "--make-rprivate", "/")
    for path in ("/run", ETC):
        must("mount", "-t", "tmpfs", "-o", "mode=700" if path == ETC else "mode=755", "none", path)
    bind("/etc/hosts", HOSTS)
    bind("/etc/resolv.conf", RESOLV_BEFORE)
    os.makedirs("/run/bin")
    if task.get("resolvconf", True):
        write("/run/bin/resolvconf", RESOLVCONF, 0o755)
    # The same link-local address of the tunnel in every world, and none of the other links.
    must("sysctl", "-q", "net.ipv6.conf.default.stable_secret=2001:db8:5ec::1")
    # A port that the kernel chose is none that a configuration here names.
    must("sysctl", "-q", f"net.ipv4.ip_local_port_range={RANDOM_PORTS[0]} {RANDOM_PORTS[-1]}")
    must("ip", "link", "set", "lo", "up")
    must("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth1")
    for name in ("eth0", "eth1"):
        must("ip", "link", "set", name, "addrgenmode", "none")
        must("ip", "link", "set", name, "up")
    for name in ("eth0", "eth1"):
        wait_until(lambda name=name: has_carrier(name), f"the carrier of {name}")
    must("ip", "addr", "add", "198.51.100.2/24", "dev", "eth0")
    must("ip", "addr", "add", "2001:db8:1::2/64", "dev", "eth0", "nodad")
    must("ip", "route", "add", "default", "via", "198.51.100.1")
    must("ip", "route", "add", "default", "via", "2001:db8:1::1")
    wait_until(lambda: "2001:db8:1::2" in run("ip", "-6", "route", "show", "table", "local").stdout, "its address")
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
    for line in lines("nft", "list", "ruleset"):
        word = line.strip()
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


def state():
    links = []
    for line in lines("ip", "-o", "link"):
        line = re.sub(r"^\d+: ", "", line).replace("@", " @")
        links.append(re.sub(r"\s+(link/|qlen|qdisc|group|mode|state).*", "", line))
    names = [line.split(":")[0] for line in links]
    return {
        "links": sorted(links),
        "addresses": sorted(re.sub(r"^\d+: |\\.*|tentative ", "", line).rstrip() for line in lines("ip", "-o", "addr")),
        "rules 4": lines("ip", "-4", "rule"),
        "rules 6": lines("ip", "-6", "rule"),
        "routes 4": sorted(lines("ip", "-4", "route", "show", "table", "all")),
        "routes 6": sorted(lines("ip", "-6", "route", "show", "table", "all")),
        "nft": nft_lines(),
        "valid_mark": lines("sysctl", "net.ipv4.conf.all.src_valid_mark"),
        "resolv.conf": open("/etc/resolv.conf").read().splitlines(),
        "devices": {name: device(name) for name in names if re.match(r"wg|tun|full", name)},
        "sockets": sorted(os.listdir("/run/wireguard")) if os.path.isdir("/run/wireguard") else [],
        "iptables": sorted(line for tool in ("iptables-save", "ip6tables-save")
                           for line in (lines(tool) if task_wants_iptables else []) if line.startswith("-A")),
    }


task_wants_iptables = False


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


def main():
    global task_wants_iptables
    task = json.load(sys.stdin)
    task_wants_iptables = task.get("iptables", False)
    build(task)
    answer = {"before": state(), "actions": []}
    for action in task["actions"]:
        answer["actions"].append(act(task, action))
        if action.get("stop_on_failure") and answer["actions"][-1]["status"]:
            break
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
