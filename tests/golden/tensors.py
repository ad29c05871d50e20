"""Writes tests/golden/data/CASE/tensors.tsv with PyTorch: name, shape and SHA-256 of every float32
tensor of a checkpoint, for test_checkpoint.c. torch.load executes what a checkpoint says: only for
files you trust.

    /usr/bin/python3 tests/golden/tensors.py tests/golden/data/*/model.ckpt
"""
import hashlib
import os
import sys
import types

import torch


class MetadataLoader:
    """Stands in for the public code's class, of which a checkpoint holds an object."""


MetadataLoader.__module__ = "dataloading.metadata"
for module in ("dataloading", "dataloading.metadata"):
    sys.modules[module] = types.ModuleType(module)
sys.modules["dataloading.metadata"].MetadataLoader = MetadataLoader

for path in sys.argv[1:]:
    state = torch.load(path, map_location="cpu")["state_dict"]
    with open(os.path.join(os.path.dirname(path), "tensors.tsv"), "w") as out:
        for name, tensor in state.items():
            if tensor.dtype == torch.float32:
                digest = hashlib.sha256(tensor.contiguous().numpy().tobytes()).hexdigest()
                shape = ",".join(str(n) for n in tensor.shape)
                out.write("%s\t%s\t%s\n" % (name, shape, digest[:32]))
