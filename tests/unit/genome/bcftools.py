"""Compares our reading and writing of VCF with bcftools: `bcftools.py MODE TOOL SOURCE-ROOT`.

normal    the invented variants of data/, against what bcftools made of them (no bcftools needed)
annotate  what the writer makes of several VCFs: bcftools view and query and tabix take it, and
          everything but our fields is the input's
slow      both with all variants of the 1000 Genomes Project in ../shared, as they are and scrambled, on
          chromosome 20 of Debian's vt-examples
Exit 77 where what it needs is not there."""
import base64
import gzip
import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile

import scramble

FIELDS = "INFO/MFD_STATUS,INFO/MFD_LENGTH,INFO/MFD_TEXT"
CHROMOSOME = "/usr/share/doc/vt/examples/ref/20.fa.gz"

ODD = """##fileformat=VCFv4.3
##INFO=<ID=MFD_STATUS,Number=1,Type=Float,Description="of another program">
##INFO=<ID=AC,Number=A,Type=Integer,Description="count">
##FORMAT=<ID=GT,Number=1,Type=String,Description="genotype">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tone\ttwo
region1\t30\tb\tA\tC,<DEL>,*\t0.123456789\tPASS\tAC=1,2,3;MFD_STATUS=7\tGT\t0/1\t./.
region1\t20\ta\tG\t.\t.\t.\t.\tGT\t0/1\t./.
region1\t20\ta\tG\tT,<NON_REF>\t.\t.\tMFD_STATUS=1\tGT\t0|1\t2/.
region1\t20\ta\tG\tT\t.\tq10\tAC=1;MFD_TEXT=x;END=20\tGT\t0|1\t1/1
region1\t59999\tbnd\tT\tT]region1:5]\t.\t.\tAC=1\tGT\t0/1\t./.
"""


def run(*command, **more):
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False, **more)
    if done.returncode:
        sys.exit("%s failed:\n%s" % (" ".join(command), done.stderr))
    return done.stdout


def need(*things):
    for thing in things:
        if not (os.path.exists(thing) if thing[0] in "/." else shutil.which(thing)):
            print("skipped: %s is not here" % thing)
            sys.exit(77)


def upper(rows):
    return sorted("\t".join(r.split("\t")[:2] + [a.upper() for a in r.split("\t")[2:4]])
                  for r in rows)


def ours(tool, fasta, vcf):
    return upper(run(tool, "normal", fasta, vcf).splitlines())


def compare(what, mine, theirs):
    wrong = [pair for pair in zip(mine, theirs) if pair[0] != pair[1]]
    if wrong or len(mine) != len(theirs) or not mine:
        sys.exit("%s: %d and %d alleles, %d differ, first %s" %
                 (what, len(mine), len(theirs), len(wrong), wrong[:1]))
    print("%s: %d alleles have the normal form of bcftools" % (what, len(mine)))


def bcftools_norm(fasta, vcf):
    normal = run("bcftools", "norm", "-m-any", "-f", fasta, vcf)
    return upper(run("bcftools", "query", "-f", "%CHROM\t%POS\t%REF\t%ALT\n", input=normal)
                 .splitlines())


def write(path, text):
    with (gzip.open(path, "wt") if path.endswith(".gz") else open(path, "w")) as f:
        f.write(text)
    return path


def without_ours(path):
    """Records without our fields, by bcftools."""
    return run("bcftools", "view", "-H", input=run("bcftools", "annotate", "-x", FIELDS, path))


def check_annotated(what, tool, fasta, vcf, folder):
    """Our output is taken by everybody and holds the input's records."""
    for out in (os.path.join(folder, "out.vcf"), os.path.join(folder, "out.vcf.gz")):
        run(tool, "annotate", fasta, vcf, out)
        seen = subprocess.run(["bcftools", "view", out], text=True, capture_output=True, check=True)
        if seen.stderr:
            sys.exit("%s: bcftools view complains: %s" % (what, seen.stderr))
        if without_ours(out) != without_ours(vcf):
            sys.exit("%s: %s does not hold the records of the input" % (what, out))
    rows = run("bcftools", "query", "-f", "%ALT\t%MFD_STATUS\t%MFD_LENGTH\t%MFD_TEXT\n", out)
    for row in rows.splitlines():
        alt, status, length, text = row.split("\t")
        if len({len(x.split(",")) for x in (alt, status, length)} - {1 if length == "." else 0}) > 1:
            sys.exit("%s: not one value an allele: %s" % (what, row))
        if text != "a%3Db%3Bc%2Cd 100%25%3A%09":
            sys.exit("%s: the text became %r" % (what, text))
    print("%s: bcftools takes all %d records" % (what, len(rows.splitlines())))
    return out


