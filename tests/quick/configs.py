"""The configurations that stock wg-quick and ours are compared by: name, files, what differs and why."""

A, B, C = ("QFRpBgpZ1oGJmJ0OzZvbqD6vZqvIDmVSpvsWgqfTNmQ=", "gGhg3x9QhB7hXoSKzN0iSvJpfUxA4wV3Fs4v0Yg2eFw=",
           "iHQkzjXw8tWJ4bJ1v0uWZcPZ7g6pFYk1KZr7i1m0wlI=")
PEER_1, PEER_2, PEER_3 = ("xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=",
                          "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=",
                          "gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA=")
PSK = "FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE="


def interface(*more, key=A, port=51820):
    return "\n".join(["[Interface]", f"PrivateKey = {key}", f"ListenPort = {port}", *more, ""])


def peer(key, ips, *more):
    return "\n".join(["", "[Peer]", f"PublicKey = {key}", f"AllowedIPs = {ips}", *more, ""])


HUB = interface("Address = 10.77.0.1/24, fd77::1/64") + peer(PEER_1, "10.77.0.2/32, fd77::2/128") + \
    peer(PEER_2, "10.77.0.3/32, fd77::3/128")
CLIENT = "Endpoint = 203.0.113.50:51820", "PersistentKeepalive = 25"


def full(ips="0.0.0.0/0, ::/0", *more):
    return interface("Address = 10.77.0.2/24, fd77::2/64", *more) + peer(PEER_1, ips, *CLIENT)


def split(*more):
    return interface("Address = 10.77.0.2/24", *more) + peer(PEER_1, "10.77.0.0/24, 10.99.0.0/16", *CLIENT)


