"""Import of a checkpoint at published size (78 MB, 2,106 tracks): under 5 s and 600 MB.

    published.py MFD-MODEL SHARED

SHARED/peers/make_checkpoint.py writes the checkpoint with PyTorch; without either there is nothing to
measure, and the test is skipped.
"""
import importlib.util
import os
import subprocess
import sys
import tempfile
import time

SECONDS, MEGABYTES = 5, 600


def main():
    program, maker = sys.argv[1], os.path.join(sys.argv[2], "peers", "make_checkpoint.py")
    if not os.path.exists(maker) or not importlib.util.find_spec("torch"):
        print("skipped: no %s, or no PyTorch" % maker)
        return 77
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, maker, "-o", folder], check=True)
        start = time.monotonic()
        files = ["-m", folder + "/mapping.yaml", "-t", folder + "/metadata.tsv"]
        process = subprocess.Popen(
            [program, "import", folder + "/model.ckpt"] + files + ["-o", folder + "/big.mfd"])
        _, status, usage = os.wait4(process.pid, 0)
        seconds, megabytes = time.monotonic() - start, usage.ru_maxrss / 1024
        print("%.2f s, %.0f MB resident; user and system %.2f s" % (
            seconds, megabytes, usage.ru_utime + usage.ru_stime))
        return int(status != 0 or seconds >= SECONDS or megabytes >= MEGABYTES)


sys.exit(main())
