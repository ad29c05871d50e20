#!/usr/bin/env python3
"""The benches at published size: what they print, and what memory they take. Of speed nothing is demanded here.

    test_bench.py MFD_MODEL
"""
import json
import os
import subprocess
import sys
import unittest

PROGRAM = []
THREADS = 2
MIB = 1 << 20
# Above the weights, with two workers. The random network stands for a bundle's own weights: parameters of the trunk
# and of the head of 2106 tracks, 4 bytes each.
MOST_MEMORY = 400 * MIB
RAW_WEIGHTS = 4 * (18_900_000 + 2106 * 1537)
BATCHES = {"variant": 1, "variant-dense": 500, "ism": 300, "tile": 1024}
NUMBERS = ["batch", "threads", "ms", "sgemm_share", "packed_bytes", "scratch_bytes"]


def bench(*arguments):
    """Lines of JSON, and the most memory that was resident, in bytes."""
    with subprocess.Popen([*PROGRAM, "bench", *arguments], stdout=subprocess.PIPE) as process:
        text = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise AssertionError("bench %s ended with %d" % (" ".join(arguments), process.returncode))
    return [json.loads(line) for line in text.splitlines()], 1024 * usage.ru_maxrss


class Bench(unittest.TestCase):
    def run_protocol(self, protocol):
        lines, peak = bench("--protocol", protocol, "--threads", str(THREADS), "--repeats", "0")
        for line in lines:
            self.assertEqual(set(line), {"protocol", "kernels", *NUMBERS})
            self.assertEqual(line["protocol"], protocol)
            self.assertEqual(line["threads"], THREADS)
            for key in NUMBERS:
                self.assertGreater(line[key], 0, key)
            self.assertLessEqual(line["sgemm_share"], 1)
        above = peak - RAW_WEIGHTS - lines[-1]["packed_bytes"]
        print("%s: %d MiB above the weights" % (protocol, above // MIB))
        self.assertLess(above, MOST_MEMORY)
        self.assertLess(lines[-1]["scratch_bytes"], above)
        return lines

    def test_a_track_has_a_line_for_one_window_and_one_for_the_best_batch(self):
        one, best = self.run_protocol("track")
        self.assertEqual(one["batch"], 1)
        self.assertIn(best["batch"], [4, 8, 16, 32])

    def test_the_other_protocols_have_a_line_each(self):
        for protocol, batch in BATCHES.items():
            with self.subTest(protocol):
                line, = self.run_protocol(protocol)
                self.assertEqual(line["batch"], batch)

    def test_what_is_explained_is_what_was_counted_by_hand(self):
        lines, _ = bench("--explain", "--threads", str(THREADS))
        track, variant, dense, ism, tile = lines
        self.assertEqual(track["rows"], [1912, 952, 472, 232, 112, 52, 18, 3, 1, 1])
        for line, gmac, share in [(track, 2.66, .005), (variant, 10.3 + 7 * .13, .02), (tile, .2, .05),
                                  (ism, .13 + 2.66 / 300, .05)]:
            self.assertAlmostEqual(line["gmac_each"], gmac, delta=share * gmac, msg=line["protocol"])
        for line in lines:
            self.assertLess(line["gmac_done_each"], line["gmac_each"])
            for rows, done in zip(line["rows"], line["rows_done"], strict=True):
                self.assertLessEqual(rows, done)


if __name__ == "__main__":
    PROGRAM = [sys.argv.pop(1)]
    unittest.main(verbosity=2)
