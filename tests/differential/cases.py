"""The command lines: one line a case. What is in the configuration files stands in configs.py."""

import shlex

A = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
B = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="
C = "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM="
NOT_CANONICAL = A[:-2] + "F="


def hex_of(byte):
    return f"{byte:02x}" * 32


class Case:
    def __init__(self, name, commands, setup="", files=None, stdin=b"", environment=None, replies=None, is_nobody=False):
        self.name, self.setup, self.stdin, self.is_nobody = name, setup, stdin, is_nobody
        self.commands = [shlex.split(command)[1:] for command in commands]
        self.files, self.environment, self.replies = files or {}, environment or {}, replies or {}


ONE = (f"private_key={hex_of(1)}\nlisten_port=5555\nfwmark=51820\n"
       f"public_key={hex_of(1)}\npreshared_key={hex_of(9)}\nendpoint=1.2.3.4:5\n"
       "persistent_keepalive_interval=25\nreplace_allowed_ips=true\nallowed_ip=10.0.0.1/32\nallowed_ip=fd00::/8\n")
TWO = ONE + (f"public_key={hex_of(2)}\nendpoint=[2001:db8::9]:51820\nreplace_allowed_ips=true\n"
             "allowed_ip=0.0.0.0/0\nallowed_ip=::/0\n")
BARE = f"public_key={hex_of(3)}\n"
SETUPS = {"nothing": "", "one": ONE, "two": TWO, "bare": BARE, "key": f"private_key={hex_of(1)}\n"}

FIELDS = ("public-key", "private-key", "listen-port", "fwmark", "peers", "preshared-keys", "endpoints",
          "allowed-ips", "latest-handshakes", "transfer", "persistent-keepalive", "dump")

KEY_FILES = {
    "key": A + "\n", "key-bare": A, "key-spaces": A + " \t\r\n\n", "key-empty": "", "key-newline": "\n",
    "key-short": A[:-1], "key-word": "abc\n", "key-trailing": A + "x\n", "key-two": A + "\n" + B + "\n",
    "key-leading": " " + A, "key-not-canonical": NOT_CANONICAL, "key-bad": "!" + A[1:], "key-zero": 43 * "A" + "=",
}

