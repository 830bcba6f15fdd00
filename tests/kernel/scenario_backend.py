"""Our wg's way to the kernel, generic netlink, beside that of Debian's wg: small cases and large ones."""

import cases
import configs
import twins
from cases import A, B, C, Case
from lab import need
from peer import OURS, THEIRS, shown

# What follows `wg set t0`; each value of each attribute, what adds, replaces and removes.
SET = [
    "listen-port 0", "listen-port 51821", "fwmark off", "fwmark 0xca6c", "fwmark 4294967295",
    "private-key key", "private-key key-empty", "private-key key-zero", "private-key key listen-port 9 fwmark 9",
    f"peer {B}", f"peer {A} remove", f"peer {B} remove", f"peer {A} remove peer {B}",
    f"peer {A} remove peer {A} endpoint 2.2.2.2:2", f"peer {A} endpoint 2.2.2.2:22",
    f"peer {A} endpoint [fd00::2]:22", f"peer {A} endpoint [fe80::1%lo]:22", f"peer {A} endpoint [::1]:0",
    f"peer {A} persistent-keepalive off", f"peer {A} persistent-keepalive 65535", f"peer {A} preshared-key key",
    f"peer {A} preshared-key key-empty", f"peer {A} allowed-ips ''", f"peer {A} allowed-ips 10.9.8.7/16",
    f"peer {A} allowed-ips 0.0.0.0/0,::/0", f"peer {A} allowed-ips fd01::1,1.1.1.1,2.2.2.2/31",
    f"peer {A} allowed-ips 10.0.0.1/32,10.0.0.1/32", f"peer {A} allowed-ips ::ffff:1.2.3.4",
    f"peer {B} allowed-ips 10.0.0.1/32", f"peer {A} allowed-ips 3.3.3.3 peer {B} allowed-ips 3.3.3.3",
    f"peer {A} allowed-ips 3.3.3.3 peer {A} allowed-ips 4.4.4.4",
    f"peer {C} endpoint 9.9.9.9:9 persistent-keepalive 9 allowed-ips 9.9.9.9/32 preshared-key key",
]
FILES = ("hub", "site to site", "IPv6", "hub of 200", "many addresses", "peer twice, then bare",
         "address of two peers, back", "own key as a peer", "empty")


def shows_alike(lab):
    """Every form of show and showconf."""
    one = [f"wg show t0 {field}" for field in cases.FIELDS] + ["wg", "wg show", "wg show t0", "wg showconf t0"]
    # Not the endpoints of all: there stock wg forgets the interface's name.
    every = [f"wg show all {field}" for field in cases.FIELDS if field != "endpoints"] + ["wg show interfaces"]
    twins.need_alike(lab, [
        *(Case(f"show forms of {name}", one, cases.SETUPS[name]) for name in ("nothing", "bare", "two")),
        Case("show forms of all", every, cases.TWO),
        Case("show with keys", ["wg show t0"], cases.TWO, environment=cases.KEYS),
        Case("show with colours", ["wg show t0"], cases.TWO, environment=cases.COLOUR)])


def sets_alike(lab):
    twins.need_alike(lab, [Case(f"set t0 {words}", [f"wg set t0 {words}"], cases.ONE, files=cases.KEY_FILES)
                           for words in SET])


def reads_files_alike(lab):
    named = [case for case in configs.config_cases() if case.name.split(" of ", 1)[1] in FILES]
    twins.need_alike(lab, named)


def says_alike_what_the_kernel_refuses(lab):
    """Interfaces that are not there, or of another kind."""
    words = ["show {}", "show {} dump", "showconf {}", "set {} fwmark 1", "setconf {} hub", "addconf {} hub",
             "syncconf {} hub", f"set {{}} peer {A} allowed-ips 10.0.0.0/8"]
    files = {"hub": configs.FILES["hub"]}
    twins.need_alike(lab, [Case(f"{word} of {name}", [f"wg {word.format(name)}"], files=files)
                           for name in ("absent", "lo") for word in words])


def reports_the_refusal_of_much(lab):
    """The kernel's answer to a refused message holds the message; stock wg has no room for it when it is long."""
    lab.guest.write("/tmp/much", "".join(configs.peer(*(f"AllowedIPs = 10.{n}.{m}.0/24" for m in range(256)),
                                                      key=key_of(n)) for n in range(8)))
    for verb in ("setconf", "addconf"):
        for name, reason in (("absent", "No such device"), ("lo", "Operation not supported")):
            done = lab.guest.run(OURS, verb, name, "/tmp/much", check=False)
            need(done.returncode == 1 and done.stderr == f"Unable to modify interface: {reason}\n", f"{verb} {name}: {done}")


