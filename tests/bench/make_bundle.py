"""A bundle of any size with random weights and made-up experiments, for benches: the published size by default.

    make_bundle.py [--channels 768] [--tracks 2106] -o big.mfd

What it writes is proto/bundle.md, by other means than the importer's."""
import argparse
import hashlib
import json
import struct

import numpy as np

ORGANS = ["heart", "liver", "lung", "brain", "colon,intestine", "spleen", "stomach", "adrenal gland,endocrine gland"]
TARGETS = ["CTCF", "Accessible DNA", "H3K27ac", "H3K27me3", "H3K36me3", "H3K4me1", "H3K4me3", "H3K9me3"]
ASSAYS = ["TF ChIP-seq", "DNase-seq", "Histone ChIP-seq"]
MAPPING = {
    "Biosample_term_name": {"type": "category", "intermediate": "embed", "intermediate_dim": 96},
    "Biosample_organ_slims": {"type": "category", "intermediate": "rescale_indep"},
    "proc_target": {"type": "category", "intermediate": "rescale_indep"},
    "proc_Assay_lvl1": {"type": "category", "intermediate": "rescale_indep"},
    "Library_lab": {"type": "category", "intermediate": "rescale_indep"},
    "Experiment_date_released": {"type": "date.year", "intermediate": "linear", "intermediate_dim": 8},
    "frip": {"type": "float", "intermediate": "linear", "intermediate_dim": 4},
    "biological_features": {"direct": {"variables": ["proc_target"]}, "interact": {
        "variables": ["Biosample_term_name", "Biosample_organ_slims"], "out_dim": 256}},
    "technical_features": {"direct": {"variables": ["proc_Assay_lvl1"]}, "interact": {
        "variables": ["proc_Assay_lvl1", "Library_lab", "Experiment_date_released", "frip"], "out_dim": 128}}}
LENGTH, ORDER, TOWER, DILATED = 2176, 2, 6, 2


