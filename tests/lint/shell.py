"""shellcheck has nothing to say about the scripts: `shell.py ROOT SHELLCHECK`."""
import subprocess
import sys

import tree


def main():
    root, tool = sys.argv[1:3]
    scripts = [f for f in tree.files(root) if tree.read(root, f).startswith(("#!/bin/sh", "#!/bin/bash"))]
    run = subprocess.run([tool] + scripts, cwd=root, text=True, stdout=subprocess.PIPE, check=False)
    tree.finish([run.stdout] if run.returncode else [], len(scripts), "scripts")


main()
