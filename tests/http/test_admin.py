"""Registering, replacing, loading and unloading models while requests run."""
import json
import os
import shutil
import tempfile
import threading
import unittest

import harness

ONE = next(bases for _, bases in harness.records("tiny/windows.fa"))
MODELS = "/api/v1/models/"


class Admin(harness.Case):
    settings = {"limits.upload_bytes": 20000000}

    def put(self, name, case, headers=None):
        return self.request("PUT", MODELS + name, {"path": harness.bundle(case)}, headers)

    def upload(self, name, data, headers=None):
        return self.request("PUT", MODELS + name, data, {"Content-Type": "application/octet-stream", **(headers or {})})

    def predict(self, model):
        return self.post("/api/v1/predict", {"model": model, "sequences": [ONE], "ensemble": "none"})

    def bytes_of(self, case):
        with open(harness.bundle(case), "rb") as f:
            return f.read()

    def test_a_bundle_is_registered_by_path(self):
        answer = self.put("by-path", "order2")
        self.assertEqual((answer.status, answer.json()["state"]), (201, "ready"))
        self.assertEqual(self.get(answer.headers["location"]).json()["digest"], answer.json()["digest"])
        self.assertEqual(self.put("by-path", "order2").status, 200)
        self.assertEqual(self.request("DELETE", MODELS + "by-path").status, 204)
        self.assertProblem(self.get(MODELS + "by-path"), 404, "model-not-found")

    def test_a_bundle_is_uploaded_and_its_file_goes_with_it(self):
        data = self.bytes_of("padded")
        answer = self.upload("sent@v1", data)
        self.assertEqual((answer.status, answer.json()["version"]), (201, "v1"))
        kept = os.path.join(self.daemon.state, "models", answer.json()["digest"] + ".mfd")
        self.assertTrue(os.path.exists(kept))
        self.assertEqual(self.upload("again", data).status, 201)
        self.assertEqual(self.request("DELETE", MODELS + "sent").status, 204)
        self.assertTrue(os.path.exists(kept), "another model is made of it")
        self.assertEqual(self.request("DELETE", MODELS + "again").status, 204)
        self.assertEqual(os.listdir(os.path.join(self.daemon.state, "models")), [])

    def test_a_broken_bundle_leaves_the_old_one_serving(self):
        before = self.get(MODELS + "tiny").json()
        data = bytearray(self.bytes_of("tiny"))
        data[len(data) // 2] ^= 1
        for broken in (bytes(data), data[:1000], b"", b"x" * 100000):
            answer = self.upload("tiny@" + before["version"], bytes(broken))
            self.assertIn(answer.status, (400, 411), answer.body)
        self.assertProblem(self.request("PUT", MODELS + "tiny", {"path": "/nonexistent/x.mfd"}), 400, "invalid-value",
                           "nothing has changed")
        self.assertEqual(self.get(MODELS + "tiny").json(), before)
        self.assertEqual(self.predict("tiny").status, 200)
        self.assertEqual(os.listdir(os.path.join(self.daemon.state, "models")), [])

    def test_what_a_put_may_not_say(self):
        for body in ({}, {"path": "relative.mfd"}, {"path": 1}, {"path": "/a", "more": 1}, []):
            self.assertProblem(self.request("PUT", MODELS + "x", body), 400, "invalid-value", "path")
        self.assertProblem(self.request("PUT", MODELS + "x", b"{", {"Content-Type": "application/json"}), 400, "malformed-json")
        for name in ("-x", "a%20b", "x" * 65, "a@b@c", "%2e%2e", "a%2Fb", "a@"):
            self.assertProblem(self.put(name, "tiny"), 400, "invalid-value", "name")
        answer = self.upload("x", b"y" * 20000001)
        self.assertEqual((answer.status, answer.json()["limit"]["name"]), (413, "upload_bytes"))

    def test_unloading_and_loading(self):
        self.assertEqual(self.put("sometimes", "order2").status, 201)
        self.assertEqual(self.request("POST", MODELS + "sometimes/unload").json()["state"], "unloaded")
        answer = self.predict("sometimes")
        self.assertProblem(answer, 503, "model-not-ready", "/load")
        self.assertEqual(self.get(MODELS + "sometimes/tracks").status, 200)
        self.assertEqual(self.request("POST", MODELS + "sometimes/load").json()["state"], "ready")
        self.assertIn(self.predict("sometimes").status, (200, 422))
        self.request("DELETE", MODELS + "sometimes")
        self.assertProblem(self.request("POST", MODELS + "sometimes/load"), 404, "model-not-found")

    def test_the_default_is_chosen(self):
        self.put("other", "order2")
        self.assertTrue(self.request("POST", MODELS + "other/default").json()["default"])
        self.assertFalse(self.get(MODELS + "tiny").json()["default"])
        self.request("POST", MODELS + "tiny/default")
        self.assertTrue(self.get(MODELS + "tiny").json()["default"])
        self.request("DELETE", MODELS + "other")

    def test_a_change_is_made_only_to_what_was_seen(self):
        self.put("guarded", "order2")
        tag = self.get(MODELS + "guarded").headers["etag"]
        self.assertProblem(self.request("DELETE", MODELS + "guarded", headers={"If-Match": '"old"'}), 412,
                           "precondition-failed")
        self.assertProblem(self.put("guarded", "order2", {"If-None-Match": "*"}), 412, "precondition-failed")
        self.assertProblem(self.put("fresh", "order2", {"If-Match": "*"}), 412, "precondition-failed")
        self.assertEqual(self.request("DELETE", MODELS + "guarded", headers={"If-Match": tag}).status, 204)

    def test_two_versions_serve_side_by_side(self):
        self.put("pair@1", "order2")
        self.put("pair@2", "padded")
        first, second = self.get(MODELS + "pair@1").json(), self.get(MODELS + "pair@2").json()
        self.assertNotEqual(first["digest"], second["digest"])
        self.assertEqual(self.get(MODELS + "pair").json()["version"], "2")
        self.request("DELETE", MODELS + "pair@2")
        self.assertEqual(self.get(MODELS + "pair").json()["version"], "1")
        self.request("DELETE", MODELS + "pair")

    def test_requests_never_miss_a_model_that_is_being_replaced(self):
        place = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, place)
        self.put("busy@1", "tiny")
        failures, stop = [], threading.Event()

        def ask():
            client = self.daemon.connect()
            while not stop.is_set():
                answer = self.request("POST", "/api/v1/predict",
                                      {"model": "busy", "sequences": [ONE], "ensemble": "none"}, connection=client)
                if answer.status != 200:
                    failures.append(answer.body)
            client.close()

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(6):
            self.assertEqual(self.put("busy@1", "tiny").status, 200)
        stop.set()
        for thread in threads:
            thread.join()
        self.request("DELETE", MODELS + "busy")
        self.assertEqual(failures, [])

    def test_a_request_finishes_on_the_model_it_began_with(self):
        self.put("swapped@1", "tiny")
        digest = self.get(MODELS + "swapped@1").json()["digest"]
        body = json.dumps({"model": "swapped", "sequences": [ONE] * 1000, "ensemble": "none"})
        computed = 'mfd_run_items_total{kind="sequences"}'
        self.predict("tiny")  # so that the series is there
        before, client = self.daemon.metric(computed), self.daemon.connect()
        client.request("POST", "/api/v1/predict", body, {"Content-Type": "application/json", "Accept": "application/x-ndjson"})
        reply = client.getresponse()
        lines = [json.loads(reply.readline()) for _ in range(2)]  # it runs
        self.assertEqual(self.put("swapped@1", "wide").status, 200)
        self.assertLess(self.daemon.metric(computed) - before, 1000, "nobody reads, so it waits")
        after = self.get(MODELS + "swapped@1").json()["digest"]
        self.assertNotEqual(after, digest)
        self.assertEqual(self.request("DELETE", MODELS + "swapped").status, 204)
        lines += [json.loads(line) for line in reply.read().splitlines()]
        client.close()
        self.assertEqual(lines[0]["provenance"]["digest"], digest)
        results = [line for line in lines if "values" in line]
        self.assertEqual([line["index"] for line in results], list(range(1000)))
        self.assertEqual({json.dumps(line["values"]) for line in results}, {json.dumps(results[0]["values"])})


