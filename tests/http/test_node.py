"""Node's own fetch and streams get the same numbers, by every protocol."""
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import unittest

import harness


def single(values):
    """As they are in single precision."""
    return list(struct.unpack("<%df" % len(values), struct.pack("<%df" % len(values), *values)))


class Node(harness.Case):
    settings = {"server.cors_origins": "https://lab.example"}

    def test_every_protocol_is_understood(self):
        windows = [bases for _, bases in harness.records("tiny/windows.fa")]
        _, region = next(harness.records("region.fa"))
        md5 = hashlib.md5(region.upper().encode()).hexdigest()
        done = subprocess.run(
            ["node", os.path.join(os.path.dirname(os.path.abspath(__file__)), "client.mjs"),
             "http://127.0.0.1:%d" % self.daemon.port], input=json.dumps({"windows": windows, "md5": md5}),
            capture_output=True, text=True, timeout=harness.PATIENCE, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        got = json.loads(done.stdout)
        answer = self.post("/api/v1/predict", {"sequences": windows, "scale": "logit"}).json()
        wanted = [result["values"]["total"] for result in answer["results"]]
        self.assertEqual(got["predict"], wanted)
        self.assertEqual(got["stream"], wanted)
        self.assertEqual(got["infer"], [single(row) for row in wanted])
        self.assertEqual(got["refget"], [200, region[10:20].upper(), 206, region[10:20].upper()])
        self.assertEqual(got["refusal"], [400, "/problems/malformed-json"])
        self.assertEqual(got["cors"], "https://lab.example")


if __name__ == "__main__":
    if not shutil.which("node"):
        print("node is not installed (deploy/install-deps --test)", file=sys.stderr)
        raise SystemExit(77)
    unittest.main()
