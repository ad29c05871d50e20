"""How long the daemon takes to answer filters, facets, searches and the vocabulary of a model of 10,000 tracks:
milliseconds a request over a kept connection, a line of JSON each, the slowest last.

    catalogue.py      (environment as of the tests in tests/http)"""
import json
import os
import sys
import tempfile
import time

import make_bundle

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "http"))
import harness  # pylint: disable=wrong-import-position

ROUNDS, TRACKS = 25, 10000
QUERIES = ["tracks", "tracks?limit=1000", "tracks?proc_target=CTCF&limit=1000",
           "tracks?proc_target=CTCF&proc_target=H3K27ac&Biosample_organ_slims=liver",
           "tracks?Biosample_organism=Homo+sapiens&cursor=a9000", "tracks?q=liver+CTCF", "tracks?q=batch&limit=1000",
           "tracks?q=e&proc_target=CTCF", "tracks?q=nothing+like+it", "tracks?description=experiment+77+of+batch+11",
           "tracks/ENCFF09999AA", "tracks?facet=proc_target", "tracks?facet=description",
           "tracks?facet=Biosample_term_name&proc_target=CTCF&Biosample_organ_slims=liver",
           "tracks?facet=Library_lab&Biosample_organism=Homo+sapiens", "tracks?facet=proc_target&q=batch",
           "tracks?proc_targe=CTCF", "tracks?proc_target=CTFC", "fields", "fields/Biosample_term_name", "features"]


def measure(daemon, query):
    connection, times = daemon.connect(), []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        answer = daemon.request("GET", "/api/v1/models/many/" + query, connection=connection, check=False)
        times.append(1e3 * (time.perf_counter() - start))
    connection.close()
    return {"query": query, "status": answer.status, "bytes": len(answer.raw),
            "median_ms": round(sorted(times)[ROUNDS // 2], 2), "least_ms": round(min(times), 2)}


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "many.mfd")
        make_bundle.make(path, channels=16, tracks=TRACKS)
        daemon = harness.Daemon(models={"many": path})
        try:
            found = [measure(daemon, query) for query in QUERIES]
        finally:
            daemon.stop()
    for line in sorted(found, key=lambda f: f["median_ms"]):
        print(json.dumps(line))


main()