# What follows `wg set t0`, on the device with one peer; ours and stock do the same.
SET = [
    "listen-port 0", "listen-port 1", "listen-port 51821", "listen-port 65535", "listen-port domain",
    "listen-port +77", "listen-port -1", "listen-port x", "listen-port ''", "listen-port 0x50", "listen-port",
    "listen-port 1 listen-port 2", "LISTEN-PORT 1",
    "fwmark 0", "fwmark off", "fwmark OFF", "fwmark 1", "fwmark 0xca6c", "fwmark 0XCA6C", "fwmark 4294967295",
    "fwmark 4294967296", "fwmark 0xffffffff", "fwmark 0x100000000", "fwmark 0x", "fwmark -1", "fwmark ''",
    "fwmark ca6c", "fwmark 010", "fwmark",
    "listen-port 7 fwmark 8", "fwmark 8 listen-port x", "foo", "foo bar", "remove", "allowed-ips 1.1.1.1",
    "endpoint 1.1.1.1:1", "persistent-keepalive 1", "preshared-key key",
    f"peer {A}", f"peer {B}", f"peer {B} peer {C}", "peer", "peer x", f"peer {A}x", f"peer {A[:-1]}",
    f"peer {NOT_CANONICAL}", f"peer {A} foo", f"peer {A} listen-port 1", f"peer {A} fwmark 1",
    f"peer {A} remove", f"peer {B} remove", f"peer {A} remove endpoint 1.1.1.1:1", f"peer {A} remove peer {B}",
    f"peer {A} remove peer {A} endpoint 2.2.2.2:2", f"peer {A} remove remove",
    f"peer {A} endpoint 2.2.2.2:22", f"peer {A} endpoint [fd00::2]:22", f"peer {A} endpoint fd00::2:22",
    f"peer {A} endpoint [1.2.3.4]:5", f"peer {A} endpoint localhost:5", f"peer {A} endpoint localhost:domain",
    f"peer {A} endpoint localhost:http", f"peer {A} endpoint localhost:no-such-service", f"peer {A} endpoint 1:5",
    f"peer {A} endpoint 127.1:5", f"peer {A} endpoint 1.2.3.4:+5", f"peer {A} endpoint ''", f"peer {A} endpoint foo",
    f"peer {A} endpoint foo:", f"peer {A} endpoint :5", f"peer {A} endpoint [::1", f"peer {A} endpoint [::1]",
    f"peer {A} endpoint [::1]5", f"peer {A} endpoint [::1]:", f"peer {A} endpoint []:5",
    f"peer {A} endpoint ' 1.2.3.4:5'", f"peer {A} endpoint [::1]:0", f"peer {A} endpoint",
    f"peer {A} persistent-keepalive 0", f"peer {A} persistent-keepalive off", f"peer {A} persistent-keepalive OfF",
    f"peer {A} persistent-keepalive 1", f"peer {A} persistent-keepalive 65535",
    f"peer {A} persistent-keepalive 65536", f"peer {A} persistent-keepalive -1",
    f"peer {A} persistent-keepalive ''", f"peer {A} persistent-keepalive 25s", f"peer {A} persistent-keepalive",
    f"peer {A} allowed-ips ''", f"peer {A} allowed-ips 10.9.0.0/16", f"peer {A} allowed-ips 10.9.8.7/16",
    f"peer {A} allowed-ips 10.9.8.7", f"peer {A} allowed-ips fd01::1", f"peer {A} allowed-ips 0.0.0.0/0,::/0",
    f"peer {A} allowed-ips '1.1.1.1, 2.2.2.2 /31 '", f"peer {A} allowed-ips 1.1.1.1,", f"peer {A} allowed-ips ,",
    f"peer {A} allowed-ips 1.1.1.1,,2.2.2.2", f"peer {A} allowed-ips 1.1.1.1/33", f"peer {A} allowed-ips 1.1.1.1/",
    f"peer {A} allowed-ips ::1/129", f"peer {A} allowed-ips 1.1.1.1/x", f"peer {A} allowed-ips 1.1.1.1/08",
    f"peer {A} allowed-ips 1.1.1", f"peer {A} allowed-ips 1.1.1.256", f"peer {A} allowed-ips localhost",
    f"peer {A} allowed-ips ::g", f"peer {A} allowed-ips FD00::ABCD/128", f"peer {A} allowed-ips ::ffff:1.2.3.4",
    f"peer {A} allowed-ips 1.1.1.1 allowed-ips 2.2.2.2", f"peer {A} allowed-ips 10.0.0.1/32,10.0.0.1/32",
    f"peer {B} allowed-ips 10.0.0.1/32", f"peer {A} allowed-ips 3.3.3.3 peer {B} allowed-ips 3.3.3.3",
    f"peer {A} allowed-ips 3.3.3.3 peer {A} allowed-ips 4.4.4.4", f"peer {A} allowed-ips",
    f"peer {C} endpoint 9.9.9.9:9 persistent-keepalive 9 allowed-ips 9.9.9.9/32 preshared-key key",
    *(f"private-key {name}" for name in KEY_FILES), *(f"peer {A} preshared-key {name}" for name in KEY_FILES),
    "private-key /dev/null", "private-key absent", "private-key .", "private-key", f"peer {A} preshared-key /dev/null",
    f"peer {A} preshared-key absent", "private-key key listen-port 9 fwmark 9",
]

