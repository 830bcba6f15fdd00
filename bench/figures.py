"""The figures: their names, titles, units, and what is wanted of them. Nothing is measured here."""

import statistics
from collections import namedtuple

# goal: what culvertd's median by the newest wireguard-go's is to be; where less is better, at most.
Figure = namedtuple("Figure", "title unit is_more_better decimals goal", defaults=(None,))

# What culvertd's throughput by the limit's is to be, and how much memory an end may take.
LIMIT_GOAL, MEMORY_GOAL_MIB = 0.9, 12.0

FIGURES = {
    "tcp1": Figure("TCP, 1 stream", "Gbit/s", True, 2, 3.0),
    "tcp4": Figure("TCP, 4 streams", "Gbit/s", True, 2, 3.0),
    "tcp16": Figure("TCP, 16 streams", "Gbit/s", True, 2),
    "tcp1-reverse": Figure("TCP, 1 stream, reverse", "Gbit/s", True, 2, 3.0),
    "tcp4-reverse": Figure("TCP, 4 streams, reverse", "Gbit/s", True, 2),
    "tcp16-reverse": Figure("TCP, 16 streams, reverse", "Gbit/s", True, 2),
    "tcp1-both": Figure("TCP, 1 stream each way, sum", "Gbit/s", True, 2),
    "tcp4-both": Figure("TCP, 4 streams each way, sum", "Gbit/s", True, 2),
    "tcp16-both": Figure("TCP, 16 streams each way, sum", "Gbit/s", True, 2),
    "udp1372": Figure("UDP, 1,372 bytes, delivered", "kpps", True, 1, 2.2),
    "udp1372-loss": Figure("UDP, 1,372 bytes, lost", "%", False, 1),
    "udp64": Figure("UDP, 64 bytes, delivered", "kpps", True, 1, 2.2),
    "udp64-loss": Figure("UDP, 64 bytes, lost", "%", False, 1),
    "rtt": Figure("Round trip, idle, median", "µs", False, 0, 0.5),
    "rtt-p99": Figure("Round trip, idle, 99%", "µs", False, 0),
    "rtt-load": Figure("Round trip under TCP load, median", "µs", False, 0, 0.5),
    "rtt-load-p99": Figure("Round trip under TCP load, 99%", "µs", False, 0),
    "cpu": Figure("CPU per gigabyte, both ends", "s", False, 2, 0.25),
    "v6-tcp1": Figure("IPv6 in IPv6: TCP, 1 stream", "Gbit/s", True, 2),
    "v6-tcp1-reverse": Figure("IPv6 in IPv6: TCP, 1 stream, reverse", "Gbit/s", True, 2),
    "v6-udp1372": Figure("IPv6 in IPv6: UDP, 1,372 bytes, delivered", "kpps", True, 1),
    "v6-udp1372-loss": Figure("IPv6 in IPv6: UDP, 1,372 bytes, lost", "%", False, 1),
    "v6-rtt": Figure("IPv6 in IPv6: round trip, idle, median", "µs", False, 0),
    "v6-rtt-p99": Figure("IPv6 in IPv6: round trip, idle, 99%", "µs", False, 0),
    "memory": Figure("Peak resident memory of an end", "MiB", False, 1),
}


class Results:
    """What was measured: for each row (a way to carry packets) and figure the rounds' values."""

    def __init__(self, data):
        self.data = data

    def rows(self):
        return [row["name"] for row in self.data["rows"]]

    def figures(self):
        return [name for name in FIGURES if any(name in figures for figures in self.data["values"].values())]

    def values(self, row, figure):
        return self.data["values"].get(row, {}).get(figure, [])

    def median(self, row, figure):
        values = self.values(row, figure)
        return statistics.median(values) if values else None

    def spread(self, row, figure):
        values = self.values(row, figure)
        return (min(values), max(values)) if values else None

    def ratio(self, row, other, figure):
        """Of the medians; None when one is missing or is no divisor."""
        ours, theirs = self.median(row, figure), self.median(other, figure)
        return ours / theirs if ours is not None and theirs else None

    def best_limit(self, figure):
        """The row of the limit that did best in it, or None."""
        rows = [row for row in self.rows() if row.startswith("limit") and self.values(row, figure)]
        choose = max if FIGURES[figure].is_more_better else min
        return choose(rows, key=lambda row: self.median(row, figure)) if rows else None

    def newest(self):
        """The wireguard-go that goals are about."""
        return next((row for row in ("wireguard-go-newest", "wireguard-go") if row in self.rows()), None)

    def references(self):
        """The rows that culvertd is compared with."""
        wanted = ("wireguard-go-newest", "wireguard-go", "limit", "limit-2")
        return [row for row in wanted if row in self.rows()]
