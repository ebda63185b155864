"""Read params.yaml: YAML where a key written twice is an error."""

from pathlib import Path

import yaml

from rebalance.errors import InputError


class _Loader(yaml.SafeLoader):
    """YAML where a key written twice is an error, as it is to DVC."""

    def construct_mapping(self, node, deep=False):
        """Return the mapping of a node, its keys all different."""
        seen = set()
        for key, _ in node.value:
            if str(key.value) in seen:
                problem = f"the key {key.value!r} stands here twice"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def read(path):
    """Return the content of a YAML file; `InputError` where there is none."""
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path} is missing here; run from the root of the repository.")
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 it is a safe one
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", error)
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        reason = " ".join(str(problem).split())
        raise InputError(f"{path} is not YAML: {place}{reason}.") from error