# Whole command lines, with the setup on which they run.
LINES = [
    ("nothing", "wg"), ("nothing", "wg show"), ("two", "wg"), ("two", "wg show"), ("two", "wg show all"),
    ("two", "wg show t0"), ("one", "wg show t0"), ("bare", "wg show t0"), ("key", "wg show t0"),
    ("nothing", "wg show t0"), ("two", "wg show interfaces"), ("two", "wg show interfaces dump"),
    ("two", "wg show t0 foo"), ("two", "wg show all foo"), ("two", "wg show t0 DUMP"), ("two", "wg show t0 dump x"),
    ("two", "wg show absent"), ("two", "wg show absent dump"), ("two", "wg show absent foo"), ("two", "wg show -h"),
    ("two", "wg show --help"), ("two", "wg show help"), ("two", "wg show -h dump"), ("two", "wg show t0 -h"),
    ("two", "wg showconf t0"), ("one", "wg showconf t0"), ("bare", "wg showconf t0"), ("nothing", "wg showconf t0"),
    ("key", "wg showconf t0"), ("two", "wg showconf"), ("two", "wg showconf t0 x"), ("two", "wg showconf absent"),
    ("two", "wg showconf --help"), ("two", "wg showconf all"),
    ("two", "wg set"), ("two", "wg set t0"), ("two", "wg set absent fwmark 1"), ("two", "wg set absent fwmark x"),
    ("two", "wg set --help"), ("two", "wg setconf"), ("two", "wg setconf t0"), ("two", "wg setconf t0 absent"),
    ("two", "wg setconf t0 good x"), ("two", "wg setconf absent good"), ("two", "wg setconf absent absent"),
    ("two", "wg addconf"), ("two", "wg addconf t0"), ("two", "wg addconf absent good"), ("two", "wg addconf t0 good"),
    ("two", "wg syncconf"), ("two", "wg syncconf t0"), ("two", "wg syncconf absent good"), ("two", "wg syncconf t0 good"),
    ("two", "wg setconf t0 good"), ("two", "wg setconf t0 /dev/null"), ("two", "wg setconf t0 ."), ("two", "wg addconf t0 /dev/null"),
    ("nothing", "wg genkey x"), ("nothing", "wg genpsk x"), ("nothing", "wg pubkey x"), ("nothing", "wg genkey --help"),
    ("nothing", "wg frobnicate"), ("nothing", "wg SHOW"), ("nothing", "wg ''"), ("nothing", "wg -v x"),
    ("nothing", "wg --help x"), ("nothing", "wg show ''"),
]

STDIN = {
    "key": A + "\n", "bare": A, "empty": "", "short": "abc\n", "spaces": A + " \t\r\n\n", "zeros": A + "\0\0\n",
    "trailing": A + "x", "two keys": A + "\n" + B + "\n", "leading space": " " + A, "not canonical": NOT_CANONICAL,
    "not base64": "!" + A[1:], "all zero": 43 * "A" + "=", "all ones": 42 * "/" + "8=",
}

PEER = f"public_key={hex_of(1)}\n"
REPLIES = {
    "ages": "".join(f"public_key={hex_of(n)}\nlast_handshake_time_sec={{-{age}}}\nlast_handshake_time_nsec=0\n"
                    for n, age in enumerate((7, 3600, 0, 61, 86400, 31536000, 59, 100000000, 3723), 1)),
    "future": PEER + "last_handshake_time_sec={+1000}\nlast_handshake_time_nsec=0\n",
    "never": PEER + "last_handshake_time_sec=0\nlast_handshake_time_nsec=0\n",
    "same second": "".join(f"public_key={hex_of(n)}\nlast_handshake_time_sec=1000000000\n"
                           f"last_handshake_time_nsec={nsec}\n" for n, nsec in ((1, 5), (2, 9), (3, 5), (4, 1))),
    "order": "".join(f"public_key={hex_of(n)}\n" for n in (9, 3, 7, 1)),
    "sizes": "".join(f"public_key={hex_of(n)}\nrx_bytes={rx}\ntx_bytes={rx // 3}\n" for n, rx in enumerate(
        (0, 1, 1023, 1024, 1536, 1048575, 1048576, 10**9, 2**30, 2**40, 2**50, 2**64 - 1), 1)),
    "zero psk": PEER + f"preshared_key={hex_of(0)}\n",
    "keepalives": "".join(f"public_key={hex_of(n)}\npersistent_keepalive_interval={n}\n" for n in (0, 1, 60, 61)),
    "many addresses": PEER + "".join(f"allowed_ip=10.0.{n // 256}.{n % 256}/32\n" for n in range(600)),
    "addresses": PEER + "allowed_ip=0.0.0.0/0\nallowed_ip=::/0\nallowed_ip=fe80::/10\nallowed_ip=::ffff:1.2.3.4/128\n",
    "unknown keys": f"own_public_key={hex_of(1)}\njc=4\n" + PEER + "daita_enable=1\nrx_bytes=5\n",
    "endpoints": "".join(f"public_key={hex_of(n)}\nendpoint={text}\n" for n, text in enumerate(
        ("1.2.3.4:1", "[::1]:65535", "[fd00::1:2]:3", "[::ffff:1.2.3.4]:5"), 1)),
    "empty": "",
}
BAD_REPLIES = {
    "refused": "errno=1\n\n", "nothing at all": "", "cut short": PEER, "no end": "errno=0\n", "no equals": "foo\nerrno=0\n\n",
    "bad number": "listen_port=x\nerrno=0\n\n", "bad key": "private_key=xx\nerrno=0\n\n",
    "bad address": PEER + "allowed_ip=x/8\nerrno=0\n\n", "no errno": "listen_port=5\n\n",
}
KEYS = {"WG_HIDE_KEYS": "never"}
COLOUR = {"WG_COLOR_MODE": "always"}


