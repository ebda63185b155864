"""Edit params.yaml: values change, comments and blank lines stay where they are."""

import re
from io import StringIO
from pathlib import Path

from rebalance.errors import InputError, shown
from rebalance.params.file import refuse_conflict

WIDTH = 4096  # no value is broken into lines


def _yaml():
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


# Text that every YAML reads as text, but for the words that YAML 1.1 reads as something else.
PLAIN = re.compile(r"[A-Za-z/][\w./-]*", re.ASCII)


def quoted(value):
    """Return a value to be written; text in double quotes where YAML may read something else.

    Parameters
    ----------
    value : str, int, float, bool or list
    """
    import yaml
    from ruamel.yaml.comments import CommentedSeq
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    if isinstance(value, list):
        return CommentedSeq(map(quoted, value))
    words = ("y", "n")  # YAML 1.1 reads them as true and false, though PyYAML does not
    if not isinstance(value, str) or (
        PLAIN.fullmatch(value) and value.lower() not in words and yaml.safe_load(value) == value
    ):
        return value
    return DoubleQuotedScalarString(value)


class Document:
    """A params.yaml that is edited: ``document["data"]["target"] = ...``, then `text`."""

    def __init__(self, path):
        from ruamel.yaml.error import YAMLError

        try:
            self.before = Path(path).read_text(encoding="utf-8")
            self.content = _yaml().load(self.before)
        except FileNotFoundError as error:
            raise InputError(
                f"{path} is missing here; run from the root of the repository."
            ) from error
        except (YAMLError, UnicodeDecodeError) as error:
            refuse_conflict(path, getattr(self, "before", ""))
            reason = " ".join(str(getattr(error, "problem", error)).split())
            raise InputError(f"{path} is not YAML: {reason}.") from error
        if not isinstance(self.content, dict):
            got = "a list" if isinstance(self.content, list) else shown(self.content)
            raise InputError(f"{path} must be a mapping of sections, got {got}.")

    def __getitem__(self, section):
        """Return a section, an empty one where there is none."""
        return self.content.setdefault(section, {})

    def put(self, section, values):
        """Set values of a section; a key that is not there goes to its end."""
        comments = self[section].ca.items if hasattr(self[section], "ca") else {}
        for key, value in values.items():
            self[section][key] = quoted(value)
            if key in comments and comments[key][3:] == [[]]:
                # Of a list whose items begin below its key, as DVC writes it: no comment, after
                # which ruamel.yaml would leave out the end of a line.
                comments[key][3] = None

    def text(self):
        """Return the file as text; sections that followed a blank line still do."""
        stream = StringIO()
        _yaml().dump(self.content, stream)
        apart = set(re.findall(r"^\n(\w+):", self.before, re.MULTILINE))
        text = re.sub(
            r"(?<!\n)\n(\w+):",
            lambda match: f"\n\n{match[1]}:" if match[1] in apart else match[0],
            stream.getvalue(),
        )
        if _yaml().load(text) != self.content:
            raise RuntimeError("params.yaml would say something else than what was put into it")
        return text
