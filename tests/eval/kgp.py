"""The variants of the 1000 Genomes Project that lie beside the repository, and the chromosome that they are on."""
import gzip
import os
import shutil
import subprocess
import sys
import tempfile
import time

CHROMOSOME = "/usr/share/doc/vt/examples/ref/20.fa.gz"  # of Debian's vt-examples


def variants(shared):
    return os.path.join(shared, "data", "variants", "kgp_chr20_1-4Mb.reference.sites.vcf.gz")


def need(*things):
    """Leave with 77 where a file or a program is not here."""
    for thing in things:
        if not (os.path.exists(thing) if "/" in thing else shutil.which(thing)):
            print("skipped: %s is not here" % thing)
            sys.exit(77)


def chromosome(folder):
    """An indexed FASTA file of chromosome 20 of GRCh37."""
    path = os.path.join(folder, "20.fa")
    with gzip.open(CHROMOSOME) as f, open(path, "wb") as g:
        shutil.copyfileobj(f, g, 1 << 20)
    subprocess.run(["samtools", "faidx", path], check=True)
    return path


def records(vcf):
    """Columns of each record and its INFO as a dictionary."""
    with gzip.open(vcf, "rt") as f:
        for line in f:
            if line[0] != "#":
                cells = line.rstrip("\n").split("\t")
                yield cells, dict(pair.split("=", 1) for pair in cells[7].split(";") if "=" in pair)


def measured(command, **more):
    """Run a command; its exit code, wall-clock and processor seconds, and resident memory at its peak in MiB. A process
    between keeps ours out of the last figure, which a child inherits."""
    with tempfile.NamedTemporaryFile("r") as figures:
        subprocess.run([sys.executable, "-B", os.path.abspath(__file__), figures.name, *command], check=True, **more)
        code, *others = figures.read().split()
        return int(code), *map(float, others)


def measure(path, command):
    start = time.monotonic()
    with subprocess.Popen(command) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    with open(path, "w") as f:
        print(process.returncode, time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024,
              file=f)


if __name__ == "__main__":
    measure(sys.argv[1], sys.argv[2:])
