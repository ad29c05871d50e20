"""The demo's bundle is what its checkpoint is imported to, with a background and a card beside it.

    demo.py MFD_MODEL CHR20 BUNDLE

Every tensor and every text of a fresh import is in BUNDLE byte for byte; what BUNDLE has besides is what
deploy/demo/make-bundle adds (tests/eval/variants.py makes it again)."""
import json
import os
import subprocess
import sys
import tempfile


def read(path):
    """Of a safetensors file: texts, and bytes and shape of each tensor."""
    with open(path, "rb") as f:
        data = f.read()
    size = int.from_bytes(data[:8], "little")
    header, block = json.loads(data[8:8 + size]), data[8 + size:]
    texts = header.pop("__metadata__")
    return texts, {name: (t["dtype"], t["shape"], block[slice(*t["data_offsets"])]) for name, t in header.items()}


def main():
    program, case, bundle = sys.argv[1:]
    subprocess.run([program, "verify", bundle], check=True)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "plain.mfd")
        subprocess.run([program, "import", case + "/model.ckpt", "--mapping", case + "/mapping.yaml", "--metadata",
                        case + "/metadata.tsv", "-o", path], check=True)
        plain, demo = read(path), read(bundle)
    plain[0].pop("sha256"), demo[0].pop("sha256")
    differ = [name for ours, theirs in zip(plain, demo) for name in ours if ours[name] != theirs.get(name)]
    added = sorted(name for ours, theirs in zip(plain, demo) for name in theirs if name not in ours)
    wanted = ["background.effect", "background.probability", "background_source", "background_variants",
              "card"]
    if differ or added != wanted:
        sys.exit("run deploy/demo/make-bundle: the demo's bundle differs in %s and adds %s" % (differ, added))


main()
