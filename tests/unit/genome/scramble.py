"""Variants of a reference in ways that are not normal: padded on either side, moved within repeats, in
lower case, several alleles in one record. Also run as `scramble.py FASTA COUNT SEED > VCF`, which wrote
data/scrambled.vcf; data/scrambled.normal.tsv is what `bcftools norm -m-any -f` made of it."""
import random
import sys


def read_fasta(path):
    name, parts = None, []
    for line in open(path, encoding="ascii"):
        if line[0] != ">":
            parts.append(line.strip())
        elif name:
            break
        else:
            name = line[1:].split()[0]
    return name, "".join(parts).upper()


def move_right(sequence, pos, deleted, inserted, rng):
    """A pure insertion or deletion somewhere in the stretch where it may stand."""
    steps = rng.choice((0, 1, 2, 3, 10 ** 9))
    while steps and pos + len(deleted) < len(sequence):
        unit = deleted or inserted
        if sequence[pos + len(deleted)] != unit[0]:
            break
        unit = unit[1:] + unit[0]
        deleted, inserted = (unit, "") if deleted else ("", unit)
        pos, steps = pos + 1, steps - 1
    return pos, deleted, inserted


def scramble(sequence, pos, ref, alt, rng):
    """The same change (pos 0-based) written in another way: pos, ref, alt."""
    while ref and alt and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while ref and alt and ref[0] == alt[0]:
        ref, alt, pos = ref[1:], alt[1:], pos + 1
    if not ref or not alt:
        pos, ref, alt = move_right(sequence, pos, ref, alt, rng)
    left, right = rng.choice((0, 0, 1, 4)), rng.choice((0, 0, 1, 7))
    if (not ref or not alt) and left + right == 0:
        left = 1
    left = min(left, pos)
    right = max(right, 1) if left == 0 and not (ref and alt) else right
    before, after = sequence[pos - left:pos], sequence[pos + len(ref):pos + len(ref) + right]
    ref, alt, pos = before + ref + after, before + alt + after, pos - left
    return (pos, ref.lower(), alt.lower()) if rng.random() < 0.1 else (pos, ref, alt)


def invent(sequence, rng):
    """A change somewhere, more often than not in a repeat: pos, ref, alt; either allele may be empty."""
    pos, n = rng.randrange(1, len(sequence) - 60), rng.choice((1, 1, 2, 3, 4, 8, 20))
    here, bases = sequence[pos:pos + n], "".join(rng.choice("ACGT") for _ in range(n))
    kind = rng.randrange(6)
    if kind == 0:
        return pos, sequence[pos], rng.choice([b for b in "ACGT" if b != sequence[pos]])
    if kind == 1:
        return pos, here, ""
    if kind == 2:
        return pos, "", here
    if kind == 3:
        return pos, "", here * rng.choice((2, 3))
    if kind == 4:
        return pos, "", bases
    return pos, here, bases if bases != here else bases[1:]


def repeats(sequence, rng):
    """Places of runs of one to four bases, to be sure of some."""
    found = [i for i in range(1, len(sequence) - 60) for n in (1, 2, 3, 4)
             if sequence[i:i + 5 * n] == sequence[i:i + n] * 5]
    rng.shuffle(found)
    return found


def records(sequence, count, seed):
    rng = random.Random(seed)
    places = repeats(sequence, rng)
    for i in range(count):
        pos, ref, alt = invent(sequence, rng)
        if i % 2 and places:
            pos = places[i // 2 % len(places)]
            n = rng.choice((1, 2, 3, 4))
            ref, alt = (sequence[pos:pos + n], "") if rng.random() < 0.5 else \
                ("", sequence[pos:pos + n])
        pos, ref, alt = scramble(sequence, pos, ref, alt, rng)
        if rng.random() < 0.15:  # another allele of the same REF
            alt += "," + ref + rng.choice("ACGT")
        yield pos + 1, ref, alt


def main():
    name, sequence = read_fasta(sys.argv[1])
    print("##fileformat=VCFv4.2\n##contig=<ID=%s,length=%d>" % (name, len(sequence)))
    print("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO")
    for pos, ref, alt in records(sequence, int(sys.argv[2]), int(sys.argv[3])):
        print("%s\t%d\t.\t%s\t%s\t.\t.\t." % (name, pos, ref, alt))


if __name__ == "__main__":
    main()
