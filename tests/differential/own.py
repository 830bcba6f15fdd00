"""What only our wg can do: each test runs it and looks at what came of it. Raises AssertionError."""

import json
import os
import subprocess
import time

import twin
from cases import A, B, C, hex_of

CONF = f"""[Interface]
PrivateKey = {A}
Address = 10.0.0.1/24
[Peer]
#: Name = laptop
PublicKey = {B}
[Peer]
# friendly_name = twin
PublicKey = {A}
[Peer]
# twin
PublicKey = {C}
"""
REPLY = (f"private_key={hex_of(1)}\nlisten_port=5\nfwmark=16\npublic_key={hex_of(2)}\npreshared_key={hex_of(9)}\n"
         "endpoint=[::1]:5\nlast_handshake_time_sec={-3723}\nlast_handshake_time_nsec=1\ntx_bytes=18446744073709551615\n"
         "rx_bytes=7\npersistent_keepalive_interval=25\nallowed_ip=10.0.0.0/8\nallowed_ip=::/0\n"
         f"public_key={hex_of(3)}\nerrno=0\n\n")


class Bench:
    def __init__(self, program, daemon, directory):
        self.program, self.daemon, self.directory = program, daemon, directory

    def wg(self, *words, code=0, **variables):
        done = subprocess.run(["wg", *words], executable=self.program, cwd=self.directory, capture_output=True, text=True,
                              timeout=60, check=False, stdin=subprocess.DEVNULL,
                              env={**twin.OPTIONS, "PATH": "/usr/bin:/bin", "LC_ALL": "C", "WG_ENDPOINT_RESOLUTION_RETRIES": "0",
                                   "CULVERT_CONFIG_DIR": self.directory, **variables})
        assert not twin.SANITIZER_REPORT.search(done.stderr), done.stderr
        assert done.returncode == code, f"exit code {done.returncode}, stderr {done.stderr!r}"
        return done.stdout if not code else done.stderr

    def write(self, name, text):
        with open(os.path.join(self.directory, name), "w", encoding="utf-8") as file:
            file.write(text)


def calculates(bench):
    """allowedips: ranges in words of their own or not, both families, errors."""
    for words, expected in (
            (["0.0.0.0/0", "-", "10.0.0.0/8"],
             "0.0.0.0/5, 8.0.0.0/7, 11.0.0.0/8, 12.0.0.0/6, 16.0.0.0/4, 32.0.0.0/3, 64.0.0.0/2, 128.0.0.0/1"),
            (["0.0.0.0/1+128.0.0.0/1"], "0.0.0.0/0"),
            (["0.0.0.0/0 - 10.0.0.0/8", "+", "10.0.0.0/8,::/0"], "0.0.0.0/0, ::/0"),
            (["10.0.0.7/30", "-10.0.0.4"], "10.0.0.5/32, 10.0.0.6/31"), (["::/0-::/0"], "")):
        assert bench.wg("allowedips", *words) == expected + "\n", words
    assert "10.0.0.0/33" in bench.wg("allowedips", "10.0.0.0/33", code=1)
    assert "missing behind `-'" in bench.wg("allowedips", "10.0.0.0/8", "-", code=1)
    assert bench.wg("allowedips", code=1).startswith("Usage: wg allowedips")


