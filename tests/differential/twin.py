"""Runs one command line with stock wg and with ours against the same daemon in the same state."""

import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

SOCKETS = "/run/wireguard"
DEVICE = "t0"
EPHEMERAL_PORTS = range(32768, 65536)
# A wg may be built with one; what it is told is in OPTIONS.
SANITIZER_REPORT = re.compile(r"ERROR: \w+Sanitizer|runtime error:")


class Daemon:
    """The device t0, held by any daemon that is started as `COMMAND t0`."""

    def __init__(self, command, log):
        environment = dict(os.environ, WG_PROCESS_FOREGROUND="1")
        self.process = subprocess.Popen([*command, DEVICE], env=environment, stdin=subprocess.DEVNULL,
                                        stdout=log, stderr=log)
        self.path = f"{SOCKETS}/{DEVICE}.sock"
        for _ in range(200):
            if os.path.exists(self.path) or self.process.poll() is not None:
                break
            time.sleep(0.05)
        if self.process.poll() is not None:
            raise RuntimeError(f"{command[0]} ended with {self.process.returncode}")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def ask(self, request):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(10)
            connection.connect(self.path)
            connection.sendall(request.encode())
            reply = b""
            while not reply.endswith(b"\n\n"):
                part = connection.recv(65536)
                if not part:
                    raise RuntimeError(f"the daemon closed in the middle of: {reply!r}")
                reply += part
        return [line.split("=", 1) for line in reply.decode().split("\n") if line]

    def reset(self, setup):
        """To nothing, then to the lines of setup."""
        for request in ("private_key=" + 64 * "0" + "\nlisten_port=0\nfwmark=0\nreplace_peers=true\n", setup):
            answer = dict(self.ask("set=1\n" + request + "\n"))
            if answer.get("errno") != "0":
                raise RuntimeError(f"the daemon refuses {request!r}: {answer}")

    def state(self):
        """What is configured: {attribute: value} and {public key: {attribute: value}}."""
        device, peers, target = {}, {}, None
        for key, value in self.ask("get=1\n\n"):
            if key == "public_key":
                target = peers.setdefault(value, {"allowed_ips": set()})
            elif key == "allowed_ip":
                target["allowed_ips"].add(value)
            elif key in ("preshared_key", "endpoint", "persistent_keepalive_interval"):
                target[key] = value
            elif target is None and key in ("private_key", "listen_port", "fwmark"):
                device[key] = value
        return device, peers


class Canned:
    """A daemon that answers every get with the same text, for what no real one can be brought to say.

    In the text, {-N} is the second N before now. A set it takes and keeps in `sets`.
    """

    def __init__(self, name, reply):
        self.path = f"{SOCKETS}/{name}.sock"
        self.reply, self.sets = reply, []
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(16)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                request = connection.recv(65536)
                while request.startswith(b"set=1") and not request.endswith(b"\n\n"):
                    request += connection.recv(65536)
                if request.startswith(b"set=1"):
                    self.sets.append(request.decode())
                    connection.sendall(b"errno=0\n\n")
                elif request:
                    connection.sendall(self.text().encode())

    def text(self):
        now, parts = int(time.time()), self.reply.split("{")
        return parts[0] + "".join(str(now + int(part.split("}")[0])) + part.split("}")[1] for part in parts[1:])

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        os.unlink(self.path)


class Result:
    """outs: what each command printed."""

    def __init__(self, code, outs, err, state):
        self.code, self.outs, self.err, self.state = code, outs, err, state
        port = state[0].get("listen_port", "0")
        if int(port) in EPHEMERAL_PORTS:
            state[0]["listen_port"] = "any"
            self.outs = [out.replace(port, "any") for out in outs]

    def differences(self, other, is_exact):
        if self.code != other.code:
            yield "exit code", self.code, other.code
        same = (lambda text: text) if is_exact else canonical
        if list(map(same, self.outs)) != list(map(same, other.outs)):
            yield "stdout", self.outs, other.outs
        if self.state != other.state:
            yield "state", self.state, other.state
        report = SANITIZER_REPORT.search(other.err)
        if report:
            yield "a sanitizer's report", "", other.err[report.start():]
        if first_complaint(self) != first_complaint(other):
            yield "first line of stderr", first_complaint(self), first_complaint(other)


def first_complaint(result):
    """Scripts may look for what a failing command says first; warnings of ours come elsewhere."""
    lines = [line for line in result.err.splitlines() if not line.startswith("Warning: ")]
    return lines[0] if lines and result.code else ""


def canonical(text):
    """A daemon may tell its peers in any order; blocks and lines of peers are sorted."""
    for head in ("\npeer: ", "\n[Peer]\n", "\n\x1b[33m"):
        if head in text:
            first, *blocks = text.rstrip("\n").split(head)
            return first.rstrip("\n"), sorted(block.rstrip("\n") for block in blocks)
    return sorted(text.split("\n"))


class Twin:
    def __init__(self, stock, ours, daemon, directory):
        self.daemon, self.directory = daemon, directory
        self.programs = {"stock": self.copy("stock", stock), "ours": self.copy("ours", ours)}

    def copy(self, name, program):
        """To where any user may run it."""
        path = os.path.join(self.directory, f"{name}-wg")
        shutil.copy(program, path)
        os.chmod(path, 0o755)
        return path

    def run(self, which, case):
        """Every command of the case in turn; the last exit code that is not 0."""
        self.daemon.reset(case.setup)
        for name, content in case.files.items():
            with open(os.path.join(self.directory, name), "wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
            os.chmod(file.name, 0o600)
        outs, err, code = [], "", 0
        for words in case.commands:
            done = subprocess.run(["wg", *words], executable=self.programs[which], cwd=self.directory,
                                  input=case.stdin, capture_output=True, timeout=30, env=environment(case),
                                  check=False, **({"user": 65534, "extra_groups": ()} if case.is_nobody else {}))
            outs.append(done.stdout.decode(errors="surrogateescape"))
            err += done.stderr.decode(errors="surrogateescape")
            code = done.returncode or code
        return Result(code, outs, err, self.daemon.state())

    def both(self, case):
        """Clocks may strike between the two: what differs is asked again."""
        for _ in range(3):
            stock, ours = self.run("stock", case), self.run("ours", case)
            # A canned daemon tells its peers in one order, and a single peer has no other.
            is_exact = (case.replies and not case.setup) or len(stock.state[1]) <= 1
            found = list(stock.differences(ours, is_exact))
            if not found:
                break
        return stock, ours, found


OPTIONS = {name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ}


def environment(case):
    return {**OPTIONS, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "WG_ENDPOINT_RESOLUTION_RETRIES": "0",
            "CULVERT_CONFIG_DIR": "/nonexistent", **case.environment}
