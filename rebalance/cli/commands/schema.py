"""Print the JSON schema of params.yaml, by which editors complete and check it.

docs/params.schema.json is what this prints; the first line of params.yaml names it.
"""

import json


def run():
    """Return the schema as JSON."""
    from rebalance.params.params import Params

    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema"
    } | Params.model_json_schema()
    return json.dumps(schema | {"title": "params.yaml"}, indent=2, ensure_ascii=False) + "\n"
