"""The configuration files: name and content. Each is set, added and synced onto two devices."""

from cases import A, B, C, Case, NOT_CANONICAL, SETUPS, hex_of

D = "BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ="


def peer(*lines, key=A):
    return "\n".join(["[Peer]", f"PublicKey = {key}", *lines]) + "\n"


def interface(*lines):
    return "\n".join(["[Interface]", *lines]) + "\n"


HUB = interface(f"PrivateKey = {B}", "ListenPort = 51820") + "".join(
    "\n" + peer(f"AllowedIPs = 10.8.0.{n}/32, fd08::{n}/128", key=key) for n, key in enumerate((A, C, D), 2))
FULL_TUNNEL = interface(f"PrivateKey = {B}") + "\n" + peer(
    "AllowedIPs = 0.0.0.0/0, ::/0", "Endpoint = 192.0.2.1:51820", "PersistentKeepalive = 25")
SITE = interface(f"PrivateKey = {B}", "ListenPort = 51820") + "\n" + peer(
    "AllowedIPs = 10.10.9.0/31, 10.192.122.4/32, 192.168.0.0/16", f"PresharedKey = {C}", "Endpoint = 198.51.100.1:41414")

FILES = {
    # The documentation's forms.
    "hub": HUB, "full tunnel": FULL_TUNNEL, "site to site": SITE,
    "hub of 200": interface(f"PrivateKey = {B}") + "".join(
        peer(f"AllowedIPs = 10.{n // 250}.{n % 250}.1/32", key=f"{n:04d}" + A[4:]) for n in range(200)),
    "many addresses": interface() + peer(*(f"AllowedIPs = 10.{n}.0.0/16, fd00:{n:x}::/32" for n in range(250))),
    "one line of many addresses": interface() + peer("AllowedIPs = " + ", ".join(f"10.1.{n}.0/24" for n in range(256))),
    "IPv6": interface("ListenPort = 6") + peer("AllowedIPs = 2001:db8::/32, ::1", "Endpoint = [2001:db8::1]:51820"),
    "IPv6 endpoint without brackets": interface() + peer("Endpoint = 2001:db8::1:51820"),
    "endpoint by name": interface() + peer("Endpoint = localhost:51820"),
    "endpoint by name of service": interface() + peer("Endpoint = 127.0.0.1:domain"),
    "port by name of service": interface("ListenPort = domain"),
    "mark": interface("FwMark = 0xca6c"), "mark in decimal": interface("FwMark = 51820"), "mark off": interface("FwMark = off"),
    "mark Off": interface("FwMark = Off"), "largest mark": interface("FwMark = 0xffffffff"),
    "keepalive off": interface() + peer("PersistentKeepalive = off"), "keepalive 0": interface() + peer("PersistentKeepalive = 0"),
    "largest keepalive": interface() + peer("PersistentKeepalive = 65535"),
    "no addresses": interface() + peer(), "peers only": peer("AllowedIPs = 10.0.0.0/8"), "peers first": peer() + interface("FwMark = 7"),
    "all-zero private key": interface("PrivateKey = " + 43 * "A" + "="),
    "preshared key": interface() + peer(f"PresharedKey = {D}"), "own key as a peer": interface(f"PrivateKey = {B}") + peer(key="zo060wFDb3L2sIj9CgAP1XpnCqCzOKwBCVXJOnAsbFU="),
    "port only": interface("ListenPort = 4242"), "port 0": interface("ListenPort = 0"), "largest port": interface("ListenPort = 65535"),
    # Odd, but good.
    "empty": "", "blank lines": "\n\n  \n\t\n", "only a comment": "# nothing here\n", "only a header": "[Interface]\n", "no last newline": "[Interface]\nFwMark = 5",
    "comments everywhere": "# a\n[Interface] # b\n# c\nFwMark = 9 # d\n #e\n[Peer]#f\n# g\n" + f"PublicKey = {A}#h\nAllowedIPs = 10.0.0.0/8 # , 10.0.0.1\n",
    "comment in the middle of a value": "[Interface]\nFwMark = 1#2\n", "hash inside a key": f"[Peer]\nPublicKey = {A}#{B}\n",
    "no spaces": f"[Interface]\nFwMark=5\n[Peer]\nPublicKey={A}\nAllowedIPs=1.1.1.1,2.2.2.2\n",
    "tabs": f"[Interface]\n\tFwMark\t=\t5\n[Peer]\n\tPublicKey\t=\t{A}\n", "form feeds": "[Interface]\n\fFwMark\v=\f5\n",
    "spaces in names": "[ Inter face ]\nFw Mark = 5\n", "spaces in values": f"[Interface]\nFwMark = 0x c a 6 c\n[Peer]\nPublicKey = {A[:20]} {A[20:]}\n",
    "spaces in addresses": interface() + peer("AllowedIPs = 1 0.0.0.0 / 8 , 1.1.1.1"),
    "lower case": f"[interface]\nfwmark=5\n[peer]\npublickey={A}\nallowedips=1.1.1.1\n", "upper case": f"[INTERFACE]\nFWMARK=5\n[PEER]\nPUBLICKEY={A}\nALLOWEDIPS=1.1.1.1\n",
    "CRLF": HUB.replace("\n", "\r\n"), "CRLF without the last": "[Interface]\r\nFwMark = 5", "CR only inside": "[Interface]\nFwMark = 5\r\r\n",
    "two interfaces": interface("FwMark = 1") + interface("FwMark = 2"), "interface again behind peers": interface("FwMark = 1") + peer() + interface("ListenPort = 2"),
    "mark twice": interface("FwMark = 1", "FwMark = 2"), "public key twice": f"[Peer]\nPublicKey = {A}\nPublicKey = {B}\n",
    "peer twice": interface() + peer("AllowedIPs = 1.1.1.1") + peer("AllowedIPs = 2.2.2.2"),
    "peer twice, then bare": interface() + peer("AllowedIPs = 1.1.1.1", "PersistentKeepalive = 5") + peer(),
    "address of two peers": interface() + peer("AllowedIPs = 1.1.1.1") + peer("AllowedIPs = 1.1.1.1", key=C),
    "address of two peers, back": interface() + peer("AllowedIPs = 10.0.0.1", key=C) + peer("AllowedIPs = 10.0.0.1"),
    "addresses in several lines": interface() + peer("AllowedIPs = 1.1.1.1", "AllowedIPs = 2.2.2.2,3.3.3.3"),
    "address twice": interface() + peer("AllowedIPs = 1.1.1.1, 1.1.1.1"), "host bits": interface() + peer("AllowedIPs = 10.1.2.3/8, fd00::1/8"),
    "prefix with a leading zero": interface() + peer("AllowedIPs = 10.0.0.0/08"), "prefix 0 of an address": interface() + peer("AllowedIPs = 1.2.3.4/0"),
    "IPv4 in IPv6": interface() + peer("AllowedIPs = ::ffff:1.2.3.4/128"), "short host": interface() + peer("Endpoint = 127.1:5"),
    "bracketed IPv4": interface() + peer("Endpoint = [1.2.3.4]:5"), "endpoint twice": interface() + peer("Endpoint = 1.1.1.1:1", "Endpoint = 2.2.2.2:2"),
    "endpoint by name, then by number": interface() + peer("Endpoint = localhost:1", "Endpoint = 2.2.2.2:2"),
    "a very long comment": "#" + 100000 * "x" + "\n[Interface]\nFwMark = 5\n", "names of peers": f"[Peer]\n# laptop\n#: Name = laptop\n# friendly_name = laptop\nPublicKey = {A}\n",
    "mark in octal is decimal": interface("FwMark = 010"), "the same as is": None,
    # Bad ones of every kind.
    "pair before any section": "FwMark = 5\n", "word before any section": "foo\n", "unknown section": "[Foo]\nFwMark = 5\n", "unclosed section": "[Interface\nFwMark = 5\n",
    "text behind a section": "[Interface]x\n", "empty section": "[]\n", "unknown key": interface("Foo = 5"), "mistyped key": interface("FwMrk = 5"),
    "key of the other section": interface("Endpoint = 1.2.3.4:5"), "key of the other section too": peer("FwMark = 5"), "word in a section": interface("FwMark"),
    "key without value": interface("FwMark ="), "key with only a comment": interface("FwMark = # 5"), "value without key": interface("= 5"), "equals twice": interface("FwMark == 5"),
    "key of wg-quick": interface("Address = 10.0.0.1/24"), "hook of wg-quick": interface("PostUp = iptables -A FORWARD -i %i -j ACCEPT"), "DNS of wg-quick": interface("DNS = 1.1.1.1", "MTU = 1420"),
    "bad mark": interface("FwMark = x"), "mark too large": interface("FwMark = 4294967296"), "negative mark": interface("FwMark = -1"), "bad port": interface("ListenPort = x"),
    "negative port": interface("ListenPort = -1"), "short private key": interface("PrivateKey = abc"), "long private key": interface(f"PrivateKey = {A}A"),
    "private key not canonical": interface(f"PrivateKey = {NOT_CANONICAL}"), "bad public key": "[Peer]\nPublicKey = x\n", "public key not base64": f"[Peer]\nPublicKey = *{A[1:]}\n",
    "bad preshared key": peer("PresharedKey = x"), "peer without key": "[Peer]\nAllowedIPs = 10.0.0.0/8\n", "bare peer": "[Peer]\n", "second peer without key": peer() + "[Peer]\n" + peer(key=B),
    "bad address": peer("AllowedIPs = 10.0.0"), "address by name": peer("AllowedIPs = localhost"), "prefix too long": peer("AllowedIPs = 10.0.0.0/33"), "IPv6 prefix too long": peer("AllowedIPs = ::/129"),
    "no prefix behind the slash": peer("AllowedIPs = 10.0.0.0/"), "prefix is a word": peer("AllowedIPs = 10.0.0.0/x"), "signed prefix": peer("AllowedIPs = 10.0.0.0/+8"), "comma at the end": peer("AllowedIPs = 10.0.0.0/8,"),
    "comma at the start": peer("AllowedIPs = ,10.0.0.0/8"), "two commas": peer("AllowedIPs = 1.1.1.1,,2.2.2.2"), "semicolon": peer("AllowedIPs = 1.1.1.1;2.2.2.2"), "added address": peer("AllowedIPs = +1.1.1.1"),
    "no addresses behind the key": peer("AllowedIPs ="), "endpoint without port": peer("Endpoint = 1.2.3.4"), "endpoint with empty port": peer("Endpoint = 1.2.3.4:"), "endpoint without bracket": peer("Endpoint = [::1:5"),
    "endpoint without colon": peer("Endpoint = [::1]5"), "endpoint without host": peer("Endpoint = :5"), "endpoint of an unknown service": peer("Endpoint = 1.2.3.4:no-such-service"),
    "keepalive too large": peer("PersistentKeepalive = 65536"), "keepalive is a word": peer("PersistentKeepalive = often"), "keepalive negative": peer("PersistentKeepalive = -1"), "keepalive with unit": peer("PersistentKeepalive = 25s"),
    "byte order mark": "\ufeff[Interface]\nFwMark = 5\n", "UTF-16": "[Interface]\n".encode("utf-16"), "latin-1 word": b"[Interface]\n\xe4 = 5\n",
    "error behind good lines": interface("FwMark = 5", "ListenPort = 7") + peer("AllowedIPs = 1.1.1.1", "Foo = 1"), "two errors": interface("Foo = 1", "FwMark = x"),
    # What ours refuses and stock takes, see differences.py.
    "port too large": interface("ListenPort = 70000"), "endpoint port too large": peer("Endpoint = 1.2.3.4:70000"),
    "zero byte": b"[Interface]\nFwMark = 5\0 = 7\n", "file of zero bytes": bytes(4096),
}
# What `two` is set to: a sync of it changes nothing.
FILES["the same as is"] = interface(f"PrivateKey = {A}", "ListenPort = 5555", "FwMark = 51820") + peer(
    "PresharedKey = CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=", "Endpoint = 1.2.3.4:5", "PersistentKeepalive = 25",
    "AllowedIPs = 10.0.0.1/32, fd00::/8") + peer("Endpoint = [2001:db8::9]:51820", "AllowedIPs = 0.0.0.0/0, ::/0", key=B)


# A sync takes away what the file does not mention. Stock wg leaves preshared keys and keepalives, as
# versions before 2025 did, and rolls the port: on these setups there are none to leave or to roll.
PLAIN = (f"private_key={hex_of(1)}\nfwmark=51820\n"
         f"public_key={hex_of(1)}\nendpoint=1.2.3.4:5\nreplace_allowed_ips=true\nallowed_ip=10.0.0.1/32\n"
         f"public_key={hex_of(2)}\nendpoint=[2001:db8::9]:51820\nreplace_allowed_ips=true\nallowed_ip=0.0.0.0/0\n")


def config_cases():
    for name, content in FILES.items():
        for verb, setup in (("setconf", SETUPS["two"]), ("addconf", SETUPS["two"]), ("syncconf", PLAIN)):
            yield Case(f"{verb} of {name}", [f"wg {verb} t0 file", "wg showconf t0"], setup, files={"file": content})
    for name in ("peers only", "port only", "preshared key", "the same as is", "empty"):
        yield Case(f"syncconf on a full device of {name}", ["wg syncconf t0 file", "wg showconf t0"], SETUPS["two"],
                   files={"file": FILES[name]})
