"""Every example of a request in the contract is answered by the demo, as the contract says, without an error."""
import unittest

import harness


def examples():
    for path, item in harness.CONTRACT.document["paths"].items():
        for method, operation in item.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            for name, example in body.get("examples", {}).items():
                yield method.upper(), path, name, example["value"]


class Examples(harness.Case):
    models, genomes, arguments = {}, {}, ("--demo",)

    def test_examples_of_requests_are_answered(self):
        n = 0
        for method, path, name, body in examples():
            with self.subTest(path=path, example=name):
                n += 1
                harness.CONTRACT.check_request(method, path, body)
                answer = self.request(method, path, body)
                if path == "/api/v1/jobs":
                    self.finish(answer)
                    continue
                self.assertEqual(answer.status, 200, answer.body)
                summary = answer.json()["summary"]
                self.assertEqual((summary["ok"], summary["error"]), (summary["items"], 0), answer.body)
        self.assertGreaterEqual(n, 6)

    def finish(self, answer):
        """A job is done without an error, in its time."""
        self.assertEqual(answer.status, 202, answer.body)
        target = answer.headers["location"]
        self.daemon.wait_until(lambda: self.get(target).json()["state"] not in ("queued", "running"), 0.05)
        job = self.get(target).json()
        self.assertEqual((job["state"], job["summary"]["error"]), ("done", 0), job)

    def test_an_example_of_a_variant_in_a_path_is_one(self):
        for path, item in harness.CONTRACT.document["paths"].items():
            for parameter in item.get("get", {}).get("parameters", []):
                if parameter.get("name") == "variant":
                    self.assertEqual(self.get(path.replace("{variant}", parameter["example"])).status, 200)


if __name__ == "__main__":
    unittest.main()
