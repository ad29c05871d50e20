"""Turn openapi.yaml into a C file that holds it as JSON.   contract.py openapi.yaml VERSION out.c"""
import json
import sys

import yaml


class Loader(yaml.SafeLoader):
    """Refuses a key given twice, which YAML forbids and PyYAML lets pass."""


def mapping(loader, node):
    pairs = loader.construct_pairs(node, deep=True)
    if len(dict(pairs)) != len(pairs):
        raise yaml.constructor.ConstructorError(None, None, "a key is given twice", node.start_mark)
    return dict(pairs)


Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)


def main():
    source, version, target = sys.argv[1:]
    with open(source, encoding="utf-8") as f:
        contract = yaml.load(f, Loader)
    if contract["info"]["version"] != version:
        sys.exit("%s: info.version is %s, the project's is %s" % (source, contract["info"]["version"], version))
    text = json.dumps(contract, ensure_ascii=True, separators=(",", ":")).encode()
    with open(target, "w", encoding="ascii") as f:
        f.write('#include "proto/contract.h"\n\nconst char mfd_contract_json[] = {\n')
        for i in range(0, len(text), 24):
            f.write(",".join(str(b) for b in text[i:i + 24]) + ",\n")
        f.write("0 };\nconst size_t mfd_contract_size = %d;\n" % len(text))


main()
