"""The disentanglement card once more, in NumPy.

    card_twin.py MFD_MODEL CASE          compare with mfd-model card
    card_twin.py MFD_MODEL CASE --write  write CASE's expected/card.json anew

Features and logits are those that `mfd-model predict` gives for the forward strands of windows cut from
tests/golden/data/region.fa; what follows is computed here by other means (SVD of the data instead of
eigenvectors of its products, logits instead of covariances)."""
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

COMPONENTS, CLIP, RIDGE, SEED, WINDOWS, STEP = 8, 3.0, 1.0, 1, 160, 360
MASK = (1 << 64) - 1


def cut_windows(fasta, out, length):
    sequence = "".join(line.strip() for line in open(fasta) if line[0] != ">")
    with open(out, "w") as f:
        for i in range(WINDOWS):
            f.write(">%d\n%s\n" % (i, sequence[i * STEP:i * STEP + length]))


def shuffled(n, state):
    order = list(range(n))
    for i in range(n, 1, -1):
        state = state + 0x9e3779b97f4a7c15 & MASK
        z = state
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9 & MASK
        z = (z ^ z >> 27) * 0x94d049bb133111eb & MASK
        j = (z ^ z >> 31) % i
        order[i - 1], order[j] = order[j], order[i - 1]
    return np.array(order)


def basis(z):
    """Orthonormal columns that span z, without directions of next to no variance."""
    u, s, _ = np.linalg.svd(z, full_matrices=False)
    return u[:, s ** 2 > 1e-7 * s[0] ** 2]


def components(z, train):
    mean = z[:train].mean(0)
    _, s, vt = np.linalg.svd(z[:train] - mean, full_matrices=False)
    out = (z - mean) @ vt[:COMPONENTS].T / (s[:COMPONENTS] / np.sqrt(train))
    return np.clip(out, -CLIP, CLIP)


def inputs(p, q):
    def of(p, q):
        first = p[:, :, None] * q[:, None, :]
        second = (p ** 2 - 1)[:, :, None] * (q ** 2 - 1)[:, None, :]
        return np.stack([first, second], -1).reshape(len(p), -1)
    x = np.concatenate([of(p, q), of(p, np.roll(q, -1, 0))])
    return np.c_[x, np.ones(len(x))], np.repeat([1.0, 0.0], len(p))


def fit(x, y):
    """Newton's method for logistic regression with a ridge on all but the constant."""
    ridge = np.r_[np.full(x.shape[1] - 1, RIDGE), 1e-9]
    w = np.zeros(x.shape[1])

    def loss(w):
        return np.logaddexp(0, np.where(y > 0, -1, 1) * (x @ w)).sum() + (ridge * w * w).sum() / 2
    for _ in range(100):
        p = 1 / (1 + np.exp(-x @ w))
        step = np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + np.diag(ridge), x.T @ (p - y) + ridge * w)
        size = 1.0
        while loss(w - size * step) > loss(w) and size > 1e-9:
            size /= 2
        w = w - size * step
        if np.abs(size * step).max() < 1e-10:
            break
    return w


def classify(x, y):
    n, train = len(x), len(x) // 2
    order = shuffled(n, SEED)
    p, q = components(x[order], train), components(y[order], train)
    w = fit(*inputs(p[:train], q[:train]))
    rows, truth = inputs(p[train:], q[train:])
    return float(((rows @ w > 0) == (truth > 0)).mean())


def card(bio, tech, logits_bio, logits_tech):
    x, y = [(f - f.mean(0)) / f.std(0) for f in (bio, tech)]
    cross = x.T @ y / len(x)
    a, b = basis(x), basis(y)
    canonical = np.minimum(1, np.linalg.svd(a.T @ b, compute_uv=False))
    vb, vt = logits_bio.var(0), logits_tech.var(0)
    both = 2 * ((logits_bio - logits_bio.mean(0)) * (logits_tech - logits_tech.mean(0))).mean(0)
    return {"norm": np.linalg.norm(cross), "mean_absolute": np.abs(cross).mean(),
            "rank_biological": a.shape[1], "rank_technical": b.shape[1],
            "trivial": max(0, a.shape[1] + b.shape[1] - (len(x) - 1)),
            "canonical_mean": canonical.mean(), "canonical": list(canonical),
            "accuracy": classify(x, y), "biological": vb.mean(), "technical": vt.mean(),
            "covariance": both.mean(), "total": (logits_bio + logits_tech).var(0).mean(),
            "share": list(vb / (vb + vt))}


def flatten(c):
    """mfd-model's card, in the twin's words."""
    return {"norm": c["cross_covariance"]["norm"], "mean_absolute": c["cross_covariance"]["mean_absolute"],
            "rank_biological": c["canonical_correlations"]["rank_biological"],
            "rank_technical": c["canonical_correlations"]["rank_technical"],
            "trivial": c["canonical_correlations"]["trivial"],
            "canonical_mean": c["canonical_correlations"]["mean"],
            "canonical": c["canonical_correlations"]["values"], "accuracy": c["classifier"]["accuracy"],
            **{k: c["variance"]["mean"][k] for k in ("biological", "technical", "covariance", "total")},
            "share": [t["share"] for t in c["variance"]["tracks"]]}


def compare(name, got, want):
    got, want = np.ravel(got), np.ravel(want)
    if got.shape != want.shape:
        sys.exit("%s: %d numbers, not %d" % (name, got.size, want.size))
    worst = np.abs(got - want).max()
    print("%-16s %.6g, largest difference %.2g" % (name, want[0], worst))
    return worst <= (1e-4 if name == "canonical" else 2e-5)


def main():
    program, case = sys.argv[1:3]
    region = os.path.join(case, "..", "region.fa")
    with tempfile.TemporaryDirectory() as folder:
        bundle, windows, out = [os.path.join(folder, n) for n in ("case.mfd", "windows.fa", "out")]
        subprocess.run([program, "import", case + "/model.ckpt", "--mapping", case + "/mapping.yaml",
                        "--metadata", case + "/metadata.tsv", "-o", bundle], check=True)
        info = json.loads(subprocess.check_output([program, "inspect", bundle, "--json"]))
        cut_windows(region, windows, info["sizes"]["window"])
        got = flatten(json.loads(subprocess.check_output(
            [program, "card", bundle, "--sequences", windows, "--seed", str(SEED), "--json"])))
        subprocess.run([program, "predict", bundle, "--sequences", windows, "--ensemble", "none", "--out", out],
                       check=True)
        want = card(*[np.load(os.path.join(out, n + ".npy")).astype(np.float64) for n in
                      ("features_biological", "features_technical", "logits_biological", "logits_technical")])
    if "--write" in sys.argv:
        with open(os.path.join(case, "expected", "card.json"), "w") as f:
            json.dump({k: [round(float(x), 7) for x in np.ravel(v)] for k, v in want.items()}, f)
            f.write("\n")
    sys.exit(not all([compare(k, got[k], want[k]) for k in want]))


main()