class Restart(unittest.TestCase):
    def test_what_was_registered_is_there_after_a_restart(self):
        first = harness.Daemon(models={"tiny": "tiny"})
        first.own_state = False
        path = harness.bundle("order2")
        try:
            with open(path, "rb") as f:
                sent = first.request("PUT", MODELS + "sent@1", f.read(), {"Content-Type": "application/octet-stream"})
            first.request("PUT", MODELS + "off", {"path": path})
            first.request("POST", MODELS + "off/unload")
            first.request("POST", MODELS + "sent/default")
            first.stop()
            second = harness.Daemon(state=first.state)
            second.own_state = True
            models = {m["name"]: m for m in second.request("GET", "/api/v1/models").json()["models"]}
            self.assertEqual(sorted(models), ["off", "sent"], "tiny was the configuration's")
            self.assertEqual((models["sent"]["state"], models["sent"]["default"]), ("ready", True))
            self.assertEqual(models["sent"]["digest"], sent.json()["digest"])
            self.assertEqual(models["off"]["state"], "unloaded")
            second.stop()
        finally:
            shutil.rmtree(first.state, True)

    def test_an_upload_goes_where_its_state_directory_is_moved(self):
        first = harness.Daemon()
        first.own_state = False
        moved = first.state + "-moved"
        try:
            with open(harness.bundle("order2"), "rb") as f:
                sent = first.request("PUT", MODELS + "sent", f.read(), {"Content-Type": "application/octet-stream"})
            first.stop()
            os.rename(first.state, moved)
            second = harness.Daemon(state=moved)
            model = second.request("GET", MODELS + "sent").json()
            self.assertEqual((model["state"], model["digest"]), ("ready", sent.json()["digest"]))
            self.assertEqual(os.listdir(moved + "/models"), [sent.json()["digest"] + ".mfd"])
            self.assertEqual(second.request("DELETE", MODELS + "sent").status, 204)
            self.assertEqual(os.listdir(moved + "/models"), [])
            second.stop()
        finally:
            shutil.rmtree(first.state, True)
            shutil.rmtree(moved, True)

    def test_a_model_whose_file_is_gone_is_failed_and_says_why(self):
        place = tempfile.mkdtemp()
        path = os.path.join(place, "gone.mfd")
        shutil.copy(harness.bundle("order2"), path)
        first = harness.Daemon(models={"tiny": "tiny"})
        first.own_state = False
        try:
            self.assertEqual(first.request("PUT", MODELS + "gone", {"path": path}).status, 201)
            first.stop()
            os.unlink(path)
            second = harness.Daemon(state=first.state, models={"tiny": "tiny"})
            model = second.request("GET", MODELS + "gone").json()
            self.assertEqual(model["state"], "failed")
            self.assertIn("gone.mfd", model["error"])
            self.assertEqual(second.request("GET", "/readyz").status, 200)
            second.stop()
        finally:
            shutil.rmtree(first.state, True)
            shutil.rmtree(place, True)


if __name__ == "__main__":
    unittest.main()
