"""The sources are as clang-format writes them: `format.py ROOT CLANG-FORMAT`."""
import subprocess
import sys

import tree


def main():
    root, tool = sys.argv[1:3]
    sources = tree.sources(root)
    run = subprocess.run([tool, "--dry-run", "-Werror"] + sources, cwd=root, text=True,
                         stderr=subprocess.PIPE, check=False)
    wrong = sorted({line.split(":")[0] for line in run.stderr.splitlines() if "error:" in line})
    if run.returncode and not wrong:
        wrong = [run.stderr]
    tree.finish(["%s: run clang-format -i on it" % w for w in wrong], len(sources), "files")


main()
