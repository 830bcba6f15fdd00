"""The cases: what is run over a line, and which figures come out of it."""

import json
from collections import namedtuple

from bed import Failure, command

PINGPONG_PORT = "7000"
# What iperf3 and the hosts need beside the time that is measured.
SPARE_SECONDS = 20

# outer: the family of the tunnel's own datagrams. run(line, bench) gives {figure: value}.
Case = namedtuple("Case", "name outer run")


class Bench:
    """What a case needs: the bed, the line that is up, the time to run and the ping-pong program."""

    def __init__(self, bed, line, seconds, pingpong):
        self.bed, self.line, self.seconds, self.pingpong = bed, line, seconds, pingpong

    def target(self, family):
        return self.line.addresses[self.bed.b][family]

    def iperf3(self, family, *options):
        """What iperf3 in host a says about a run to host b, as its JSON."""
        server = self.bed.b.start("iperf3", "-s", "-1", "--forceflush")
        try:
            server.wait_for("Server listening")
            said = command(*self.bed.a.words("iperf3", "-c", self.target(family), "-J", "-t", str(self.seconds),
                                             *options), seconds=self.seconds + SPARE_SECONDS)
        except Failure as why:
            raise Failure(f"iperf3 {' '.join(options)}: {reason(str(why))}") from why
        finally:
            server.end()
        return json.loads(said)["end"]


def reason(said):
    """iperf3 puts what went wrong into its JSON."""
    start = said.find("{")
    try:
        return json.loads(said[start:])["error"] if start >= 0 else said[-300:]
    except (ValueError, KeyError):
        return said[-300:]


def gigabits(end):
    """Received, both ways together."""
    bits = sum(end[key]["bits_per_second"] for key in ("sum_received", "sum_received_bidir_reverse") if key in end)
    return bits / 1e9


def tcp(figure, family, *options):
    return lambda bench: {figure: gigabits(bench.iperf3(family, *options))}


def tcp_and_cpu(bench):
    """One stream, and what it cost the processes of both ends."""
    before = bench.line.cpu_seconds()
    end = bench.iperf3(4)
    spent, gigabytes = bench.line.cpu_seconds() - before, end["sum_received"]["bytes"] / 1e9
    found = {"tcp1": gigabits(end)}
    if bench.line.processes and gigabytes > 0:
        found["cpu"] = spent / gigabytes
    return found


def udp(figure, family, payload_len):
    def run(bench):
        end = bench.iperf3(family, "-u", "-b", "0", "-l", str(payload_len))
        sent, seconds = end["sum_sent"]["packets"], end["sum_sent"]["seconds"]
        delivered = end["sum_received"]["bytes"] / payload_len
        return {figure: delivered / seconds / 1e3, f"{figure}-loss": max(0.0, 100 - 100 * delivered / sent)}
    return run


def round_trip(figure, family):
    def run(bench):
        server = bench.bed.b.start(bench.pingpong, bench.target(family), PINGPONG_PORT)
        try:
            server.wait_for("ready")
            said = json.loads(bench.bed.a.run(bench.pingpong, bench.target(family), PINGPONG_PORT,
                                              str(bench.seconds), seconds=bench.seconds + SPARE_SECONDS))
        finally:
            server.end()
        if not said["count"]:
            raise Failure("no answer at all")
        return {figure: said["median_us"], f"{figure}-p99": said["p99_us"]}
    return run


def round_trip_under_load(bench):
    """While one TCP stream runs from a to b; it starts first and ends later."""
    server = bench.bed.b.start("iperf3", "-s", "-1", "--forceflush")
    load = None
    try:
        server.wait_for("Server listening")
        load = bench.bed.a.start("iperf3", "-c", bench.target(4), "-t", str(bench.seconds + SPARE_SECONDS),
                                 "--forceflush")
        load.wait_for("connected to")
        found = round_trip("rtt-load", 4)(bench)
        load.need_running()
        return found
    finally:
        if load:
            load.end()
        server.end()


def streams(count):
    return ("-P", str(count))


CASES = [
    Case("rtt", 4, round_trip("rtt", 4)),
    Case("tcp1", 4, tcp_and_cpu),
    Case("tcp4", 4, tcp("tcp4", 4, *streams(4))),
    Case("tcp16", 4, tcp("tcp16", 4, *streams(16))),
    Case("tcp1-reverse", 4, tcp("tcp1-reverse", 4, "-R")),
    Case("tcp4-reverse", 4, tcp("tcp4-reverse", 4, "-R", *streams(4))),
    Case("tcp16-reverse", 4, tcp("tcp16-reverse", 4, "-R", *streams(16))),
    Case("tcp1-both", 4, tcp("tcp1-both", 4, "--bidir")),
    Case("tcp4-both", 4, tcp("tcp4-both", 4, "--bidir", *streams(4))),
    Case("tcp16-both", 4, tcp("tcp16-both", 4, "--bidir", *streams(16))),
    Case("udp1372", 4, udp("udp1372", 4, 1372)),
    Case("udp64", 4, udp("udp64", 4, 64)),
    Case("rtt-load", 4, round_trip_under_load),
    Case("v6-rtt", 6, round_trip("v6-rtt", 6)),
    Case("v6-tcp1", 6, tcp("v6-tcp1", 6)),
    Case("v6-tcp1-reverse", 6, tcp("v6-tcp1-reverse", 6, "-R")),
    Case("v6-udp1372", 6, udp("v6-udp1372", 6, 1372)),
]