def speaks_json(bench):
    """show json: the schema, names, ages, no secrets unless asked."""
    bench.write("c0.conf", CONF)
    canned = twin.Canned("c0", REPLY)
    try:
        document = json.loads(bench.wg("show", "c0", "json"))
        open_document = json.loads(bench.wg("show", "c0", "json", WG_HIDE_KEYS="never"))
    finally:
        canned.stop()
    assert document["schema"] == "culvert/wg-show/1"
    device = document["interfaces"][0]
    laptop, twin_peer = device.pop("peers")
    assert device == {"name": "c0", "publicKey": "pOCSkrZRwni5dyxWn1+puxPZBrRqtoyd+dwrRAn4ogk=", "hasPrivateKey": True,
                      "listenPort": 5, "fwmark": 16}, device
    handshake = laptop.pop("latestHandshake")
    assert abs(handshake["unix"] - (time.time() - 3723)) < 60 and handshake["ago"].startswith("1 hour, 2 minutes")
    assert handshake["iso"] == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(handshake["unix"]))
    assert laptop == {"publicKey": B, "name": "laptop", "hasPresharedKey": True, "endpoint": "[::1]:5", "rxBytes": 7,
                      "allowedIps": ["10.0.0.0/8", "::/0"], "txBytes": 2**63 - 1, "persistentKeepalive": 25}, laptop
    assert twin_peer == {"publicKey": C, "name": "twin", "hasPresharedKey": False, "endpoint": None, "allowedIps": [],
                         "latestHandshake": None, "rxBytes": 0, "txBytes": 0, "persistentKeepalive": None}, twin_peer
    assert open_document["interfaces"][0]["privateKey"] == A[:0] + "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
    assert open_document["interfaces"][0]["peers"][0]["presharedKey"].startswith("CQkJ")


def speaks_json_of_all(bench):
    """show json and show all json are one; an interface of the name json comes first."""
    bench.daemon.reset("")
    document = json.loads(bench.wg("show", "json"))
    assert [device["name"] for device in document["interfaces"]] == [twin.DEVICE]
    assert document == json.loads(bench.wg("show", "all", "json"))
    canned = twin.Canned("json", "errno=0\n\n")
    try:
        assert bench.wg("show", "json") == "interface: json\n"
    finally:
        canned.stop()


def finds_peers_by_name(bench):
    """set peer NAME: one peer of the name, none, two."""
    bench.write(f"{twin.DEVICE}.conf", CONF)
    bench.daemon.reset(f"public_key={hex_of(2)}\n")
    bench.wg("set", twin.DEVICE, "peer", "laptop", "persistent-keepalive", "7", "allowed-ips", "10.7.0.0/16")
    peers = bench.daemon.state()[1]
    assert peers[hex_of(2)]["persistent_keepalive_interval"] == "7" and len(peers) == 1, peers
    assert "2 peers of t0 have that name" in bench.wg("set", twin.DEVICE, "peer", "twin", "remove", code=1)
    complaint = bench.wg("set", twin.DEVICE, "peer", "nobody", "remove", code=1)
    assert complaint.startswith("Key is not the correct length or format: `nobody'\n") and "no peer" in complaint
    bench.wg("set", twin.DEVICE, "peer", "laptop", "remove")
    assert not bench.daemon.state()[1]


def adds_and_takes_addresses(bench):
    """set allowed-ips with + and -: what goes over the socket."""
    for words, lines in (("+10.1.0.0/16", ["allowed_ip=10.1.0.0/16"]), ("-10.1.0.0/16", ["allowed_ip=-10.1.0.0/16"]),
                         ("+10.1.0.0/16,-fd00::/8,1.1.1.1", ["allowed_ip=10.1.0.0/16", "allowed_ip=-fd00::/8", "allowed_ip=1.1.1.1/32"]),
                         ("1.1.1.1", ["replace_allowed_ips=true", "allowed_ip=1.1.1.1/32"]), ("", ["replace_allowed_ips=true"])):
        canned = twin.Canned("c0", "errno=0\n\n")
        try:
            bench.wg("set", "c0", "peer", A, "allowed-ips", words)
        finally:
            canned.stop()
        assert canned.sets[0].split("\n")[3:-2] == lines, canned.sets


def peer_text(number, address="10.0.0.0"):
    return f"[Peer]\nPublicKey = {number:05d}{A[5:]}\nAllowedIPs = {address}/32\nPersistentKeepalive = 25\n"


