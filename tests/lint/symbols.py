"""No name is defined by two of our libraries: the linker would take whichever comes first. And no files of one library
need each other in a circle: each stands on what it calls.
    symbols.py NM LIBRARY..."""
import collections
import subprocess
import sys

nm, libraries = sys.argv[1], sys.argv[2:]
owner, problems, n = {}, [], 0


def symbols(library):
    """(file, kind, name) of every global symbol, kind U where it is needed only."""
    listing = subprocess.run([nm, "-g", "-A", library], check=True, text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL).stdout
    for line in listing.splitlines():
        where, _, rest = line.partition(".o:")
        fields = rest.split()
        yield where.rpartition("/")[2].rpartition(":")[2], fields[-2], fields[-1]


def circles(needs):
    """Sets of two or more files, each of which needs each other, by way of others perhaps (Tarjan 1972)."""
    number, low, stack, found = {}, {}, [], []

    def visit(v):
        number[v] = low[v] = len(number)
        stack.append(v)
        for w in sorted(needs[v]):
            if w not in number:
                visit(w)
            if w in stack:
                low[v] = min(low[v], low[w])
        if low[v] == number[v]:
            members = stack[stack.index(v):]
            del stack[stack.index(v):]
            if len(members) > 1:
                found.append(sorted(members))

    for v in sorted(needs):
        if v not in number:
            visit(v)
    return found


for library in libraries:
    where, needed = {}, collections.defaultdict(set)
    for file, kind, name in symbols(library):
        if kind == "U":
            needed[file].add(name)
        elif kind in "TDRB":
            n += 1
            where[name] = file
            if owner.setdefault(name, library) != library:
                problems.append("%s is in %s and in %s" % (name, owner[name], library))
    needs = {file: {where[name] for name in needed[file] if name in where} - {file}
             for file in set(where.values()) | set(needed)}
    problems += ["%s: a circle of %s" % (library, ", ".join(c)) for c in circles(needs)]
print("\n".join(problems))
print("%d symbols of %d libraries checked, %d problems" % (n, len(libraries), len(problems)))
sys.exit(1 if problems or not n else 0)
