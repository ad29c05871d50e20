"""A structure, union or enum of ours (mfd_...) is defined in one place: `structs.py ROOT`. Two of one name in two rooms
cannot be told apart by a reader, nor used by one file."""
import collections
import re
import sys

import tree

COMMENT = re.compile(r"/\*.*?\*/", re.S)
DEFINED = re.compile(r"\b(?:struct|union|enum)\s+(mfd_\w+)\s*\{")


def main():
    root, places = sys.argv[1], collections.defaultdict(list)
    for path in tree.sources(root):
        if not path.startswith("tests/"):
            for name in DEFINED.findall(COMMENT.sub("", tree.read(root, path))):
                places[name].append(path)
    problems = ["%s is defined in %s" % (name, " and in ".join(paths))
                for name, paths in sorted(places.items()) if len(paths) > 1]
    tree.finish(problems, len(places), "types")


main()
