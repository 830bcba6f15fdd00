"""Tunnels whose inside and outside are in different namespaces, with root's rights and without."""

import re
import shutil

import guide
from lab import Skip, need, wait_until
from net import Internet

USER = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all")
FOLDER = "/srv"


class Plain:
    """A host as a plain user of it sees it: commands have no rights, and start in a folder of the user's."""

    def __init__(self, host):
        self.host, self.name = host, host.name

    def sh(self, script, **kwargs):
        return self.host.run(*USER, "bash", "-c", f"cd {FOLDER}\n{script}", **kwargs)

    def read(self, path):
        return self.host.read(path)


def world(net):
    """A server that lets its client out, and the client's host, with keys and a configuration for wg."""
    internet = Internet(net)
    server = internet.attach(net.host("server", far=True), "203.0.113.50/24", "2001:db8:113::50/64")
    client = internet.attach(net.host("client"), "198.51.100.20/24", "2001:db8:198::20/64")
    guide.make_keys(server, client)
    hosts = {"server": server, "client": client}
    guide.install("examples/full-tunnel/server-nft.conf", server, hosts)
    server.sysctl(net__ipv4__ip_forward=1)
    server.run("wg-quick", "up", "wg0")
    internet.serve_names()
    internet.serve_page()
    return server, client, hosts


def only_network(net):
    """Made outside, moved in: a container that has nothing but the tunnel."""
    server, client, hosts = world(net)
    text = guide.section("containers.md", "A tunnel as the only network")
    head, _, _ = guide.read("docs/guide/containers.md").partition("## A tunnel")
    up, _, down = text.partition("Take the interface away")
    guide.follow(head, hosts)
    said = guide.follow(up, hosts)
    links = re.findall(r"^(\w+)", said[-1], re.M)[:2]
    need(sorted(links) == ["lo", "wg0"], f"the container has {said[-1]}")
    seen = client.run("ip", "netns", "exec", "container", "curl", "-sS", "-m", "20", "-4", "ifconfig.me").stdout
    need(seen.strip() == "203.0.113.50", f"the world sees {seen}")
    need(client.run("ip", "link", "show", "wg0", check=False).returncode != 0, "wg0 is outside as well")
    net.stay()
    guide.follow(down, hosts)
    client.wait_gone()


def rootless(net):
    """All of it by a plain user, in a network of his own that pasta joins to the world."""
    if not shutil.which("pasta"):
        raise Skip("there is no pasta")
    server, client, hosts = world(net)
    client.sh(f"mount -t tmpfs -o mode=755 none /usr/local/bin && cp -L /run/bin/* /usr/local/bin/\n"
              f"mount -t tmpfs -o mode=755,uid=65534 none {FOLDER}")
    # For everybody, as udev has it; where nobody runs it, it is root's.
    client.sh("mount -t tmpfs -o mode=755 none /dev/net && mknod -m 666 /dev/net/tun c 10 200")
    client.write(f"{FOLDER}/wg0.conf", guide.filled_in(guide.read("examples/containers/wg0.conf"), hosts), 0o644)
    user = Plain(client)
    probe = user.sh("test -w /dev/net/tun && unshare --user --map-root-user --net --mount true", check=False)
    if probe.returncode:
        raise Skip(f"no user namespaces, or no TUN device, for a plain user: {probe.stderr.strip()}")
    said = guide.follow(guide.section("containers.md", "Without root"), {"user": user, "client": client})
    need("203.0.113.50:51820" in said[0], f"another endpoint: {said}")
    need(server.peer()["latest_handshake"], "the server has seen no handshake")
    net.stay()


def handed_in(net):
    """The device and the control socket are opened by somebody else."""
    _, client, hosts = world(net)
    client.sh("mount -t tmpfs -o mode=755 none /usr/local/bin && cp -L /run/bin/* /usr/local/bin/ && rm -r /run/bin")
    client.write("hand-in", guide.read("examples/containers/hand-in"), 0o755)
    guide.install("examples/containers/wg0.conf", client, hosts)
    guide.follow(guide.section("containers.md", "A daemon without rights"), hosts)
    daemons = client.sh("pgrep -x culvertd").stdout.split()
    need(len(daemons) == 1, f"{len(daemons)} daemons")
    status = client.read(f"/proc/{daemons[0]}/status")
    need(re.search(r"^Uid:\t65534\t65534\t65534", status, re.M) and re.search(r"^CapEff:\t0+$", status, re.M),
         f"the daemon has rights: {status}")
    net.stay()
    client.run("ip", "link", "del", "wg0")
    wait_until(lambda: not client.sh("pgrep -x culvertd", check=False).stdout, 15, "culvertd to end")
