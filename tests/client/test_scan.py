"""ism: the effect of every substitution, in rows, documents and pictures."""

import collections
import itertools
import json
import os
import struct
import tempfile
import unittest
import zlib
from xml.etree import ElementTree

from daemon import Daemon, number
from fake import Fake
from tool import Case, mfd, sent

# ColorBrewer's RdBu, blue first, as the pictures are coloured
SCALE = [bytes.fromhex(c) for c in "053061 2166ac 4393c3 92c5de d1e5f0 f7f7f7 fddbc7 f4a582 d6604d b2182b 67001f".split()]


def colour(t):
    """Of t in -1..1."""
    at = (t + 1) * 5
    i = min(int(at), 9)
    return tuple(round(a + (b - a) * (at - i)) for a, b in zip(SCALE[i], SCALE[i + 1]))


def pixels(path):
    """How often each colour is in an RGB PNG (ISO/IEC 15948), by hand: no library is asked for."""
    with open(path, "rb") as file:
        data = file.read()
    at, packed = 8, b""
    while at < len(data):
        n, kind = struct.unpack(">I4s", data[at:at + 8])
        if kind == b"IHDR":
            width, height, depth, colours = struct.unpack(">IIBB", data[at + 8:at + 18])
        packed += data[at + 8:at + 8 + n] if kind == b"IDAT" else b""
        at += 12 + n
    assert (depth, colours) == (8, 2), (depth, colours)
    raw, line, before, counts = zlib.decompress(packed), None, bytearray(3 * width), collections.Counter()
    for y in range(height):
        kind, line = raw[y * (3 * width + 1)], bytearray(raw[y * (3 * width + 1) + 1:(y + 1) * (3 * width + 1)])
        for i in range(3 * width if kind else 0):
            a, b, c = (line[i - 3], before[i], before[i - 3]) if i > 2 else (0, before[i], 0)
            nearest = min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))[2]
            line[i] = (line[i] + (0, a, b, (a + b) // 2, nearest)[kind]) & 255
        counts.update(zip(line[::3], line[1::3], line[2::3]))
        before = line
    return counts


class Scan(Case):
    def test_every_substitution_has_a_row_raw_and_centred(self):
        with Fake(Daemon()) as f:
            rows = self.check(mfd("ism", "chr20:1,001-1,010", server=f.url), 0).rows()
            self.assertEqual(sent(f, "/api/v1/ism"), [{
                "tracks": {"aggregate": "mean"}, "components": ["total", "biological", "technical"],
                "scores": ["effect"], "intervals": [{"chrom": "chr20", "start": 1000, "end": 1010}]}])
            self.assertEqual([(r["pos"], r["alt"]) for r in rows],
                             [(str(p), a) for p in range(1001, 1011) for a in "ACGT"])
            for i, r in enumerate(rows):
                pos, four = int(r["pos"]), rows[i // 4 * 4:i // 4 * 4 + 4]
                self.assertEqual(r["ref"], "ACGT"[(pos - 1) % 4])
                variant = json.dumps({"chrom": "chr20", "pos": pos, "ref": r["ref"], "alt": r["alt"]},
                                     sort_keys=True)
                expected = 0 if r["ref"] == r["alt"] else number(variant + "effect", "T0biological")
                self.assertEqual(float(r["biological"]), expected)
                mean = sum(float(o["total"]) for o in four) / 4
                self.assertAlmostEqual(float(r["centred"]), float(r["total"]) - mean, delta=1e-6)

    def test_a_long_region_is_scanned_in_pieces_that_the_server_takes(self):
        with Fake(Daemon()) as f:
            rows = self.check(mfd("ism", "chr20:1001-1600", server=f.url), 0).rows()
            f.answers = Daemon(strict_limit=50)
            self.assertEqual(mfd("ism", "chr20:1001-1600", server=f.url).rows(), rows)
            asked = [r["intervals"][0] for r in sent(f, "/api/v1/ism")]
            self.assertEqual([(a["start"], a["end"]) for a in asked[:4]],
                             [(1000, 1256), (1256, 1512), (1512, 1600), (1000, 1256)])
            self.assertEqual([int(r["pos"]) for r in rows[::4]], list(range(1001, 1601)))
            self.check(mfd("ism", "chr20:1001-1600", "--window", "one", server=f.url), 1, "limit of 50")
            self.assertEqual(sent(f, "/api/v1/ism")[-1]["window"], "one")

    def test_bases_that_were_not_scanned_are_empty_and_counted(self):
        with Fake(Daemon()) as f:
            result = self.check(mfd("ism", "chr20:1000003-1000006", server=f.url), 4, "2 ok, 1 skipped, 1 failed")
            values = [[r["total"] != "" for r in result.rows()[i:i + 4]] for i in range(0, 16, 4)]
            self.assertEqual(values, [[True] * 4, [False] * 4, [False] * 4, [True] * 4])
            whole = json.loads(mfd("ism", "chr20:1000003-1000006", "-f", "json", server=f.url).out)
            self.assertEqual(whole["effects"]["total"][1], [None] * 4)
            self.check(mfd("ism", "chr20:1000004-1000005", server=f.url), 1, "no: ")

    def test_a_document_holds_the_matrices(self):
        with Fake(Daemon()) as f:
            rows = mfd("ism", "chr20:1-5", server=f.url).rows()
            whole = json.loads(mfd("ism", "chr20:1-5", "-f", "json", server=f.url).out)
            self.assertEqual((whole["pos"], whole["reference"], whole["alternatives"]), (1, "ACGTA", "ACGT"))
            flat = [x for row in whole["effects"]["technical"] for x in row]
            self.assertEqual(flat, [float(r["technical"]) for r in rows])

    def test_a_picture_has_the_colour_of_every_effect(self):
        with Fake(Daemon()) as f, tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "scan.png")
            rows = self.check(mfd("ism", "chr20:1-8", "-w", "lab=<&>", "--plot", path, server=f.url), 0).rows()
            seen = pixels(path)
            effects = [float(r[p]) for r in rows for p in ("total", "biological", "technical")]
            most = max(map(abs, effects))
            for effect in effects: # a cell is 40 x 30 pixels, less the frame and a dot
                around = itertools.product(*(range(c - 1, c + 2) for c in colour(effect / most)))
                self.assertGreater(sum(seen[c] for c in around), 1000, effect)

    def test_the_name_of_a_picture_tells_its_format(self):
        with Fake(Daemon()) as f, tempfile.TemporaryDirectory() as folder:
            for ending in ("svg", "pdf"):
                path = os.path.join(folder, "scan." + ending)
                self.check(mfd("ism", "chr20:1-8", "--plot", path, server=f.url), 0)
                with open(path, "rb") as file:
                    data = file.read()
                if ending == "svg": # cells, letters and all are paths
                    root = ElementTree.fromstring(data)
                    self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
                    self.assertGreater(len(list(root.iter("{http://www.w3.org/2000/svg}path"))), 3 * 4 * 8)
                else:
                    self.assertEqual((data[:5], data.rstrip()[-5:]), (b"%PDF-", b"%%EOF"))
            for name, code in (("/nonexistent/x.svg", 1), ("scan.jpg", 2), (".svg", 2)):
                self.check(mfd("ism", "chr20:1-8", "--plot", name, server=f.url), code, name)

    def test_regions_that_are_none_are_usage_errors(self):
        with Fake(Daemon()) as f:
            for region in ("chr20", "chr20:5", "chr20:5-4", ":1-2", "chr20:0-4", "chr20:1-x", "chr20:1-3000",
                           "chr20:99999999999999999999999-5"):
                self.check(mfd("ism", region, server=f.url), 2)
            self.check(mfd("ism", "chr20:1-4", "-c", "biological", server=f.url), 2)
            self.assertEqual(f.requests, [])
            self.check(mfd("ism", "chr9:1-4", server=f.url), 1, "contig-unknown")


if __name__ == "__main__":
    unittest.main()
