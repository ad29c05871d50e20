"""No name is defined by two of our libraries: the linker would take whichever comes first.
    symbols.py NM LIBRARY..."""
import subprocess
import sys

nm, libraries = sys.argv[1], sys.argv[2:]
owner, problems, n = {}, [], 0
for library in libraries:
    listing = subprocess.run([nm, "-g", "--defined-only", library], check=True, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    for line in listing.splitlines():
        fields = line.split()
        if len(fields) != 3 or fields[1] not in "TDRB":
            continue
        n += 1
        if owner.setdefault(fields[2], library) != library:
            problems.append("%s is in %s and in %s" % (fields[2], owner[fields[2]], library))
print("\n".join(problems))
print("%d symbols of %d libraries checked, %d problems" % (n, len(libraries), len(problems)))
sys.exit(1 if problems or not n else 0)