def syncs_one_of_ten_thousand(bench):
    """syncconf: of 10,000 peers with one change, one is sent; with none, nothing."""
    addresses = [f"10.{n // 65536}.{n // 256 % 256}.{n % 256}" for n in range(10000)]
    text = "[Interface]\nListenPort = 5\n" + "".join(map(peer_text, range(10000), addresses))
    bench.write("file", text)
    canned = twin.Canned("c0", "errno=0\n\n")
    try:
        bench.wg("setconf", "c0", "file")
        reply = canned.sets[0].removeprefix("set=1\n")
        keep = ("public_key=", "allowed_ip=", "persistent_", "listen_port=")
        canned.reply = "".join(line + "\n" for line in reply.split("\n") if line.startswith(keep)) + "errno=0\n\n"
        canned.sets.clear()
        bench.wg("syncconf", "c0", "file")
        assert not canned.sets, canned.sets[0][:300]
        bench.write("file", text.replace("10.0.30.5/32", "10.99.0.1/32"))
        bench.wg("syncconf", "c0", "file")
    finally:
        canned.stop()
    assert len(canned.sets) == 1
    lines = canned.sets[0].split("\n")
    assert sum(line.startswith("public_key=") for line in lines) == 1 and "allowed_ip=10.99.0.1/32" in lines, lines[:20]


def keeps_the_port(bench):
    """syncconf of a file without a port leaves it."""
    bench.write("file", "[Interface]\nFwMark = 5\n")
    bench.daemon.reset("listen_port=5555\n")
    bench.wg("syncconf", twin.DEVICE, "file")
    assert bench.daemon.state()[0] == {"listen_port": "5555", "fwmark": "5"}


def reports_every_error(bench):
    """setconf: stock's line first, then each error with its place."""
    bench.write("file", f"[Interface]\nListenPrt = 1\nFwMark = x\n[Peer]\nPublicKey = {A}\nAllowedIPs = 10.0.0.0/8, 10.0/16\n")
    bench.daemon.reset("")
    complaint = bench.wg("setconf", twin.DEVICE, "file", code=1).split("\n")
    assert complaint[:2] == ["Line unrecognized: `ListenPrt=1'", "Configuration parsing error"], complaint
    assert [line.split(": ")[0] for line in complaint[2:-1]] == ["file:2:1", "file:3:10", "file:6:26"], complaint
    assert "did you mean `ListenPort'" in complaint[2]


def names_no_secret(bench):
    """A key on a line that is wrong is not repeated."""
    for text in (f"[Interface]\nPrivatKey = {B}\n", f"PrivateKey = {B}\n", f"[Interface]\nPrivateKey = {B[:-1]}\n"):
        bench.write("file", text)
        complaint = bench.wg("setconf", twin.DEVICE, "file", code=1)
        assert B[:20] not in complaint and "(hidden)" in complaint, complaint


def watches(bench):
    """show --watch: again and again, with names, until it is interrupted."""
    bench.write("c0.conf", CONF)
    canned = twin.Canned("c0", REPLY)
    process = subprocess.Popen(["wg", "show", "c0", "--watch", "1"], executable=bench.program, stdout=subprocess.PIPE, text=True,
                               env={**twin.OPTIONS, "CULVERT_CONFIG_DIR": bench.directory, "PATH": "/usr/bin"})
    try:
        seen = ""
        while seen.count("interface: c0\n") < 2:
            line = process.stdout.readline()
            assert line, "it ended by itself"
            seen += line
        assert f"peer: {B} (laptop)\n" in seen
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()
        canned.stop()
    for words in (["--watch", "0"], ["--watch", "x"], ["t0", "--watch", "1", "2"]):
        assert bench.wg("show", *words, code=1).startswith("Usage: wg show ")


def meets_a_full_disk(bench):
    """Output that cannot be written is a failure."""
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([bench.program, "genkey"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1 and "No space left" in done.stderr


def warns_of_open_key_files(bench):
    """A key file that everybody may read draws a warning, and works."""
    bench.write("key", A + "\n")
    os.chmod(os.path.join(bench.directory, "key"), 0o644)
    bench.daemon.reset("")
    done = subprocess.run([bench.program, "set", twin.DEVICE, "private-key", "key"], cwd=bench.directory, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0 and "world accessible" in done.stderr


TESTS = [calculates, speaks_json, speaks_json_of_all, finds_peers_by_name, adds_and_takes_addresses,
         syncs_one_of_ten_thousand, keeps_the_port, reports_every_error, names_no_secret, watches, meets_a_full_disk,
         warns_of_open_key_files]