def show_cases():
    for setup in ("one", "two", "bare", "nothing"):
        for field in FIELDS:
            yield Case(f"show {field} of {setup}", [f"wg show t0 {field}", f"wg show all {field}"], SETUPS[setup])
    for name, variables in {"keys": KEYS, "colour": COLOUR, "keys and colour": KEYS | COLOUR,
                            "keys always hidden": {"WG_HIDE_KEYS": "always"}, "never coloured": {"WG_COLOR_MODE": "never"},
                            "bad colour mode": {"WG_COLOR_MODE": "x"}}.items():
        yield Case(f"show with {name}", ["wg show t0", "wg", "wg show t0 private-key"], TWO, environment=variables)
    for name, reply in REPLIES.items():
        text = f"private_key={hex_of(1)}\nlisten_port=1\n" + reply + "errno=0\n\n"
        for command in ("wg show c0", "wg show c0 dump", "wg show c0 endpoints", "wg showconf c0"):
            yield Case(f"{command}: {name}", [command], replies={"c0": text})
        yield Case(f"coloured show: {name}", ["wg show c0"], replies={"c0": text}, environment=COLOUR)
    for name, reply in BAD_REPLIES.items():
        yield Case(f"show of a bad daemon: {name}", ["wg show c0", "wg show c0 dump", "wg showconf c0"], replies={"c0": reply})
    for line in ("wg", "wg show", "wg show all", "wg show interfaces", *(f"wg show all {field}" for field in FIELDS)):
        if line != "wg show all endpoints":
            yield Case(f"{line} of two interfaces", [line], TWO, replies={"c0": PEER + "errno=0\n\n"}, environment=COLOUR)
    yield Case("show of all, one of them bad", ["wg show all dump"], TWO, replies={"c0": "errno=1\n\n"})


def set_cases():
    for words in SET:
        yield Case(f"set t0 {words}", [f"wg set t0 {words}"], ONE, files=KEY_FILES)
    for value in ("0", "1", "infinity", "", "x", "-1", "1.5"):
        yield Case(f"WG_ENDPOINT_RESOLUTION_RETRIES={value}",
                   [f"wg set t0 peer {A} endpoint localhost:1", f"wg set t0 peer {B} endpoint 1.2.3.4:5"], ONE,
                   environment={"WG_ENDPOINT_RESOLUTION_RETRIES": value})
    yield Case("a name that cannot be resolved for now", [f"wg set t0 peer {A} endpoint no.invalid:1"], ONE)
    yield Case("a name that cannot be resolved for now, tried again", [f"wg set t0 peer {A} endpoint no.invalid:1"], ONE,
               environment={"WG_ENDPOINT_RESOLUTION_RETRIES": "1"})
    yield Case("set of a private key from a pipe", ["wg set t0 private-key /dev/stdin"], ONE, stdin=A.encode())
    yield Case("set of a long interface name", ["wg set t0aaaaaaaaaaaaaaaaa fwmark 1"], ONE)


def line_cases():
    good = f"[Interface]\nPrivateKey = {B}\nListenPort = 999\n[Peer]\nPublicKey = {C}\nAllowedIPs = 10.3.0.0/16\n"
    for setup, line in LINES:
        yield Case(f"{line} on {setup}", [line], SETUPS[setup], files={"good": good})
    for name, text in STDIN.items():
        yield Case(f"pubkey of {name}", ["wg pubkey"], stdin=text.encode())


def nobody_cases():
    for line in ("wg show t0", "wg show", "wg", "wg show interfaces", "wg show all dump", "wg showconf t0", "wg set t0 fwmark 1",
                 "wg syncconf t0 /dev/null", "wg setconf t0 /dev/null", "wg show absent"):
        yield Case(f"{line} as nobody", [line], ONE, is_nobody=True)


def command_cases():
    yield from nobody_cases()
    yield from show_cases()
    yield from set_cases()
    yield from line_cases()
