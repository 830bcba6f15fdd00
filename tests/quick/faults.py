"""
Ours, hurt on purpose: every system call by which it changes something fails once, and it is killed
at every one of them. Afterwards the system is as before: at once when `up` has failed, after `down`
when it was killed. strace does the hurting, so no hook for it is in the program.
"""

import collections
import re
import shutil

from compare import differences
from configs import full

# By these it speaks to the kernel, to daemons and programs, and writes files.
CHANGING = "sendto,sendmsg,write,mkdir,rename,renameat,renameat2,clone,clone3,fork,vfork,flock"
ERRORS = {"sendto": "EPERM", "sendmsg": "ENOBUFS", "write": "ENOSPC", "mkdir": "ENOSPC", "rename": "EIO",
          "renameat": "EIO", "renameat2": "EIO", "clone": "EAGAIN", "clone3": "EAGAIN", "fork": "EAGAIN",
          "vfork": "EAGAIN", "flock": "ENOLCK"}
# What it says to the user, folders that were there, questions: to end at one is to end at the change before it.
IDLE = r"write\(2,|.* = -1 EEXIST|.*=RTM_GET"
NONE = r"$^"
# How many worlds a list of cases is spread over.
WORLDS = 8

CONFIG = full("0.0.0.0/0, ::/0, 10.5.0.0/16", "DNS = 10.77.0.1, corp.example", "PreUp = true", "PostUp = true",
              "PreDown = true", "PostDown = true")

SCENARIOS = {}


class Skip(Exception):
    """This cannot be tried here; the text says why."""


def scenario(function):
    SCENARIOS[function.__name__.replace("_", " ")] = function
    return function


def need_strace():
    if not shutil.which("strace"):
        raise Skip("there is no strace")


def find_calls(world, verb, calls, skipped, before=(), **more):
    """(name, number) of each of these calls that the verb makes, itself, not its children."""
    actions = [{"quick": words} for words in before]
    actions.append({"quick": [verb, "wg0"], "prefix": ["strace", "-qq", "-o", "/run/trace", "-e", f"trace={calls}"]})
    actions.append({"sh": "cat /run/trace"})
    answer = world.run(world.ours, {"wg0.conf": CONFIG}, actions, **more)
    if answer["actions"][-2]["status"]:
        raise Skip("strace does not work here: " + answer["actions"][-2]["said"][-200:])
    counts, found = collections.Counter(), []
    for line in answer["actions"][-1]["out"].splitlines():
        name = re.match(r"(\w+)\(", line)
        if name:
            counts[name[1]] += 1
            if not re.match(skipped, line):
                found.append((name[1], counts[name[1]]))
    return sorted(found)


