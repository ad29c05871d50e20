"""One experiment whose peaks were called twice, strictly and loosely, is one biology and two techniques.

    pairs.py MFD_MODEL PAIRS BUNDLE WINDOWS

Weights of the demo's 74 such pairs (NAME and NAME_relaxed) and their predictions of real windows: the biological part
must be the same, the technical one must differ."""
import json
import os
import subprocess
import sys
import tempfile

import numpy as np


def weights(pairs, bundle):
    """Cosine and distance, biological and technical: of each pair, and the mean of all pairs of tracks."""
    lines = [line.split("\t") for line in subprocess.check_output([pairs, bundle], text=True).splitlines()]
    values = {name: np.array(x, float) for name, *x in lines}
    return values.pop("all"), values


def predictions(program, bundle, windows, folder):
    subprocess.run([program, "predict", bundle, "--sequences", windows, "--ensemble", "strands", "--out", folder],
                   check=True, stderr=subprocess.DEVNULL)
    return [np.load(os.path.join(folder, name + ".npy"))
            for name in ("logits_biological", "logits_technical", "logits")]


def tracks(bundle):
    """Identifiers in the order of the outputs' columns."""
    with open(bundle, "rb") as f:
        size = int.from_bytes(f.read(8), "little")
        header = json.loads(f.read(size))
    return json.loads(header["__metadata__"]["tracks"])["ids"]


def main():
    program, pairs, bundle, windows = sys.argv[1:]
    every, ours = weights(pairs, bundle)
    table = np.array(list(ours.values()))
    print("%d experiments called twice: weights of strict and loose calls" % len(ours))
    print("\tbiological cosine\tdistance\ttechnical cosine\tdistance")
    for name, x in (("mean of them", table.mean(0)), ("least", table.min(0)), ("most", table.max(0)),
                    ("mean of all pairs of tracks", every)):
        print("\t".join([name] + ["%.6f" % v for v in x]))
    ids = tracks(bundle)
    strict = [ids.index(name) for name in ours]
    loose = [ids.index(name + "_relaxed") for name in ours]
    print("Their logits in %s: mean and largest absolute difference" % os.path.basename(windows))
    with tempfile.TemporaryDirectory() as folder:
        apart = [np.abs(x[:, strict] - x[:, loose]) for x in predictions(program, bundle, windows, folder)]
    for name, x in zip(("biological", "technical", "total, with the bias"), apart):
        print("%s\t%.6f\t%.6f" % (name, x.mean(), x.max()))
    same = table[:, 1].max() <= 1e-6 and apart[0].max() <= 1e-6
    differ = table[:, 3].min() > 0.1 * every[3] and apart[1].max(0).min() > 0.001
    sys.exit(not (len(ours) == 74 and same and differ))


main()
