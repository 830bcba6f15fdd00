"""The differential suite's cases on an interface of the kernel: stock wg and ours, in the guest.

A case of tests/differential has a state to begin with, files, and command lines. Both programs run
them from the same state; the stock one reads the state at the end. One script in the guest does many
cases, for the line to the guest is slow.
"""

import base64
import shlex

import differences
import twin
from lab import need

BATCH = 12
MARK = "@@"


def settings(uapi):
    """A state in the control protocol's words as a configuration file; hexadecimal keys become base64."""
    names = {"private_key": "PrivateKey", "listen_port": "ListenPort", "fwmark": "FwMark", "public_key": "PublicKey",
             "preshared_key": "PresharedKey", "endpoint": "Endpoint", "allowed_ip": "AllowedIPs",
             "persistent_keepalive_interval": "PersistentKeepalive"}
    lines = ["[Interface]"]
    for key, value in (line.split("=", 1) for line in uapi.splitlines()):
        if key == "public_key":
            lines.append("[Peer]")
        if key.endswith("_key"):
            value = base64.b64encode(bytes.fromhex(value)).decode()
        if key in names:
            lines.append(f"{names[key]} = {value}")
    return "\n".join(lines) + "\n"


def put(path, content):
    data = base64.b64encode(content if isinstance(content, bytes) else content.encode()).decode()
    return f"echo '{data}' | base64 -d >{shlex.quote(path)}"


def commands(case, whose):
    """Lines of a script: the case's commands by one of the programs, from the case's state."""
    variables = " ".join(f"{key}={shlex.quote(value)}" for key, value in twin.environment(case).items() if key != "PATH")
    yield f"/opt/theirs/wg setconf {twin.DEVICE} /tmp/setup; PATH=/opt/{whose}:$path; code=0"
    for words in case.commands:
        yield f"{variables} wg {shlex.join(words)} </tmp/stdin || code=$?; echo {MARK}"
    yield f"/opt/theirs/wg show {twin.DEVICE} dump; echo {MARK}; echo $code; echo {MARK}; echo {MARK} >&2; PATH=$path"


def script(cases):
    yield "umask 077; mkdir -p /tmp/files; cd /tmp/files; path=$PATH"
    yield f"[ -e /sys/class/net/{twin.DEVICE} ] || ip link add {twin.DEVICE} type wireguard"
    written = {}
    for case in cases:
        files = {"/tmp/setup": settings(case.setup), "/tmp/stdin": case.stdin, **case.files}
        for name, content in files.items():
            if written.get(name) != content:
                written[name] = content
                yield put(name, content)
        for whose in ("theirs", "ours"):
            yield from commands(case, whose)


def result(parts, err):
    """What one program did: the outputs of its commands, the state it left, its complaints, its exit code."""
    *outs, dump, code = parts
    lines = dump.splitlines() or [""]
    port = lines[0].split("\t")[2] if "\t" in lines[0] else "0"
    # A port that the kernel chose is anything.
    state = {"listen_port": port}, dump.replace(f"\t{port}\t", "\tport\t", 1)
    return twin.Result(int(code), outs, err, state)


def compare(guest, cases):
    """Each case, and what differs between the programs."""
    for start in range(0, len(cases), BATCH):
        batch = cases[start:start + BATCH]
        # Bash is slow to fork under emulation; dash does not.
        lines = "\n".join(script(batch))
        done = guest.sh(f"dash <<'{MARK}END'\n{lines}\n{MARK}END", timeout=300)
        parts, errs = done.stdout.split(f"{MARK}\n"), done.stderr.split(f"{MARK}\n")
        for case in batch:
            count = len(case.commands) + 2
            need(len(parts) > 2 * count, f"{case.name}: the guest said too little: {parts} {errs}")
            stock, ours = result(parts[:count], errs[0]), result(parts[count:2 * count], errs[1])
            parts, errs = parts[2 * count:], errs[2:]
            # The kernel tells its peers in one order: every byte counts.
            yield case, list(stock.differences(ours, True))


def need_alike(lab, cases):
    """Every case does the same with both programs, but for what the differential suite knows of."""
    complaints, count, known = [], 0, 0
    for case, found in compare(lab.guest, cases):
        count += 1
        if found and differences.reason_for(case.name, [part for part, _, _ in found]):
            known += 1
        elif found:
            complaints += [f"{case.name}: {part}: stock {str(stock)[:400]!r}, ours {str(ours)[:400]!r}"
                           for part, stock, ours in found]
    need(not complaints, "\n".join(complaints[:12]))
    lab.note(f"{count} cases, {known} of them differ on purpose")