def inject(how, call, number):
    return ["strace", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:{how}:when={number}"]


def as_before(where, before, after):
    yield from differences(before, after["state"], where, ("before", "after"))
    if after.get("left", []) not in ([], ["lock"]):
        yield f"{where}: left {after['left']}"


def spread(cases, size):
    return [cases[start::size] for start in range(min(size, len(cases)))]


def check_cases(world, cases, steps, **more):
    """Runs the steps of every case, several in one world, and compares the state after each case's last."""
    tried = 0
    for part in spread(cases, WORLDS):
        actions = [action for case in part for action in steps(case)]
        answer = world.run(world.ours, {"wg0.conf": CONFIG}, actions, **more)
        per_case = len(actions) // len(part)
        for i, case in enumerate(part):
            done = answer["actions"][i * per_case:(i + 1) * per_case]
            tried += 1
            wrong = list(as_before(f"{case}", answer["before"], done[-1]))
            yield from wrong
            if wrong:
                yield "said: " + " | ".join(one["said"][-700:].replace("\n", " / ") for one in done)
                break  # the next cases of this world would only repeat it
    if not tried:
        yield "nothing was tried"


def killed(world, verb, calls, before, **more):
    need_strace()
    cases = find_calls(world, verb, calls, IDLE, before, **more)

    def steps(case):
        quiet = [{"quick": words, "wants_state": False} for words in before]
        return quiet + [{"quick": [verb, "wg0"], "prefix": inject("signal=KILL", *case), "wants_state": False},
                        {"quick": ["down", "wg0"], "left": True}]

    yield from check_cases(world, cases, steps, **more)


@scenario
def up_is_killed_at_each_change(world):
    yield from killed(world, "up", CHANGING, [])


@scenario
def up_is_killed_at_each_change_without_resolvconf(world):
    yield from killed(world, "up", "write,rename,renameat,renameat2,unlink,mkdir", [], resolvconf=False)


@scenario
def down_is_killed_at_each_change(world):
    yield from killed(world, "down", CHANGING + ",unlink", [["up", "wg0"]])


@scenario
def down_is_killed_at_each_change_without_resolvconf(world):
    yield from killed(world, "down", "write,rename,renameat,renameat2,unlink", [["up", "wg0"]], resolvconf=False)


@scenario
def reload_is_killed_at_each_change(world):
    yield from killed(world, "reload", "sendto,sendmsg,write", [["up", "wg0"]])


@scenario
def each_call_of_up_fails_once(world):
    """Either `up` fails and leaves nothing, or it bears the failure and `down` leaves nothing."""
    need_strace()
    cases = find_calls(world, "up", CHANGING, NONE)

    def steps(case):
        call, number = case
        hurt = inject(f"error={ERRORS[call]}", call, number)
        return [{"quick": ["up", "wg0"], "prefix": hurt, "wants_state": False},
                {"sh": "! ip link show wg0 >/dev/null 2>&1 || $OUR_WG_QUICK down wg0", "left": True}]

    yield from check_cases(world, cases, steps)


# Programs that wg-quick runs: what stands in their place, and what `up` must exit with.
BROKEN = {
    "the daemon fails": ("false", {}, 1),
    "the daemon is missing": ("no-such-daemon", {}, 127),
    "the daemon makes nothing": ("true", {}, 1),
    "resolvconf fails": (None, {"../../run/bin/resolvconf": "#!/bin/sh\n[ $1 != -a ] || exit 3\n"}, 3),
}


def broken(world, daemon, files, status):
    actions = [{"sh": "chmod 755 /run/bin/*", "wants_state": False}, {"quick": ["up", "wg0"], "left": True}]
    environment = {"WG_QUICK_USERSPACE_IMPLEMENTATION": daemon} if daemon else {}
    answer = world.run(world.ours, dict(files, **{"wg0.conf": CONFIG}), actions, environment=environment)
    up = answer["actions"][1]
    if up["status"] != status:
        yield f"exits with {up['status']}, not {status}: {up['said'][-300:]}"
    yield from as_before("after up", answer["before"], up)


for title, (program, others, expected) in BROKEN.items():
    SCENARIOS[title] = lambda world, p=program, o=others, e=expected: broken(world, p, o, e)


@scenario
def a_signal_ends_up_and_undoes_it(world):
    for name in ("INT", "TERM", "HUP"):
        text = CONFIG.replace("PostUp = true", f"PostUp = kill -{name} $PPID")
        answer = world.run(world.ours, {"wg0.conf": text}, [{"quick": ["up", "wg0"], "left": True}])
        up = answer["actions"][0]
        if up["status"] < 128:
            yield f"SIG{name}: exits with {up['status']}: {up['said'][-300:]}"
        yield from as_before(f"SIG{name}", answer["before"], up)


@scenario
def what_was_killed_does_not_stand_in_the_way_of_up(world):
    text = CONFIG.replace("PostUp = true", "PostUp = [[ -e /run/once ]] || { touch /run/once; kill -KILL $PPID; }")
    gone = "ip link delete wg0; for i in {1..100}; do [[ -e /run/wireguard/wg0.sock ]] || exit 0; sleep 0.05; done; exit 1"
    actions = [{"quick": ["up", "wg0"]}, {"sh": gone}, {"quick": ["up", "wg0"]}, {"quick": ["down", "wg0"], "left": True}]
    answer = world.run(world.ours, {"wg0.conf": text}, actions)
    if [done["status"] for done in answer["actions"][1:]] != [0, 0, 0]:
        yield f"{[done['status'] for done in answer['actions']]}: {answer['actions'][2]['said'][-500:]}"
    yield from as_before("after down", answer["before"], answer["actions"][3])
