"""A model of the published size is loaded, used and let go of again and again: its memory comes back.   FILE"""
import os
import sys
import unittest

import harness

BUNDLE = os.path.abspath(sys.argv.pop(1))
MODEL = "/api/v1/models/big"
ONE = next(bases for _, bases in harness.records("tiny/windows.fa"))


class Memory(harness.Case):
    def resident(self):
        return self.daemon.metric("process_resident_memory_bytes")

    def test_what_a_model_took_is_given_back(self):
        start, size = self.resident(), os.path.getsize(BUNDLE)
        took, rests = [], []
        for _ in range(6):
            self.assertEqual(self.request("PUT", MODEL + "@1", {"path": BUNDLE}).status, 201)
            answer = self.post("/api/v1/predict", {"model": "big", "sequences": [ONE] * 8, "ensemble": "none"})
            self.assertEqual(answer.status, 200)
            took.append(self.resident() - start)
            self.assertEqual(self.request("POST", MODEL + "/unload").status, 200)
            rests.append(self.resident() - start)
            self.assertEqual(self.request("POST", MODEL + "/load").status, 200)
            self.assertEqual(self.request("DELETE", MODEL).status, 204)
            rests.append(self.resident() - start)
        self.assertGreater(min(took), size, "the weights are in memory")
        # what stays is the allocator's; had one of twelve loads been kept, it would be more
        self.assertLess(max(rests), min(took) / 2, (took, rests))


if __name__ == "__main__":
    unittest.main()
