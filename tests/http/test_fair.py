"""Jobs of several keys: each gets its turn."""
import unittest

import test_jobs
from test_jobs import JOBS, SLOW, predict


class Fair(test_jobs.Owners):
    """One place, two keys."""
    settings = {"jobs.at_once": 1, "jobs.turn_ms": 300, "limits.jobs": 2000, "limits.client_jobs": 2000, **SLOW}
    test_each_sees_its_own_and_an_administrator_all = None

    def waiting(self, headers):
        return self.get(JOBS + "?state=queued&limit=1000", headers).json()["jobs"]

    def test_a_backlog_of_a_thousand_does_not_keep_another_key_waiting(self):
        ann, bob = self.keys["ann"], self.keys["bob"]
        client = self.daemon.connect()
        mine = [self.submit("predict", predict(1), ann, connection=client) for _ in range(1000)]
        client.close()
        before = len(self.waiting(ann))
        self.assertGreater(before, 500, "no backlog any more")
        for _ in range(3):
            self.wait(self.submit("predict", predict(1), bob), headers=bob)
        self.assertGreater(len(self.waiting(ann)), before - 20, "one of theirs, one of mine, in turns")
        for name in mine:
            self.request("DELETE", JOBS + "/" + name, headers=ann)

    def test_a_long_job_lets_another_key_go_first_and_loses_nothing(self):
        ann, bob = self.keys["ann"], self.keys["bob"]
        request = predict(120 * 256)
        long = self.submit("predict", request, ann, format="ndjson")
        self.daemon.wait_until(lambda: self.job(long, ann)["progress"]["done"] > 0, 0.02)
        self.wait(self.submit("predict", predict(1), bob), headers=bob)
        left = self.job(long, ann)
        self.assertIn(left["state"], ("queued", "running"), "it was over before the other one began")
        self.assertLess(left["progress"]["done"], left["progress"]["items"])
        self.assertEqual(self.wait(long, headers=ann)["summary"]["ok"], 120 * 256)
        again = self.submit("predict", request, ann, format="ndjson")
        self.wait(again, headers=ann)
        self.assertEqual(self.result(long, ann).body, self.result(again, ann).body)


if __name__ == "__main__":
    unittest.main()
