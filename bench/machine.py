"""What the figures were measured on, and how quiet it was."""

import os
import subprocess
import time

BUSY_SECONDS = 0.5


def cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith(("model name", "Model", "Hardware")):
                return line.partition(":")[2].strip()
    return os.uname().machine


def is_virtual():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return " hypervisor" in file.read()


def first_line(*words):
    try:
        said = subprocess.run(words, capture_output=True, text=True, check=False, timeout=10).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return said.strip().split("\n")[0]


def memory_gib():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)


def describe(root):
    return {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "kernel": os.uname().release,
        "cpu": cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "is_virtual": is_virtual(),
        "memory_gib": round(memory_gib(), 1),
        "iperf3": first_line("iperf3", "--version"),
        "culvert": first_line("git", "-c", "safe.directory=*", "-C", root, "describe", "--always", "--dirty"),
    }


def ticks():
    """(busy, stolen, all) of all cores since the machine started."""
    with open("/proc/stat", encoding="utf-8") as file:
        values = [int(word) for word in file.readline().split()[1:9]]
    idle, stolen = values[3] + values[4], values[7]
    return sum(values) - idle, stolen, sum(values)


class Noise:
    """How much of the machine was somebody else's: looked at before each line goes up."""

    def __init__(self):
        self.loads, self.busy = [os.getloadavg()[0]], []
        self.start = ticks()

    def look(self):
        before = ticks()
        time.sleep(BUSY_SECONDS)
        after = ticks()
        self.busy.append(100 * (after[0] - before[0]) / max(1, after[2] - before[2]))
        self.loads.append(os.getloadavg()[0])
        return self.busy[-1]

    def summary(self):
        end = ticks()
        busy = sorted(self.busy) or [0.0]
        return {
            "load_before": round(self.loads[0], 2),
            "busy_percent_median": round(busy[len(busy) // 2], 1),
            "busy_percent_max": round(busy[-1], 1),
            "stolen_percent": round(100 * (end[1] - self.start[1]) / max(1, end[2] - self.start[2]), 2),
        }
