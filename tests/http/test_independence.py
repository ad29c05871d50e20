"""The disentanglement card that a bundle keeps, as mfd-model card made it, and cards that nobody made."""
import copy
import hashlib
import json
import os
import struct
import subprocess
import tempfile
import unittest

import harness

MODEL = "/api/v1/models/tiny"


def windows(path, bundle, n=48, step=900):
    info = json.loads(subprocess.check_output([harness.MFD_MODEL, "inspect", bundle, "--json"]))
    bases = next(harness.records("region.fa"))[1]
    with open(path, "w", encoding="ascii") as f:
        for i in range(n):
            f.write(">%d\n%s\n" % (i, bases[i * step:i * step + info["sizes"]["window"]]))


def with_card(source, target, card):
    """A sound bundle whose card is that text."""
    with open(source, "rb") as f:
        n, = struct.unpack("<Q", f.read(8))
        header, data = json.loads(f.read(n)), f.read()
    header["__metadata__"].update(card=card, sha256="0" * 64)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(len(text) + 8) % 64)
    whole = struct.pack("<Q", len(text)) + text + data
    digest = hashlib.sha256(whole).hexdigest().encode()
    with open(target, "wb") as f:
        f.write(whole.replace(b'"sha256":"' + b"0" * 64, b'"sha256":"' + digest, 1))


class Independence(harness.Case):
    models = {"bare": "tiny", "plain": "baseline"}

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.bundle, fasta = (os.path.join(cls.folder.name, n) for n in ("tiny.mfd", "windows.fa"))
        windows(fasta, harness.bundle("tiny"))
        cls.printed = json.loads(subprocess.check_output(
            [harness.MFD_MODEL, "card", harness.bundle("tiny"), "--sequences", fasta, "--seed", "3", "--json",
             "--out", cls.bundle]))
        cls.models = dict(cls.models, tiny=cls.bundle)
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.folder.cleanup()

    def assertNear(self, got, want):
        """The same but for the nine digits that a bundle keeps of a number."""
        if isinstance(want, dict):
            self.assertEqual(set(got), set(want))
            got, want = [got[k] for k in want], list(want.values())
        if isinstance(want, list):
            self.assertEqual(len(got), len(want))
            for g, w in zip(got, want):
                self.assertNear(g, w)
        elif isinstance(want, float):
            self.assertLessEqual(abs(got - want), 1e-8 * abs(want))
        else:
            self.assertEqual(got, want)

    def test_the_card_is_the_one_that_was_printed(self):
        card = self.get(MODEL + "/independence").json()
        want = copy.deepcopy(self.printed)
        self.assertEqual(want.pop("model"), self.get("/api/v1/models/bare").json()["digest"])
        self.assertEqual(card["source"], "48 windows of windows.fa")
        self.assertEqual((card["windows"], card["seed"]), (48, 3))
        self.assertNear(card, want)
        self.assertEqual([t["id"] for t in card["variance"]["tracks"]],
                         [t["id"] for t in self.get(MODEL + "/tracks").json()["tracks"]])

    def test_a_model_shows_its_card_without_the_tracks(self):
        card = self.get(MODEL + "/independence").json()
        del card["variance"]["tracks"]
        self.assertEqual(self.get(MODEL).json()["independence"], card)
        self.assertIsNone(self.get("/api/v1/models/bare").json()["independence"])

    def test_a_card_is_not_sent_twice(self):
        tag = self.get(MODEL + "/independence").headers["etag"]
        self.assertEqual(self.get(MODEL + "/independence", {"If-None-Match": tag}).status, 304)

    def test_a_bundle_without_a_card_says_how_to_make_one(self):
        self.assertProblem(self.get("/api/v1/models/bare/independence"), 404, "not-found", "mfd-model card --out")
        self.assertProblem(self.get("/api/v1/models/plain/independence"), 422, "unsupported", "baseline")
        self.assertProblem(self.get(MODEL + "/independence?x=1"), 400, "invalid-parameter", "x")

    def test_a_card_replaces_the_one_before(self):
        again = os.path.join(self.folder.name, "again.mfd")
        subprocess.run([harness.MFD_MODEL, "card", self.bundle, "--genome", harness.DATA + "/region.fa", "-n", "20",
                        "--out", again], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([harness.MFD_MODEL, "verify", again], check=True, stdout=subprocess.DEVNULL)
        with open(again, "rb") as f:
            self.assertIn(b"20 bins sampled from region.fa", f.read())

    def test_a_card_that_nobody_made_is_not_shown(self):
        good = self.get(MODEL + "/independence").json()

        def changed(path, value):
            card = copy.deepcopy(good)
            at = card
            for step in path[:-1]:
                at = at[step]
            if value is None:
                del at[path[-1]]
            else:
                at[path[-1]] = value
            return json.dumps(card)

        cards = [changed(("windows",), "many"), changed(("windows",), -1), changed(("seed",), 1.5),
                 changed(("extra",), 1), changed(("source",), None), changed(("features",), []),
                 changed(("cross_covariance", "norm"), "0"), changed(("variance", "tracks"), []),
                 changed(("variance", "tracks", 0, "id"), "another"), changed(("variance", "tracks", 0, "id"), 5),
                 changed(("variance", "mean", "script"), "<script>"), changed(("classifier", "accuracy"), [0.5]),
                 changed(("canonical_correlations", "values"), [{}]), "", "null", "[]", "{", "[" * 5000,
                 json.dumps(good)[:-1], "{}", '{"windows":1e999}']
        path = os.path.join(self.folder.name, "bad.mfd")
        for i, card in enumerate([json.dumps(good)] + cards):
            with_card(harness.bundle("tiny"), path, card)
            daemon = self.daemon.request("PUT", "/api/v1/models/odd", {"path": path})
            self.assertIn(daemon.status, (200, 201), daemon.body)
            shown = self.get("/api/v1/models/odd").json()["independence"]
            answer = self.get("/api/v1/models/odd/independence")
            if i == 0: # this way of writing bundles makes good ones
                self.assertEqual((answer.json(), shown["windows"]), (good, 48))
            else:
                self.assertIsNone(shown, card[:100])
                self.assertEqual((answer.status, answer.slug), (500, "internal"), card[:100])
            self.daemon.request("DELETE", "/api/v1/models/odd")


if __name__ == "__main__":
    unittest.main()
