"""Every example in the contract satisfies its own schema.   examples.py SOURCE-ROOT"""
import os
import sys

root = sys.argv[1]
sys.path.insert(0, os.path.join(root, "tests", "http"))
try:
    from contract import Broken, Contract
except ImportError as error:
    print("skipped: %s (install python3-jsonschema and python3-yaml)" % error)
    sys.exit(77)


def media_objects(node, place):
    """All media type objects below a node: where examples and schemas stand side by side."""
    if isinstance(node, dict):
        if "schema" in node and ("example" in node or "examples" in node):
            yield place, node
        for key, value in node.items():
            yield from media_objects(value, "%s/%s" % (place, key))
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from media_objects(value, "%s/%d" % (place, i))


def schema_examples(node, place):
    """Examples inside schemas."""
    if isinstance(node, dict):
        if isinstance(node.get("examples"), list):
            for example in node["examples"]:
                yield place, node, example
        for key, value in node.items():
            yield from schema_examples(value, "%s/%s" % (place, key))
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from schema_examples(value, "%s/%d" % (place, i))


contract, n, problems = Contract(os.path.join(root, "proto", "openapi.yaml")), 0, []
cases = []
for place, media in media_objects(contract.document, ""):
    for name, example in media.get("examples", {}).items():
        cases.append((place + "/" + name, media["schema"], example["value"]))
    if "example" in media:
        cases.append((place, media["schema"], media["example"]))
cases += schema_examples(contract.document, "")
for place, schema, value in cases:
    n += 1
    try:
        contract.validate(value, schema, place)
    except Broken as broken:
        problems.append(str(broken))
print("\n".join(problems))
print("%d examples checked, %d problems" % (n, len(problems)))
sys.exit(1 if problems or not n else 0)
