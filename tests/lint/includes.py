"""Includes are written from the root, name a file that is there, and only descend along the arrows of
the plan below. Within a room no pair of files X.c and X.h includes another in a circle. X_in.h and
X_impl.h, the inside of X, are for the files of X's folder, and for tests. Headers of other projects are included in
the rooms that own them and nowhere else."""
import os
import re
import sys

import tree

# room -> the rooms it may include (and theirs)
ARROWS = {
    "core/base": [],
    "core/tensor": ["core/base"],
    "core/genome": ["core/base"],
    "core/model": ["core/tensor"],
    "core/engine": ["core/model", "core/genome"],
    "core/score": ["core/engine"],
    "core/checkpoint": ["core/model"],
    "core/tool": ["core/score", "core/checkpoint"],
    "proto": ["core/tensor"], # for the header of an .npy
    "server": ["core/score", "core/checkpoint", "proto"],
    "client": ["core/base", "proto"],
    "tests": ["core/tool", "server", "client"],
}

# header of another project -> the rooms or files that may include it
GATES = {
    "jansson.h": ["core/base", "core/tensor", "core/model", "core/score", "core/checkpoint", "core/tool", "proto",
                  "server", "client", "tests"],
    "nettle/": ["core/base"],
    "cblas.h": ["core/tensor", "tests"],
    "sleef.h": ["core/engine"],
    "htslib/": ["core/genome", "tests"],
    "zip.h": ["core/checkpoint", "tests/util"],
    "yaml.h": ["core/checkpoint"],
    "cyaml/": ["core/checkpoint"],
    "sqlite3.h": ["server"],
    "microhttpd.h": ["server"],
    "gnutls/": ["server/certificate.c", "server/tls.c"],
    "uv.h": ["server"],
    "systemd/": ["server"],
    "zlib.h": ["core/genome", "core/tensor", "proto", "server", "client", "tests"],
    "curl/": ["client", "tests"],
    "cairo.h": ["client"],
    "cairo-pdf.h": ["client"],
    "cairo-svg.h": ["client"],
    "uthash.h": [],
    "cmocka.h": ["tests/util"],
}

INSIDES = ("_in.h", "_impl.h")

SYSTEM = set("""
assert.h complex.h ctype.h errno.h fenv.h float.h inttypes.h limits.h locale.h math.h setjmp.h
signal.h stdalign.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h
threads.h time.h wchar.h
arpa/inet.h cpuid.h dirent.h endian.h fcntl.h getopt.h glob.h immintrin.h malloc.h netdb.h
netinet/in.h netinet/tcp.h poll.h pthread.h sched.h spawn.h strings.h syslog.h sys/auxv.h
sys/epoll.h sys/eventfd.h sys/file.h sys/ioctl.h sys/mman.h sys/random.h sys/resource.h
sys/sendfile.h sys/socket.h sys/stat.h sys/statvfs.h sys/syscall.h sys/time.h sys/types.h
sys/uio.h sys/un.h sys/wait.h termios.h unistd.h
""".split())

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def reach(room):
    """The room and everything below it."""
    found, todo = set(), [room]
    while todo:
        r = todo.pop()
        if r not in found:
            found.add(r)
            todo += ARROWS[r]
    return found


def room_of(path):
    inside = [r for r in ARROWS if path.startswith(r + "/")]
    return max(inside, key=len) if inside else None


def cycle():
    """A room that reaches itself through others, or None: the plan itself must descend."""
    for room in ARROWS:
        if any(room in reach(below) for below in ARROWS[room]):
            return room


def check_own(root, path, name):
    room, other = room_of(path), room_of(name)
    if not os.path.exists(os.path.join(root, name)):
        return '"%s" is not the path of a file from the root' % name
    if other not in reach(room):
        return "%s may not include %s (%s)" % (room, other, name)
    if name.endswith(INSIDES) and room != "tests" and os.path.dirname(path) != os.path.dirname(name):
        return '"%s" is for the files of its own folder' % name


def check_foreign(path, name):
    if name in SYSTEM:
        return None
    for header, places in GATES.items():
        if name == header or (header.endswith("/") and name.startswith(header)):
            if any(path.startswith(p + "/") or path == p for p in places):
                return None
            return "<%s> belongs to %s" % (name, ", ".join(places) or "nobody")
    return "<%s> is in no list of tests/lint/includes.py" % name


def pair_of(path, paths):
    """Path of a pair of files without its ending; X_in.h and X_impl.h are the inside of X."""
    stem = os.path.splitext(path)[0]
    for inside in INSIDES:
        outer = path[:-len(inside)]
        if path.endswith(inside) and outer + ".h" in paths:
            return outer
    return stem


def include_graph(texts):
    """pair -> the pairs of its room that it includes."""
    graph = {}
    for path, text in texts.items():
        pair = pair_of(path, texts)
        below = graph.setdefault(pair, set())
        below |= {pair_of(name, texts) for quote, name in INCLUDE.findall(text)
                  if quote == '"' and name in texts and room_of(name) == room_of(path)}
        below.discard(pair)
    return graph


def way_back(graph, start):
    """The shortest way from a pair through others to itself, or None."""
    todo, seen = [[start]], set()
    while todo:
        way = todo.pop(0)
        for below in sorted(graph[way[-1]]):
            if below == start:
                return way + [start]
            if below not in seen:
                seen.add(below)
                todo.append(way + [below])


def check_circles(texts):
    graph = include_graph(texts)
    ways = [way_back(graph, pair) for pair in sorted(graph)]
    return ["%s includes itself: %s" % (way[0], " -> ".join(way)) for way in ways if way]


def main():
    root, problems, n = sys.argv[1], [], 0
    texts = {path: tree.read(root, path) for path in tree.sources(root)}
    if cycle():
        problems.append("tests/lint/includes.py: %s reaches itself" % cycle())
    for path, text in texts.items():
        if room_of(path) is None:
            problems.append("%s: outside the rooms of the plan" % path)
            continue
        for match in INCLUDE.finditer(text):
            quote, name = match.groups()
            n += 1
            problem = check_own(root, path, name) if quote == '"' else check_foreign(path, name)
            if problem:
                line = text[:match.start(2)].count("\n") + 1
                problems.append("%s:%d: %s" % (path, line, problem))
    problems += check_circles(texts)
    tree.finish(problems, n, "includes")


main()