def check_tabix(out, fasta_name):
    run("tabix", "-f", "-p", "vcf", out)
    if not run("tabix", out, fasta_name):
        sys.exit("tabix finds nothing in %s" % out)


def copy_region(root, folder):
    for end in ("", ".fai"):
        shutil.copy(os.path.join(root, "tests/golden/data/region.fa" + end), folder)
    return os.path.join(folder, "region.fa")


def mode_normal(tool, root, folder):
    data = os.path.join(root, "tests/unit/genome/data")
    fasta = copy_region(root, folder)
    expected = open(os.path.join(data, "scrambled.normal.tsv")).read().splitlines()
    compare("invented", ours(tool, fasta, os.path.join(data, "scrambled.vcf")), expected)


def mode_annotate(tool, root, folder):
    need("bcftools", "tabix")
    fasta = copy_region(root, folder)
    check_tabix(check_annotated("golden", tool, fasta,
                                os.path.join(root, "tests/golden/data/variants.vcf.gz"), folder),
                "region1")
    odd = write(os.path.join(folder, "odd.vcf"), ODD.replace("##FORMAT", "##contig=<ID=region1>\n"
                "##INFO=<ID=END,Number=1,Type=Integer,Description=\"end\">\n"
                "##INFO=<ID=MFD_TEXT,Number=1,Type=String,Description=\"x\">\n"
                "##FILTER=<ID=q10,Description=\"q\">\n##FORMAT").replace(
                "MFD_STATUS,Number=1,Type=Float", "MFD_STATUS,Number=1,Type=String"))
    check_annotated("odd", tool, fasta, odd, folder)
    bare = write(os.path.join(folder, "bare.vcf.gz"),
                 "##fileformat=VCFv4.2\r\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\r\n"
                 "REGION1\t2\t.\tA\tC\t.\t.\t.\r\n")
    out = os.path.join(folder, "bare.out.vcf.gz")
    run(tool, "annotate", fasta, bare, out)
    if "##contig=<ID=REGION1,length=60000>" not in run("bcftools", "view", "-h", out):
        sys.exit("the contig that the header lacked is not declared")
    check_tabix(out, "REGION1")


def check_digest(tool, fasta, sequence):
    digest = hashlib.sha512(sequence.encode()).digest()[:24]
    expected = [hashlib.md5(sequence.encode()).hexdigest(), digest.hex(),
                "SQ." + base64.urlsafe_b64encode(digest).decode()]
    found = run(tool, "digest", fasta, "NC_000020.10").split()
    if found != expected:
        sys.exit("the digests of chromosome 20 are %s, not %s" % (found, expected))
    print("chromosome 20 is %s" % " ".join(found))


def mode_slow(tool, root, folder):
    variants = os.path.join(root, "../shared/data/variants/kgp_chr20_1-4Mb.%s.sites.vcf.gz")
    need("bcftools", "samtools", "bgzip", "tabix", CHROMOSOME, variants % "reference")
    fasta = os.path.join(folder, "20.fa.gz")
    text = gzip.open(CHROMOSOME, "rt").read().replace(">20", ">chr20", 1)
    write_bgzip(fasta, text)
    run("samtools", "faidx", fasta)
    sequence = "".join(text.split("\n")[1:]).upper()
    check_digest(tool, fasta, sequence)
    rng = random.Random(1)
    for kind in ("reference", "unphased"):
        compare(kind, ours(tool, fasta, variants % kind), bcftools_norm(fasta, variants % kind))
        lines = [["##fileformat=VCFv4.2\n##contig=<ID=chr20>\n#CHROM", "POS", "ID", "REF", "ALT",
                  "QUAL", "FILTER", "INFO"]]
        for row in gzip.open(variants % kind, "rt"):
            if row[0] != "#":
                chrom, pos, name, ref, alt = row.split("\t")[:5]
                pos, ref, alt = scramble.scramble(sequence, int(pos) - 1, ref, alt, rng)
                lines.append([chrom, str(pos + 1), name, ref, alt, ".", ".", "."])
        moved = write(os.path.join(folder, "moved.vcf"),
                      "".join("\t".join(line) + "\n" for line in lines))
        compare(kind + " scrambled", ours(tool, fasta, moved), bcftools_norm(fasta, moved))
        check_tabix(check_annotated(kind, tool, fasta, variants % kind, folder), "chr20")


def write_bgzip(path, text):
    with open(path, "wb") as f:
        subprocess.run(["bgzip", "-c"], input=text.encode(), stdout=f, check=True)


def main():
    mode, tool, root = sys.argv[1:]
    modes = {"normal": mode_normal, "annotate": mode_annotate, "slow": mode_slow}
    with tempfile.TemporaryDirectory() as folder:
        modes[mode](tool, root, folder)


main()
