"""A stand-in for mfdd that computes nothing but keeps the contract: one result an input, in order,
streamed as NDJSON, with limits. Values are functions of the input, so that a test can tell whose
they are."""

import json

import catalogue
from catalogue import TRACKS, number
from fake import Answer, problem

DIGEST = "d" * 64


def values(text, components, tracks=TRACKS):
    return {c: [number(text, t + c) for t in tracks] for c in components}


def key(item):
    return item if isinstance(item, str) else json.dumps(item, sort_keys=True)


def unscored(slug, status="error"):
    return {"status": status, "problem": {"type": "/problems/" + slug, "title": "t", "status": 422,
                                          "detail": "no: " + slug + "."}}


def predict(item, request):
    components = request.get("components", ["total"])
    if isinstance(item, str) and item.startswith("bad"):
        return unscored("bad-interval")
    if "intervals" not in request:
        return {"status": "ok", "values": values(item["sequence"], components)}
    tracks = [json.dumps(v["metadata"], sort_keys=True) for v in request.get("virtual_tracks", [])]
    tracks = tracks or request.get("tracks", {}).get("ids", TRACKS)
    bins = [{"start": 128 * b, "end": 128 * b + 128, "padded": 3 * b,
             "values": values(key(item) + str(b), components, tracks)} for b in range(2)]
    return {"status": "ok", "chrom": "chr20", "start": 5, "end": 250, "bins": bins}


def features(item, request):
    names = request.get("subspaces", ["biological", "technical"])
    return {"status": "ok", "values": values(key(item), names, TRACKS[:3])}


def score(item, request):
    if item == "junk":
        return unscored("malformed-variant")
    if not isinstance(item, str) and item["alt"] == "*":
        return unscored("star-allele", "skipped")
    if isinstance(item, str) and ":" in item: # SPDI with a deleted length
        chrom, at, _, alt = item.split(":")
        ref = "ACGT"[int(at) % 4]
        if alt == ref:
            return unscored("no-change", "skipped")
        if chrom == "chr9":
            return unscored("contig-unknown")
        item = "%s-%d-%s-%s" % (chrom, int(at) + 1, ref, alt)
    parts = item.split("-") if isinstance(item, str) else [item[k] for k in ("chrom", "pos", "ref", "alt")]
    variant = dict(zip(("chrom", "pos", "ref", "alt"), parts))
    variant["pos"] = int(variant["pos"])
    result = {"status": "ok", "variant": variant, "flipped": variant["ref"] == "T", "padded": 0}
    for s in request.get("scores", ["effect"]):
        result[s] = values(key(variant) + s, request["components"])
    if "features" in request:
        result["features"] = values(key(variant), request["features"], "012")
    return result


def scan(request, limit):
    """Of one interval; position 1,000,004 is skipped and 1,000,005 an error."""
    item = request["intervals"][0]
    n = item["end"] - item["start"]
    if n > limit:
        return problem(413, "over-limit", "ism_bases: %d is more than the limit of %d." % (n, limit))
    if item["chrom"] == "chr9":
        return {"provenance": {}, "tracks": ["mean"],
                "results": [{"index": 0, "id": None, **unscored("contig-unknown")}]}
    bases = []
    for start in range(item["start"], item["end"]):
        ref = "ACGT"[start % 4]
        def effect(alt, part):
            variant = {"chrom": item["chrom"], "pos": start + 1, "ref": ref, "alt": alt}
            return [0 if alt == ref else number(key(variant) + "effect", "T0" + part)]
        base = {"start": start, "reference": ref}
        if start + 1 == 1000004:
            base.update(unscored("unknown-base", "skipped"))
        elif start + 1 == 1000005:
            base.update(unscored("window-off-contig"))
        else:
            base.update(status="ok", padded=0,
                        effect={c: [effect(a, c) for a in "ACGT"] for c in request["components"]})
        bases.append(base)
    return {"provenance": {"model": "demo", "genome": "G", "digest": DIGEST}, "tracks": ["mean"], "summary": {},
            "results": [{"index": 0, "id": None, "status": "ok", "chrom": "chr20", "start": item["start"],
                         "end": item["end"], "bases": bases}]}


KINDS = {"/api/v1/predict": predict, "/api/v1/features": features, "/api/v1/variants/score": score}


class Daemon:
    """As the `answers` of a Fake. `items` and `passes` are its limits; `cuts` are numbers of bytes at
    which the next streams break; `digests` those of the next requests."""

    def __init__(self, items=1000, passes=2000, strict_limit=None, cuts=(), digests=()):
        self.items, self.passes, self.strict_limit = items, passes, strict_limit
        self.cuts, self.digests = list(cuts), list(digests)
        self.sizes = []

    def __call__(self, request):
        path = request["path"]
        if path == "/service-info":
            return Answer({"limits": {"items": {"value": self.items},
                                      "passes": {"value": self.passes}, "ism_bases": {"value": 256}}})
        if path == "/api/v1/models":
            return Answer({"models": [{"name": "a"}, {"name": "demo", "default": True}]})
        if path in ("/api/v1/models/a", "/api/v1/models/demo"):
            return Answer({"name": path[-1], "tracks": len(TRACKS), "features": {"technical": 3}})
        if path == "/api/v1/ism":
            answer = scan(json.loads(request["body"]), min(256, self.strict_limit or 256))
            return answer if isinstance(answer, Answer) else Answer(answer)
        if path in KINDS:
            return self.compute(path, json.loads(request["body"]))
        return catalogue.answer(request)

    def compute(self, path, request):
        member = next(m for m in ("variants", "intervals", "sequences") if m in request)
        items = request[member]
        limit = self.strict_limit or self.items
        if len(items) > limit:
            return problem(413, "over-limit", "items: %d is more than the limit of %d."
                           % (len(items), limit), limit={"name": "items", "maximum": limit})
        self.sizes.append(len(items))
        provenance = {"model": "demo", "digest": self.digests.pop(0) if self.digests else DIGEST}
        if request.get("dry_run"):
            return Answer({"provenance": provenance, "cost": {
                "items": len(items), "windows": 2 * len(items), "passes": 4 * len(items),
                "unscored": 0, "limits": {"items": self.items, "passes": self.passes}}})
        lines = [{"provenance": provenance, "tracks": TRACKS}]
        for i, item in enumerate(items):
            id = None if isinstance(item, str) else item.get("id")
            lines.append({"index": i, "id": id, **KINDS[path](item, request)})
        lines.append({"summary": {"items": len(items)}})
        body = "".join(json.dumps(l) + "\n" for l in lines)
        cut = self.cuts.pop(0) if self.cuts else None
        return Answer(body, type="application/x-ndjson", cut=cut, chunks=None if cut else 1000)
