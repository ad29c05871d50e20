"""A whole chromosome in one job: how long it takes, in how much memory, and that it is what single requests say.

    MFDD=... MFD_MODEL=... ROOT=... chromosome.py [--bundle FILE] [--bases N]

Every bin of chromosome 20 of GRCh37 (of Debian's vt-examples), or of its first N bases, whose window does not leave it,
as a bedGraph file of one track: 492,370 windows. The daemon's memory is read four times a second. It must not grow while the job goes on, and above the
loaded daemon it takes at most 400 MiB. Prints a line of JSON. Leaves with 77 where the chromosome is not there."""
import argparse
import json
import os
import random
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../http")]
import kgp

BIN = 128
FIRST = 1024        # windows reach 1024 bases to the left of their bin,
FLANK = 1024 + 1    # and as many to its right, and one more for pairs of bases
MOST_BINS = 4096    # of an interval, as the daemon has it unless told otherwise
MOST = 400          # MiB above the loaded daemon
SPARE = 24          # MiB that the last half may take more than the first quarter
ASKED_AGAIN = 40    # intervals


def fail(text):
    sys.exit("chromosome.py: " + text)


def intervals(first, last):
    """Objects whose bins are those from one base to another, none twice."""
    size = MOST_BINS * BIN
    return [{"chrom": "20", "start": at, "end": min(at + size, last)} for at in range(first, last, size)]


def follow(daemon, job):
    """(seconds, share of its items done, MiB) while it runs."""
    start, seen = time.monotonic(), []
    while True:
        state = daemon.request("GET", "/api/v1/jobs/" + job, check=False).json()
        progress = state["progress"]
        done = progress["done"] / progress["items"]
        seen.append((time.monotonic() - start, done, daemon.resident() / 2**20))
        if state["state"] not in ("queued", "running"):
            if state["state"] != "done":
                fail("the job ended as %s" % json.dumps(state))
            return seen
        time.sleep(.25)


def bins_of(text):
    """Start of each line, and the value as it is written."""
    lines = [line.split("\t") for line in text.splitlines() if line and line[0] not in "#tb"]
    return {int(start): (int(end), value) for _, start, end, value in lines}


def hold(daemon, request, text, first, last):
    """What the file says, against requests for one interval each."""
    whole = bins_of(text)
    if list(whole) != list(range(first, last, BIN)):
        fail("%d bins, not %d, or not in their order" % (len(whole), (last - first) // BIN))
    rng = random.Random(20)
    for _ in range(ASKED_AGAIN):
        at = rng.randrange(first // BIN, last // BIN - 30) * BIN
        one = {**request, "intervals": [{"chrom": "20", "start": at, "end": at + 30 * BIN}]}
        answer = daemon.request("POST", "/api/v1/predict?format=bedgraph", one)
        if answer.status != 200:
            fail("%d: %s" % (answer.status, answer.body[:300]))
        for start, said in bins_of(answer.body.decode()).items():
            if whole[start] != said:
                fail("20:%d is %s in the job, %s alone" % (start, whole[start], said))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle")
    parser.add_argument("--bases", type=int)
    options = parser.parse_args()
    kgp.need(kgp.CHROMOSOME, "samtools")
    import harness

    with tempfile.TemporaryDirectory() as folder:
        fasta = kgp.chromosome(folder)
        with open(fasta + ".fai", encoding="ascii") as f:
            length = int(f.readline().split()[1])
        last = min(options.bases or length, (length - FLANK) // BIN * BIN) // BIN * BIN
        windows = (last - FIRST) // BIN
        daemon = harness.Daemon(models={"m": os.path.abspath(options.bundle) if options.bundle else "chr20"},
                                genomes={"GRCh37": fasta})
        track = daemon.request("GET", "/api/v1/models/m/tracks?limit=1").json()["tracks"][0]["id"]
        request = {"tracks": {"ids": [track]}, "ensemble": "none"}
        near = {**request, "intervals": [{"chrom": "20", "start": 60000, "end": 60001}]}
        daemon.request("POST", "/api/v1/predict", near)
        loaded = daemon.resident() / 2**20
        body = {"operation": "predict", "request": {**request, "intervals": intervals(FIRST, last)}}
        answer = daemon.request("POST", "/api/v1/jobs?format=bedgraph", body)
        if answer.status != 202:
            fail("%d: %s" % (answer.status, answer.body))
        job = answer.json()["id"]
        seen = follow(daemon, job)
        result = daemon.request("GET", "/api/v1/jobs/%s/result" % job, check=False)
        early = max(m for _, done, m in seen if done <= .25)
        late = max(m for _, done, m in seen if done >= .5)
        peak, seconds = max(m for _, _, m in seen), seen[-1][0]
        print(json.dumps({"bases": last - FIRST, "windows": windows, "seconds": round(seconds, 1),
                          "ms_a_window": round(1e3 * seconds / windows, 4), "loaded_mib": round(loaded),
                          "peak_mib": round(peak), "first_quarter_mib": round(early), "last_half_mib": round(late),
                          "result_bytes": len(result.body)}))
        hold(daemon, request, result.body.decode(), FIRST, last)
        daemon.stop()
        if peak > loaded + MOST:
            fail("it took %.0f MiB above the loaded daemon" % (peak - loaded))
        if late > early + SPARE:
            fail("memory grows with the job")


if __name__ == "__main__":
    main()
