"""What the page on the HTTP surface says and no other test holds: entity tags, conditions on writes, shapes, logs."""
import unittest

import harness

PREDICT, MODELS = "/api/v1/predict", "/api/v1/models/"


class Tags(harness.Case):
    """Entity tags and the conditions made of them."""
    models = {"tiny@1": "tiny"}

    def test_what_a_model_says_of_itself_is_not_sent_twice(self):
        track = self.get(MODELS + "tiny/tracks?limit=1").json()["tracks"][0]["id"]
        targets = ["tracks", "tracks?limit=3", "tracks?limit=3&cursor=a2", "tracks?q=CTCF", "tracks?facet=Library_lab",
                   "tracks?proc_target=CTCF", "tracks/" + track, "fields", "fields/frip", "fields/proc_target"]
        tags = []
        for target in targets:
            tags.append(self.get(MODELS + "tiny/" + target).headers["etag"])
            answer = self.get(MODELS + "tiny/" + target, {"If-None-Match": tags[-1]})
            self.assertEqual((answer.status, answer.raw, answer.headers["etag"]), (304, b"", tags[-1]), target)
            self.assertEqual(answer.headers["cache-control"], "no-cache")
        self.assertEqual(len(set(tags)), len(tags), "two answers have one tag")

    def test_a_tag_is_of_what_is_asked_not_of_how(self):
        for one, other in (("tiny/tracks?limit=3&q=CTCF", "tiny/tracks?q=CTCF&limit=3"), ("tiny/tracks", "tiny@1/tracks"),
                           ("tiny/tracks", "tiny/tracks?limit=100"), ("tiny/fields", "tiny/fields?format=json"),
                           ("tiny/tracks?proc_target=CTCF&proc_target=H3K4me3", "tiny/tracks?proc_target=H3K4me3&proc_target=CTCF")):
            first, second = self.get(MODELS + one), self.get(MODELS + other)
            self.assertEqual((first.headers["etag"], first.body), (second.headers["etag"], second.body), other)

    def test_what_is_refused_is_refused_whatever_the_client_has(self):
        for target, slug in (("tracks?proc_targe=CTCF", "unknown-column"), ("tracks/nope", "track-not-found"),
                             ("fields/nope", "not-found"), ("tracks?limit=0", "invalid-parameter")):
            answer = self.get(MODELS + "tiny/" + target, {"If-None-Match": "*"})
            self.assertEqual(answer.slug, slug)
            self.assertNotIn("etag", answer.headers)

    def test_a_model_that_was_replaced_has_other_tags(self):
        def tags():
            answers = [self.get(MODELS + "moved" + t) for t in ("", "/tracks", "/fields", "/features")]
            answers.append(self.get("/api/v1/variants/region1-4846-T-TG/score?model=moved"))
            return [a.headers["etag"] for a in answers]
        for case in ("order2", "tiny"):
            self.request("PUT", MODELS + "moved@1", {"path": harness.bundle(case)})
            if case == "order2":
                before = tags()
        self.assertEqual(set(before) & set(tags()), set())
        self.request("DELETE", MODELS + "moved")
        answer = self.get(MODELS + "tiny/tracks", {"If-None-Match": before[1]})
        self.assertEqual(answer.status, 200)

    def test_every_write_to_a_model_heeds_if_match(self):
        self.request("PUT", MODELS + "kept@1", {"path": harness.bundle("order2")})
        for method, target, body in (("POST", "kept/unload", None), ("POST", "kept/load", None),
                                     ("POST", "kept/default", None), ("POST", "tiny/default", None),
                                     ("PUT", "kept@1", {"path": harness.bundle("order2")}), ("DELETE", "kept", None)):
            name = target.partition("/")[0]
            before = self.get(MODELS + name)
            answer = self.request(method, MODELS + target, body, {"If-Match": '"old"'})
            self.assertProblem(answer, 412, "precondition-failed", before.headers["etag"].strip('"'))
            self.assertEqual(self.get(MODELS + name).json(), before.json())
            answer = self.request(method, MODELS + target, body, {"If-Match": before.headers["etag"]})
            self.assertIn(answer.status, (200, 204), (method, target, answer.body))


if __name__ == "__main__":
    unittest.main()