def does_all_cases_alike(lab):
    """The whole differential suite, but for the daemons that are made to say odd things."""
    chosen = [case for case in [*cases.command_cases(), *configs.config_cases()] if not case.replies]
    twins.need_alike(lab, chosen)


# PEERS with one-in-all-different keys and IPS allowed IPs each, of both families, as a file.
MANY = """awk -v peers={peers} -v ips={ips} -v key=%s 'BEGIN {{
    print "[Interface]"
    for (n = 0; n < peers; n++) {{
        printf "[Peer]\\nPublicKey = %%05d%%s\\nAllowedIPs = fd00:%%x::/48", n, substr(key, 6), n
        for (i = 1; i < ips; i++)
            printf ", 10.%%d.%%d.%%d/32", n / 256, n %% 256, i
        print ""
    }}
}}'""" % A


def key_of(n):
    """The public key of peer n of MANY."""
    return f"{n:05d}{A[5:]}"


def need_same(guest, script, what):
    """A script that compares; it names what differs."""
    done = guest.sh(f"cd /tmp; {script}", check=False, timeout=120)
    need(done.returncode == 0, f"{what}: {(done.stdout + done.stderr).strip()[-500:]}")


def dumps_many_peers(lab):
    """2,000 peers with 20 allowed IPs each: an answer in many messages, a change in many messages."""
    guest = lab.guest
    guest.sh(f"{MANY.format(peers=2000, ips=20)} >/tmp/many; ip link add t0 type wireguard; ip link add t1 type wireguard")
    guest.sh(f"{THEIRS} setconf t0 /tmp/many", timeout=60)
    guest.sh(f"{OURS} setconf t1 /tmp/many", timeout=60)
    for form in ("show t0 dump", "showconf t0", "show t0"):
        need_same(guest, f"{OURS} {form} >ours; {THEIRS} {form} >theirs; [ -s ours ] && cmp ours theirs", form)
    need_same(guest, f"{THEIRS} show t0 dump >t0; {THEIRS} show t1 dump >t1; cmp t0 t1", "what setconf made")
    need(guest.sh("wc -l </tmp/t1").stdout.strip() == "2001", "some of the peers are missing")
    # Every other peer goes, in one command.
    removed = " ".join(f"peer {key_of(n)} remove" for n in range(0, 2000, 2))
    guest.sh(f"{OURS} set t1 {removed}; {THEIRS} set t0 {removed}", timeout=60)
    need_same(guest, f"{THEIRS} show t0 dump >t0; {THEIRS} show t1 dump >t1; cmp t0 t1", "what removal left")
    need(guest.sh("wc -l </tmp/t1").stdout.strip() == "1001", "another number of peers was removed")


def sets_many_allowed_ips(lab):
    """One peer with thousands of them: its own change in many messages."""
    guest = lab.guest
    guest.sh("ip link add t0 type wireguard; ip link add t1 type wireguard")
    ips = ",".join(f"10.{n // 256}.{n % 256}.0/24" if n % 2 else f"fd00:{n + 1:x}::/32" for n in range(2000))
    for program, interface in ((THEIRS, "t0"), (OURS, "t1")):
        guest.sh(f"{program} set {interface} peer {B} allowed-ips 192.0.2.0/24 peer {A} allowed-ips 198.51.100.0/24")
        guest.sh(f"{program} set {interface} peer {A} allowed-ips {ips} persistent-keepalive 7 peer {C} allowed-ips ''")
    for form in ("show t1 dump", "showconf t1", "show t1 allowed-ips"):
        need_same(guest, f"{OURS} {form} >ours; {THEIRS} {form} >theirs; [ -s ours ] && cmp ours theirs", form)
    need_same(guest, f"{THEIRS} show t0 dump >t0; {THEIRS} show t1 dump >t1; cmp t0 t1", "what set made")
    shown_ips = guest.sh(f"{OURS} show t1 allowed-ips | grep -F {A}").stdout.split()[1:]
    need(sorted(shown_ips) == sorted(ips.split(",")), f"{len(shown_ips)} of 2000 allowed IPs are there")
    guest.sh(f"{OURS} set t1 peer {A} allowed-ips 10.0.0.0/8; {MANY.format(peers=1, ips=1)} >one")
    need(guest.sh(f"{THEIRS} show t1 allowed-ips | grep -F {A}").stdout.split()[1:] == ["10.0.0.0/8"],
         "the allowed IPs were not replaced")


