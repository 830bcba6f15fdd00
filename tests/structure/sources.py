"""The repository's C files as text: which there are, what they include, define and use."""

import functools
import json
import os
import re
import subprocess
from collections import namedtuple

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# What the files of a layer may include, besides the system's and the libraries' headers.
MAY_INCLUDE = {
    "base": {"base"},
    "crypto": {"base", "crypto"},
    "core": {"base", "crypto", "core"},
    "model": {"base", "model"},
    "os": {"base", "os"},
    "ctl": {"base", "model", "os", "ctl"},
    "daemon": {"base", "crypto", "core", "model", "os", "daemon"},
    "cli": {"base", "crypto", "model", "os", "ctl", "cli"},
    "wg": {"base", "crypto", "model", "os", "ctl", "cli", "wg"},
    "quick": {"base", "model", "os", "ctl", "quick"},
    "doctor": {"base", "crypto", "model", "os", "ctl", "cli", "quick", "doctor"},
    "culvert": {"base", "crypto", "model", "os", "ctl", "cli", "quick", "doctor", "culvert"},
    "web": {"base", "model", "os", "cli", "culvert", "web"},
}

Function = namedtuple("Function", "name path line length is_static")

NOT_CODE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def run(*words, **kwargs):
    return subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=False, **kwargs)


@functools.cache
def tracked():
    """Files under version control, or about to be, as paths from the root; in a tarball, all files."""
    # Root may look at a clone that is somebody else's.
    listed = run("git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    names = [name for name in listed.stdout.split("\0") if name] if listed.returncode == 0 else walked()
    return [name for name in names if os.path.isfile(os.path.join(ROOT, name))]


def walked():
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if not name.startswith(("build", "."))]
        yield from (os.path.relpath(os.path.join(folder, name), ROOT) for name in names)


def c_files(*folders, endings=(".c", ".h")):
    return [path for path in tracked() if path.endswith(endings) and path.split("/")[0] in folders]


@functools.cache
def text(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


@functools.cache
def code(path):
    """The text without comments and strings; lines stay where they are."""
    return NOT_CODE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text(path))


def layer(path):
    """src/LAYER/..., or None."""
    parts = path.split("/")
    return parts[1] if parts[0] == "src" and len(parts) > 2 else None


def unit(path):
    """A .c file and the header of its name are one."""
    return os.path.splitext(path)[0]


def quoted_includes(path):
    return re.findall(r'^\s*#\s*include\s+"([^"]+)"', text(path), re.M)


@functools.cache
def functions(*folders):
    paths = c_files(*folders)
    if not paths:
        return []
    tags = run("ctags", "--languages=C,C++", "--langmap=C:.c.h,C++:", "--kinds-C=f", "--fields=+neKf",
               "--extras=+F-F", "--output-format=json", "-o", "-", *paths)
    if tags.returncode or (paths and not tags.stdout):
        raise RuntimeError(f"ctags: {tags.stderr.strip()} (Debian's universal-ctags is needed)")
    found = []
    for tag in map(json.loads, tags.stdout.splitlines()):
        if tag["_type"] == "tag" and "end" in tag:
            found.append(Function(tag["name"], tag["path"], tag["line"], tag["end"] - tag["line"] + 1,
                                  bool(tag.get("file"))))
    return found
