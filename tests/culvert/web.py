"""culvert web: who gets in and who does not, and what it does to peers, over HTTP and HTTPS."""

import http.client
import json
import os
import ssl
import subprocess
import sys
import xml.etree.ElementTree

from world import ETC, need, wait_until

FILE = f"{ETC}/wg0.conf"
PASSWORD = "correct horse battery"


class Site:
    """One server, and one client that keeps its cookie and token."""

    def __init__(self, world, *words):
        self.state = world.path(f"web-{len(world.processes)}-{len(words)}")
        world.on("hub", "culvert", "web", "password", "anna", "--state", self.state, input=PASSWORD + "\n")
        self.world, self.address = world, ("127.0.0.1", 8788)
        self.process = world.start("hub", "culvert", "web", "--state", self.state, *words,
                                   stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        need("Listening on" in line, f"it said {line!r}")
        self.is_secure = "https" in line
        self.cookie = self.csrf = None
        self.client = world.start("hub", "python3", os.path.abspath(__file__), stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)

    def stop(self):
        self.world.stop(self.client)
        self.world.stop(self.process)
        need(self.process.returncode == 0, f"it ended with {self.process.returncode}")

    def ask(self, method, path, body=None, **headers):
        """(status, headers, parsed body); the request is made from within the hub."""
        request = {"method": method, "path": path, "body": body, "secure": self.is_secure,
                   "headers": {name.replace("_", "-"): value for name, value in headers.items()}}
        if self.cookie:
            request["headers"].setdefault("Cookie", self.cookie)
        print(json.dumps(request), file=self.client.stdin, flush=True)
        answer = json.loads(self.client.stdout.readline())
        if "set-cookie" in answer["headers"]:
            self.cookie = answer["headers"]["set-cookie"].split(";")[0]
        return answer["status"], answer["headers"], answer["body"]

    def post(self, path, body, **headers):
        headers.setdefault("Content_Type", "application/json")
        if self.csrf:
            headers.setdefault("X_CSRF_Token", self.csrf)
        status, _, answer = self.ask("POST", path, json.dumps(body), **headers)
        return status, json.loads(answer)

    def get(self, path):
        status, _, answer = self.ask("GET", path)
        return status, json.loads(answer)

    def log_in(self, password=PASSWORD):
        status, answer = self.post("/api/login", {"user": "anna", "password": password})
        self.csrf = answer.get("csrf")
        return status

    def peers(self):
        status, state = self.get("/api/state")
        need(status == 200, f"state: {status}")
        return {p["name"]: p for i in state["interfaces"] if i["name"] == "wg0" for p in i["peers"]}

    def change(self, action, name, **fields):
        status, answer = self.post("/api/peer", dict(fields, interface="wg0", action=action, name=name))
        need(status == 200, f"{action} {name}: {status} {answer}")
        return answer


def with_site(act):
    def acts(world):
        world.try_on("hub", "wg-quick", "down", "wg0")
        world.on("hub", "wg-quick", "up", "wg0")
        site = Site(world)
        try:
            act(world, site)
        finally:
            site.stop()
            world.on("hub", "wg-quick", "down", "wg0")
    return acts


def lets_in_and_keeps_out(world, site):
    status, headers, page = site.ask("GET", "/")
    need(status == 200 and "<title>Culvert" in page, "the page")
    need("default-src 'none'" in headers["content-security-policy"], "no policy")
    need(site.ask("GET", "/../users")[0] == 404 and site.ask("GET", "/web-users")[0] == 404, "other files")
    for path in ("/api/state", "/api/session", "/api/audit", "/api/history?interface=wg0&span=900"):
        need(site.get(path)[0] == 401, f"{path} without a session")
    need(site.post("/api/peer", {"interface": "wg0", "action": "remove", "name": "bob"})[0] == 401, "a change")
    need(site.log_in("wrong password!") == 403, "a wrong password")
    need(site.post("/api/login", {"user": "anna' --", "password": PASSWORD})[0] == 403, "a strange name")
    need(site.log_in() == 200, "the right password")
    need(site.get("/api/session")[1]["user"] == "anna", "the session")
    # A page of somebody else has the cookie, at most, and can send forms.
    remove = {"interface": "wg0", "action": "remove", "name": "bob"}
    need(site.post("/api/peer", remove, X_CSRF_Token="")[0] == 403, "no token")
    need(site.post("/api/peer", remove, X_CSRF_Token="A" * 43)[0] == 403, "another token")
    need(site.post("/api/peer", remove, Content_Type="text/plain")[0] == 415, "a form")
    need(site.ask("POST", "/api/peer", "{" * 20000, Content_Type="application/json", X_CSRF_Token=site.csrf)[0] == 413,
         "too long")
    for body in ("", "[]", "{", '{"a":1,"a":2}', "\x00"):
        need(site.ask("POST", "/api/peer", body, Content_Type="application/json", X_CSRF_Token=site.csrf)[0] == 400, body)
    need("bob" in site.peers(), "bob is gone")
    need(site.post("/api/logout", {})[0] == 200 and site.get("/api/state")[0] == 401, "logging out")


def stops_who_guesses(world, site):
    seen = [site.log_in(f"wrong password {n}") for n in range(7)]
    need(seen == [403] * 5 + [429] * 2, f"{seen}")
    need(site.log_in() == 429, "the right password, too late")


def changes_peers(world, site):
    before = world.read(FILE)
    site.log_in()
    added = site.change("add", "phone", expires="2099-12-31")
    need("[Interface]" in added["config"] and "PrivateKey" in added["config"], "the configuration")
    need(xml.etree.ElementTree.fromstring(added["qr"]).tag.endswith("svg"), "the code")
    need(site.peers()["phone"]["expires"].startswith("2099-12-31"), "its end")
    need(not site.change("add", "phone", expires="2099-12-31").get("config"), "the key is told twice")
    site.change("disable", "phone")
    need(site.peers()["phone"]["disabled"] is True, "disabled")
    site.change("expire", "phone", expires="never")
    site.change("rename", "phone", new_name="tablet")
    need("phone" not in site.peers() and not site.peers()["tablet"]["disabled"], f"renamed: {site.peers()}")
    for words in ({"name": "--help"}, {"name": "x; reboot"}, {"name": "nobody"}, {"interface": "../wg0"}):
        status, answer = site.post("/api/peer", dict({"interface": "wg0", "action": "remove", "name": "x"}, **words))
        need(status == 422 and answer["error"], f"{words}: {status}")
    site.change("remove", "tablet")
    need(world.read(FILE) == before, "the file is not as before")
    actions = [entry["action"] for entry in site.get("/api/audit")[1]]
    need("rename peer phone on wg0" in actions and "remove peer nobody on wg0: failed" in actions, f"{actions}")


def tells_a_peer_where_this_host_is(world, site):
    before = world.read(FILE)
    site.log_in()
    added = site.change("add", "van", endpoint="vpn.example.com:7")
    need("Endpoint = vpn.example.com:7\n" in added["config"], f"not what was said: {added['config']}")
    site.change("remove", "van")
    world.write(FILE, before.replace("#: PublicEndpoint", "# PublicEndpoint"))
    phone = {"interface": "wg0", "action": "add", "name": "phone"}
    status, answer = site.post("/api/peer", phone)
    need(status == 422 and "#: PublicEndpoint = HOST" in answer["error"], f"a file that does not say: {status} {answer}")
    added = site.change("add", "phone", endpoint="2001:db8::7")
    need("Endpoint = [2001:db8::7]:51820\n" in added["config"], f"an address: {added['config']}")
    site.change("remove", "phone")
    world.write(FILE, before)


def shows_traffic(world, site):
    site.log_in()
    world.write(f"{ETC}/road.conf", site.change("add", "road")["config"].replace("AllowedIPs", "PersistentKeepalive = 1\nAllowedIPs"))
    world.on("road", "wg-quick", "up", "road")
    try:
        wait_until(lambda: world.pings("road", "10.7.0.1"), "a ping through the tunnel")
        wait_until(lambda: site.peers()["road"]["handshake"] and site.peers()["road"]["rx"], "the peer's state")
        key = site.peers()["road"]["public_key"]
        # Its bytes are in the slot of now at first, which a history has when it is complete.
        wait_until(lambda: any(point[1] for point in site.get(
            f"/api/history?interface=wg0&span=900&peer={key.replace('+', '%2B')}")[1]["points"]), "its history")
    finally:
        world.on("road", "wg-quick", "down", "road")
        site.change("remove", "road")


def serves_https(world):
    pem = [world.path("cert.pem"), world.path("key.pem")]
    world.must("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
               "-subj", "/CN=hub", "-days", "2", "-out", pem[0], "-keyout", pem[1])
    site = Site(world, "--listen", "127.0.0.1:8788", "--cert", pem[0], "--key", pem[1])
    try:
        need(site.is_secure and site.log_in() == 200, "logging in over TLS")
        _, headers, _ = site.ask("POST", "/api/login", json.dumps({"user": "anna", "password": PASSWORD}), **{"Content_Type": "application/json"})
        need("Secure" in headers["set-cookie"] and "HttpOnly" in headers["set-cookie"], headers["set-cookie"])
    finally:
        site.stop()


def refuses_what_is_careless(world):
    def says(code, said, *words, **kwargs):
        done = world.try_on("hub", "culvert", "web", *words, "--state", world.path("careless"), **kwargs)
        need(done.returncode == code and said in done.stderr, f"{words}: {done.returncode} {done.stderr}")

    says(1, "nobody may log in")
    says(2, "loopback", "--listen", "192.0.2.1:80")
    says(2, "go together", "--cert", "x")
    says(2, "ADDRESS:PORT", "--listen", "nowhere")
    says(1, "10 to 256", "password", "anna")
    says(1, "no user", "remove", "anna")


TESTS = [(f"web {act.__name__}", with_site(act)) for act in (
    lets_in_and_keeps_out, stops_who_guesses, changes_peers, tells_a_peer_where_this_host_is, shows_traffic)] + [
    (f"web {act.__name__}", act) for act in (serves_https, refuses_what_is_careless)]


def answer_one(request):
    """Run inside the hub: makes one request and prints what came, for each line."""
    context = ssl._create_unverified_context()
    made = http.client.HTTPSConnection("127.0.0.1", 8788, context=context, timeout=30) if request["secure"] else \
        http.client.HTTPConnection("127.0.0.1", 8788, timeout=30)
    made.request(request["method"], request["path"], request["body"], request["headers"])
    answer = made.getresponse()
    print(json.dumps({"status": answer.status, "headers": {k.lower(): v for k, v in answer.getheaders()},
                      "body": answer.read().decode()}), flush=True)


if __name__ == "__main__":
    for line in sys.stdin:
        answer_one(json.loads(line))