def syncs_the_least(lab):
    """2,000 peers, one of them changed in the file: the session of another does not notice."""
    left, right = lab.tunnel()
    guest = lab.guest
    guest.sh(f"cd /tmp; {MANY.format(peers=2000, ips=3)} | sed 1d >many; {OURS} addconf wg0 many", timeout=90)
    left.must_ping(right)
    guest.sh(f"cd /tmp; {OURS} showconf wg0 >as-is")
    before = shown(left, "latest-handshake")
    for change, lines in ((f"/{key_of(1000)}/a PersistentKeepalive = 21", 2),
                          (f"/{key_of(500)}/,/^AllowedIPs/s/fd00:/fd01:/", 2),
                          (f"/{key_of(1500)}/a PresharedKey = {B}", 2), ("", 0)):
        guest.sh(f"cd /tmp; sed '{change}' as-is >changed; {OURS} show wg0 dump | grep -vF {left.public} >before")
        with left.pinging(right):
            guest.sh(f"cd /tmp; {OURS} syncconf wg0 changed")
        guest.sh(f"cd /tmp; {OURS} showconf wg0 >as-is; {OURS} show wg0 dump | grep -vF {left.public} >after")
        differ = guest.sh("diff /tmp/before /tmp/after | grep -c '^[-+][^-+]'", check=False).stdout.strip()
        need(differ == str(lines), f"{change}: {differ} lines differ, not {lines}")
    guest.sh(f"cd /tmp; sed '/{key_of(7)}/s/00007/99999/' as-is >changed; {OURS} syncconf wg0 changed")
    peers = guest.sh(f"{OURS} show wg0 peers").stdout.split()
    need(key_of(7) not in peers and key_of(99999) in peers and len(peers) == 2001, "not one peer was replaced")
    left.must_ping(right)
    need(shown(left, "latest-handshake") == before, "the session was renewed")


def takes_single_allowed_ips_away(lab):
    """Kernels before 6.16 cannot; the others of the peer, and of other peers, stay."""
    lab.guest.sh("ip link add t0 type wireguard")

    def check(words, left):
        lab.guest.sh(f"{OURS} set t0 {words}")
        shown_ips = dict(line.split("\t") for line in lab.guest.sh(f"{THEIRS} show t0 allowed-ips").stdout.splitlines())
        got = {key: sorted(shown_ips.get(key, "").split()) for key in left}
        need(got == left, f"{words}: {got}, not {left}")

    check(f"peer {A} allowed-ips 10.0.0.0/8,10.1.0.0/16,fd00::/8 persistent-keepalive 9 peer {B} allowed-ips 10.2.0.0/16",
          {A: ["10.0.0.0/8", "10.1.0.0/16", "fd00::/8"], B: ["10.2.0.0/16"]})
    check(f"peer {A} allowed-ips +10.3.0.0/16", {A: ["10.0.0.0/8", "10.1.0.0/16", "10.3.0.0/16", "fd00::/8"]})
    check(f"peer {A} allowed-ips -10.1.0.0/16", {A: ["10.0.0.0/8", "10.3.0.0/16", "fd00::/8"], B: ["10.2.0.0/16"]})
    check(f"peer {A} allowed-ips -10.2.0.0/16,-fd00::/8,+10.4.0.0/16",
          {A: ["10.0.0.0/8", "10.3.0.0/16", "10.4.0.0/16"], B: ["10.2.0.0/16"]})
    check(f"peer {B} allowed-ips +10.4.0.0/16 peer {A} allowed-ips -10.3.0.0/16",
          {A: ["10.0.0.0/8"], B: ["10.2.0.0/16", "10.4.0.0/16"]})
    check(f"peer {B} allowed-ips -10.2.0.0/16,-10.4.0.0/16", {A: ["10.0.0.0/8"], B: ["(none)"]})
    need(shown_keepalive(lab.guest) == "9", "the keepalive has changed")


def shown_keepalive(guest):
    return guest.sh(f"{THEIRS} show t0 persistent-keepalive | grep -F {A}").stdout.split()[1]
