"""A model of published size (78 MB, 2,106 tracks): import in under 5 s and 600 MB; a daemon that serves it answers
within 5 s of its start, in under 400 MB above the weights.

    MFDD=... MFD_MODEL=... ROOT=... published.py SHARED

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
ABOVE_WEIGHTS = 400  # MiB


def measure_import(folder):
    start = time.monotonic()
    files = ["-m", folder + "/mapping.yaml", "-t", folder + "/metadata.tsv", "-o", folder + "/big.mfd"]
    process = subprocess.Popen([os.environ["MFD_MODEL"], "import", folder + "/model.ckpt"] + files)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds, megabytes = time.monotonic() - start, usage.ru_maxrss / 1024
    print("import: %.2f s, %.0f MiB resident; user and system %.2f s" % (
        seconds, megabytes, usage.ru_utime + usage.ru_stime))
    return status == 0 and seconds < SECONDS and megabytes < MEGABYTES


def measure_first_answer(bundle):
    """From the start of a daemon to the prediction of all tracks, and its memory then."""
    sys.path.insert(0, os.path.join(os.environ["ROOT"], "tests", "http"))
    import harness
    start = time.monotonic()
    daemon = harness.Daemon(models={"big": bundle}, genomes={"region": "region.fa"})
    try:
        answer = daemon.request("POST", "/api/v1/predict", {"intervals": ["region1:30001-30128"], "ensemble": "none"})
        seconds = time.monotonic() - start
        with open("/proc/%d/status" % daemon.process.pid) as f:
            peak = next(int(line.split()[1]) / 1024 for line in f if line.startswith("VmHWM"))
    finally:
        daemon.stop()
    above = peak - os.path.getsize(bundle) / (1 << 20)
    print("first answer: %.2f s after the start, %.0f MiB resident, %.0f above the weights" % (seconds, peak, above))
    return answer.status == 200 and seconds < SECONDS and above < ABOVE_WEIGHTS


def main():
    maker = os.path.join(sys.argv[1], "peers", "make_checkpoint.py")
    if not os.path.exists(maker) or not importlib.util.find_spec("torch"):
        print("skipped: no %s, or no PyTorch" % maker)
        return 77
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, maker, "-o", folder], check=True)
        good = measure_import(folder)
        return int(not (good and measure_first_answer(folder + "/big.mfd")))


sys.exit(main())
