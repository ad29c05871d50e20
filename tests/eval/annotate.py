"""The whole way of a VCF file: `mfd score IN.vcf.gz --output OUT.vcf.gz` through a daemon, and what bcftools, tabix and
`mfd-model score` say of the result. Part of variants.py; wants MFD, MFDD, MFD_MODEL and ROOT in the environment."""
import os
import subprocess
import sys

import kgp
import numpy as np

sys.path.insert(0, os.path.join(os.environ["ROOT"], "tests", "http"))
import harness

UNSCORED = 4  # exit code of mfd where some variants could not be scored


def run(*command):
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    if done.returncode or done.stderr:
        sys.exit("%s: %s" % (" ".join(command), done.stderr))
    return done.stdout


def peak_memory(pid):
    with open("/proc/%d/status" % pid) as f:
        return next(int(line.split()[1]) / 1024 for line in f if line.startswith("VmHWM"))


def check_records(vcf, annotated, folder):
    """Everything but our fields is the input's; the index finds what it should."""
    ours = [line.split('"')[0].split("ID=")[1].split(",")[0] for line in
            run("bcftools", "view", "-h", annotated).splitlines() if line.startswith("##INFO=<ID=MFD_")]
    plain = os.path.join(folder, "plain.vcf")
    run("bcftools", "annotate", "-x", ",".join("INFO/" + field for field in ours), "-o", plain, annotated)
    if run("bcftools", "view", "-H", plain) != run("bcftools", "view", "-H", vcf):
        sys.exit("the annotated records are not the input's")
    run("tabix", "-p", "vcf", annotated)
    place = "chr20:2000000-2010000"
    found, want = (run("bcftools", "query", "-f", "%CHROM\t%POS\t%REF\t%ALT\n", *arguments) for arguments in
                   (("-r", place, annotated), ("-t", place, vcf)))
    if found != want or not found:
        sys.exit("the index does not find what it should")
    return ours


def check_effects(annotated, logits, tracks):
    """The largest effect of each variant, as `mfd-model score` computes it."""
    rows = [line.split("\t") for line in run("bcftools", "query", "-f", "%MFD_STATUS\t%MFD_TRACK\t%MFD_EFFECT\n",
                                             annotated).splitlines()]
    if len(rows) != len(logits):
        sys.exit("%d records, %d variants" % (len(rows), len(logits)))
    index, worst, scored = {t: i for i, t in enumerate(tracks)}, 0.0, 0
    for (status, track, effect), values in zip(rows, logits):
        if (status == "ok") != bool(np.isfinite(values[0])):
            sys.exit("%s, and yet %s" % (status, values[0]))
        if status == "ok":
            largest = np.abs(values).max()
            worst = max(worst, abs(float(effect) - values[index[track]]), largest - abs(float(effect)))
            scored += 1
    if worst > 1e-6:
        sys.exit("the effects differ from those of mfd-model by %g" % worst)
    return scored, worst


def annotate(genome, vcf, logits, tracks, folder):
    bundle, out = os.path.join(harness.DEMO, "demo.mfd"), os.path.join(folder, "annotated.vcf.gz")
    daemon = harness.Daemon(models={"chr20": bundle}, genomes={"GRCh37": genome})
    try:
        code, wall, _, client = kgp.measured(
            [os.environ["MFD"], "score", vcf, "--ensemble", "published", "--top", "1", "--components",
             "total,biological,technical", "--output", out, "--server", "http://127.0.0.1:%d" % daemon.port, "--quiet"])
        server = peak_memory(daemon.process.pid)
    finally:
        daemon.stop()
    if code != UNSCORED:
        sys.exit("mfd score ended with %d" % code)
    fields = check_records(vcf, out, folder)
    scored, worst = check_effects(out, logits, tracks)
    print("\nThrough a daemon into an annotated VCF (%s): %d variants, %d scored, %.1f s, %.0f a second; peak memory %.0f "
          "MiB, of the client %.0f MiB; within %.1g of mfd-model's. bcftools view, query and annotate and tabix take it."
          % (", ".join(fields), len(logits), scored, wall, len(logits) / wall, server, client, worst))