# name: (text of wg0.conf, what is special about it), the latter being
#   before            commands run in the world first
#   file_after_down   `down` writes the file, too
#   stock_loses       what lines of the file the stock tool's save loses or spoils
#   status, stock     exit status of ours, and of the stock tool where it is another
CONFIGS = {
    "hub": (HUB, {}),
    "hub without a subnet": (HUB.replace("/24", "/32").replace("/64", "/128"), {}),
    "client, split": (split(), {}),
    "client, no ListenPort": (split().replace("ListenPort = 51820\n", ""), {}),
    "full tunnel": (full(), {}),
    "full tunnel, IPv4 only": (full("0.0.0.0/0"), {}),
    "full tunnel, IPv6 only": (full("::/0"), {}),
    "full tunnel, FwMark": (full("0.0.0.0/0, ::/0", "FwMark = 0x1234"), {}),
    "full tunnel, Table = auto": (full("0.0.0.0/0, ::/0", "Table = auto"), {}),
    "full tunnel, Table = off": (full("0.0.0.0/0, ::/0", "Table = off"), {}),
    "full tunnel, Table = 1234": (full("0.0.0.0/0, ::/0, 10.1.0.0/16", "Table = 1234"), {}),
    "full tunnel, its table in use": (full(), {
        "before": ["ip route add 10.250.0.0/16 dev eth0 table 51820"]}),
    "full tunnel, DNS": (full("0.0.0.0/0, ::/0", "DNS = 10.77.0.1, fd77::1"), {}),
    "full tunnel by halves": (full("0.0.0.0/1, 128.0.0.0/1, ::/1, 8000::/1"), {}),
    "full tunnel and more": (full("0.0.0.0/0, ::/0, 10.5.0.0/16, 10.77.0.128/25, fd99::/48"), {}),
    "full tunnel to a hub by IPv6": (full().replace("203.0.113.50:", "[2001:db8:9::50]:"), {}),
    "FwMark without a default route": (split("FwMark = 51821"), {}),
    "Table by name": (split("Table = default"), {}),
    "Table = off": (split("Table = off"), {}),
    "MTU": (split("MTU = 1380"), {}),
    "MTU of a narrow way": (split(), {"before": ["ip link set eth0 mtu 1420"]}),
    "MTU of a narrow route": (split(), {
        "before": ["ip route add 203.0.113.0/24 via 198.51.100.1 mtu 1350"]}),
    "MTU without endpoints": (HUB, {"before": ["ip link set eth0 mtu 1400"]}),
    "MTU without a way": (split(), {"before": ["ip route del default"]}),
    "endpoint by name": (split().replace("203.0.113.50", "hub.example"), {}),
    "DNS": (split("DNS = 10.77.0.1"), {}),
    "DNS and search domains": (split("DNS = 10.77.0.1, corp.example, lab.example"), {}),
    "search domains alone": (split("DNS = corp.example"), {}),
    "DNS, several lines": (split("DNS = 10.77.0.1", "DNS=fd77::1 , corp.example"), {}),
    "many addresses": (split("Address = 10.78.0.1/32, 10.79.0.1/30", "Address = fd78::1/128, fd79::1/126"), {}),
    "addresses by spaces": (split("Address = 10.78.0.1/32 10.79.0.1/30"), {}),
    "no address": (split().replace("Address = 10.77.0.2/24\n", ""), {}),
    "no mask": (split("Address = 10.78.0.9", "Address = fd78::9"), {}),
    "site to site": (interface("Address = 10.77.0.1/30") + peer(
        PEER_1, "10.77.0.2/32, 192.168.2.0/24, 192.168.3.0/24, fd02::/48", *CLIENT), {}),
    "routes covered by others": (split().replace("10.77.0.0/24", "10.77.0.128/25, 10.77.0.7/32, 10.76.0.0/15"), {}),
    "equal lengths": (split().replace("10.77.0.0/24", "10.3.0.0/16, 10.20.0.0/16, 10.100.0.0/16, fd03::/16"), {}),
    "host bits": (split().replace("10.99.0.0/16", "10.98.7.6/16"), {}),
    "no allowed IPs": (interface("Address = 10.77.0.2/24") + f"\n[Peer]\nPublicKey = {PEER_1}\n", {}),
    "no peers": (interface("Address = 10.77.0.2/24"), {}),
    "preshared key": (split() + f"PresharedKey = {PSK}\n", {}),
    "comments and spacing": (
        f"# a comment\n\n  [interface]  # own\nprivatekey={A} # secret\nLISTENPORT   =   51820\n"
        f"\taddress\t=\t10.77.0.2/24\t# mine\n#Address = 10.1.1.1/8\nmtu=1400\n\n[PEER]\n# the hub\n"
        f"publickey ={PEER_1}\nallowedips= 10.0.0.0/8,   10.77.0.0/24 # all\nendpoint=203.0.113.50:51820#x\n", {}),
    "CRLF": (split("MTU = 1400").replace("\n", "\r\n"), {}),
    "no newline at the end": (split().rstrip("\n"), {}),
    "hooks": (split(
        "PreUp = echo pre-up %i", "PostUp = echo post-up %i; ip -o link show %i | wc -l",
        "PostUp = ip route add 10.200.0.0/16 dev %i", "PreDown = echo pre-down %i",
        "PostDown = echo post-down %i; ! ip link show %i 2>/dev/null"), {}),
    "hooks of bash": (split(
        "PostUp = [[ %i == wg+([0-9]) ]] && for i in 1 2; do echo $i; done",
        "PostUp = cat <(echo process substitution)"), {"stock_loses": r"postup="}),
    "hooks with iptables": (split(
        "PostUp = iptables -A FORWARD -i %i -j ACCEPT; iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE",
        "PostDown = iptables -D FORWARD -i %i -j ACCEPT; iptables -t nat -D POSTROUTING -o eth0 -j MASQUERADE"),
        {}),
    "key set by a hook": (
        f"[Interface]\nListenPort = 51820\nAddress = 10.77.0.2/24\n"
        f"PostUp = wg set %i private-key <(echo {A})\n" + peer(PEER_1, "10.77.0.0/24", *CLIENT), {}),
    "SaveConfig": (split("SaveConfig = true"), {"file_after_down": True}),
    "SaveConfig = false": (split("SaveConfig = false"), {"file_after_down": True, "stock_loses": "saveconfig="}),
}

# What must fail, at what cost to the system (none), with which exit status.
BAD_CONFIGS = {
    "unknown key": (split("Frob = 1"), {}),
    "unknown key of a peer": (split() + "Frob = 1\n", {}),
    "bad key": (split().replace(A, "short"), {}),
    "bad allowed IP": (split().replace("10.99.0.0/16", "10.99.0.0/33"), {}),
    "peer without key": (split() + "\n[Peer]\nAllowedIPs = 10.1.0.0/16\n", {}),
    "no section": ("PrivateKey = " + A + "\n", {}),
    "bad address": (split("Address = 10.77.0.300"), {}),
    "address twice": (split("Address = 10.77.0.2/24"), {"status": 2}),
    "SaveConfig = maybe": (split("SaveConfig = maybe"), {}),
    "PostUp fails": (full("0.0.0.0/0, ::/0", "PostUp = exit 7", "DNS = 10.77.0.1"), {"status": 7}),
    "PostUp fails in the middle": (split("PostUp = false; true"), {}),
    "PostUp fails in a pipe": (split("PostUp = false | true"), {}),
    # The stock tool of 2021 runs it before the interface is there, and loses its status.
    "PreUp fails": (full("0.0.0.0/0, ::/0", "PreUp = exit 9"), {"status": 9, "stock": 1}),
    "no such command": (split("PostUp = no-such-command-here"), {"status": 127}),
    "a route that is there": (full("0.0.0.0/0", "FwMark = 777"), {
        "before": ["ip route add default dev eth0 table 777"], "status": 2}),
    "MTU too small": (split("MTU = 5"), {"status": 2}),
}