def experiments(n, rng):
    """Cells by column."""
    organ, target = rng.integers(0, len(ORGANS), n), rng.integers(0, len(TARGETS), n)
    return {
        "File_accession": ["ENCFF%05dAA" % i for i in range(n)],
        "Biosample_term_name": ["%s sample %d" % (ORGANS[o].split(",")[0], k)
                                for o, k in zip(organ, rng.integers(0, 25, n))],
        "Biosample_organ_slims": [ORGANS[o] for o in organ],
        "Biosample_organism": ["Homo sapiens"] * n,
        "proc_target": [TARGETS[t] for t in target],
        "proc_Assay_lvl1": [ASSAYS[min(t, 2)] for t in target],
        "Library_lab": ["/labs/%d/" % k for k in rng.integers(0, 12, n)],
        "Experiment_date_released": ["%d-06-01" % y for y in rng.integers(2011, 2022, n)],
        "frip": ["%.4f" % x for x in rng.random(n)],
        "description": ["experiment %d of batch %d" % (i, i // 7) for i in range(n)]}


def coded(cells, kind):
    """(inputs, entry of `fields`) of a column, as the public code codes it."""
    if kind == "float":
        x = np.array(cells, dtype=float)
        return ((x - x.mean()) / x.std())[:, None], {"mean": x.mean(), "sd": x.std()}
    if kind == "date.year":
        cells = [c[:4] for c in cells]
    split = [c.split(",") for c in cells]
    labels = sorted({label for row in split for label in row})
    place = {label: i for i, label in enumerate(labels)}
    x = np.zeros((len(cells), len(labels)))
    for r, row in enumerate(split):
        x[r, [place[label] for label in row]] = 1
    return x, {"labels": labels}


class Network(dict):
    """Tensors by the names of a state_dict."""
    def __init__(self, rng):
        super().__init__()
        self.rng = rng

    def normal(self, name, *shape, scale=None):
        self[name] = self.rng.standard_normal(shape) * (scale or max(1, np.prod(shape[1:])) ** -.5)

    def norm(self, name, n):
        self[name + ".weight"], self[name + ".bias"] = self.rng.random(n) + .5, self.rng.standard_normal(n) * .1
        self[name + ".running_mean"], self[name + ".running_var"] = np.zeros(n), self.rng.random(n) + .5

    def block(self, name, cin, cout, width):
        self.norm(name + ".conv1d_block.0", cin)
        self.normal(name + ".conv1d_block.2.weight", cout, cin, width)

    def linear(self, name, cin, cout):
        self.normal(name + ".weight", cout, cin)
        self.normal(name + ".bias", cout, scale=.1)

    def trunk(self, c):
        half = c // 2
        widths = [int(half * 2 ** (i / TOWER) + 1e-9) for i in range(TOWER + 1)]
        self.normal("model.0.0.weight", half, 4 ** ORDER, 15)
        self.normal("model.0.0.bias", half, scale=.1)
        self.block("model.0.1", half, half, 1)
        for i in range(TOWER):
            self.block("model.1.tower.%d.0" % i, widths[i], widths[i + 1], 5)
            self.block("model.1.tower.%d.1" % i, widths[i + 1], widths[i + 1], 1)
        for i in range(DILATED):
            self.block("model.2.dilatedresidualblock.%d.conv1d_block_1" % i, c, c, 3)
            self.block("model.2.dilatedresidualblock.%d.conv1d_block_2" % i, c, c, 1)
        self.block("model.4", c, 2 * c, 1)
        self.norm("bn_features", 2 * c)

    def column(self, name, spec, x):
        """Returns the width that the column contributes."""
        n, m = x.shape[1], spec.get("intermediate_dim", x.shape[1])
        self[name + ".var_vals"] = x
        if spec["intermediate"] == "rescale_indep":
            self[name + ".embedding.weights"] = self.rng.random(n) + .5
        elif spec["intermediate"] == "linear":
            self.linear(name + ".embedding", n, m)
        else:
            for i, (a, b) in enumerate(((n, 2 * m), (2 * m, 2 * m), (2 * m, m))):
                self.linear(name + ".embedding.%d" % (2 * i), a, b)
        return m

    def group(self, name, width, values):
        spec, prefix = MAPPING[name + "_features"], "metadata_embedding.embedding_%s." % name
        direct, interact = spec["direct"]["variables"], spec["interact"]["variables"]
        m = {c: self.column(prefix + "column_embeddings." + c, MAPPING[c], values[c]) for c in {*direct, *interact}}
        hidden = 2 * spec["interact"]["out_dim"]
        sizes = (sum(m[c] for c in interact), hidden, hidden, width - sum(m[c] for c in direct))
        for i in range(3):
            self.linear(prefix + "mapping_interact.%d" % (2 * i), sizes[i], sizes[i + 1])


def alignment(array):
    return array.nbytes & -array.nbytes


def write(path, texts, tensors):
    arrays = {name: np.ascontiguousarray(x, dtype="<f4") for name, x in tensors.items()}
    names = sorted(arrays, key=lambda name: -min(64, alignment(arrays[name]))) # stable, as in the bundle's own order
    header, at = {"__metadata__": texts}, 0
    for name in names:
        end = at + arrays[name].nbytes
        header[name] = {"dtype": "F32", "shape": arrays[name].shape, "data_offsets": [at, end]}
        at = end
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-(8 + len(text)) % 64)
    parts = [struct.pack("<Q", len(text)), text] + [arrays[name].tobytes() for name in names]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    with open(path, "wb") as f:
        f.write(parts[0] + text.replace(b"0" * 64, digest.hexdigest().encode(), 1))
        f.writelines(parts[2:])


def make(path, channels=768, tracks=2106, seed=1):
    rng = np.random.default_rng(seed)
    cells, net = experiments(tracks, rng), Network(rng)
    columns = [c for c in MAPPING if not c.endswith("_features")]
    values, fields = {}, []
    for c in columns:
        values[c], entry = coded(cells[c], MAPPING[c]["type"])
        fields.append({"name": c, **entry})
    net.trunk(channels)
    net["bias"] = rng.standard_normal(tracks) - 2
    net.group("biological", channels, values)
    net.group("technical", channels, values)
    config = {"model_class": "IEAquaticDilated", "n_classes": tracks, "seq_len": LENGTH, "seq_order": ORDER,
              "C": channels, "C_embed": 2 * channels, "L1": TOWER, "L2": DILATED, "D": 1.5, "crop": 8,
              "activation": "gelu", "tower_kernel_size": 5, "biological_subspace_ratio": .5,
              "biological_subspace_n": None, "technical_subspace_n": None, "learn_signal_to_noise": False,
              "linearly_embed_direct_features": False, "ignore_classes": []}
    table = [{"name": c, "cells": x, **({"numeric": True} if c == "frip" else {})} for c, x in cells.items()]
    write(path, {"format": "mfd-bundle", "format_version": "1", "sha256": "0" * 64, "config": json.dumps(config),
                 "mapping": json.dumps(MAPPING),
                 "tracks": json.dumps({"ids": cells["File_accession"], "columns": table}),
                 "fields": json.dumps(fields), "provenance": json.dumps({"tool": "make_bundle.py"})}, net)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--channels", type=int, default=768)
    parser.add_argument("--tracks", type=int, default=2106)
    parser.add_argument("-o", "--out", required=True)
    given = parser.parse_args()
    make(given.out, given.channels, given.tracks)
