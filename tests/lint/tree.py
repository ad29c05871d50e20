"""The files of the source tree, for the checks beside this one."""
import os
import sys

SKIP = {"corpus", "node_modules", "__pycache__"}


def files(root, *suffixes):
    """Paths relative to root, sorted, that end in one of `suffixes` (all where none is given).
    Build directories, corpora and hidden folders (.ci apart) are no sources."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(
            f for f in folders
            if f not in SKIP and (f[0] != "." or f == ".ci")
            and not (folder == root and f.startswith("build"))
            and not os.path.exists(os.path.join(folder, f, "meson-private")))
        for name in sorted(names):
            if not suffixes or name.endswith(suffixes):
                found.append(os.path.relpath(os.path.join(folder, name), root))
    return found


def sources(root):
    return files(root, ".c", ".h")


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as f:
        return f.read()


def finish(problems, checked, what):
    """Print the problems and leave: 1 where there are any, or where nothing was checked."""
    for p in problems:
        print(p)
    print("%d %s checked, %d problems" % (checked, what, len(problems)))
    sys.exit(1 if problems or not checked else 0)
