"""Say what pip-audit found: its JSON comes on standard input. Exit code 1 unless all is well.

A package that its index has no record of is skipped by pip-audit; with every one skipped it would
find "no known vulnerabilities".
"""

import json
import sys

MOST = 10


def lines(packages):
    """Return a line for each thing that is wrong with the packages of pip-audit's JSON.

    >>> lines([{"name": "a", "version": "1", "vulns": []}])
    []
    """
    audited = [each for each in packages if "skip_reason" not in each]
    skipped = [each for each in packages if "skip_reason" in each]
    holes = [(each, hole) for each in audited for hole in each["vulns"]]
    found = [
        f"{package['name']} {package['version']}: {hole['id']}, "
        f"mended in {', '.join(hole['fix_versions']) or 'no version yet'}"
        for package, hole in holes
    ]
    if not audited:
        why = f" ({skipped[0]['skip_reason']})" if skipped else ""
        found.append(
            f"nothing was audited: none of {len(packages)} packages has a record here{why}; run "
            "this where pypi.org answers"
        )
    elif skipped:
        names = [each["name"] for each in skipped]
        more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
        found.append(
            f"{len(skipped)} of {len(packages)} packages were not audited: "
            f"{', '.join(names[:MOST])}{more}"
        )
    return found


def main():
    """Print the lines, or how many packages have no known hole."""
    try:
        packages = json.load(sys.stdin)["dependencies"]
    except (ValueError, KeyError, TypeError):
        sys.exit("error: nothing was audited: pip-audit ended without a result")
    found = lines(packages)
    for line in found:
        sys.stderr.write(f"error: {line}\n")
    if found:
        sys.exit(1)
    sys.stdout.write(f"{len(packages)} packages were audited; none has a known hole\n")


if __name__ == "__main__":
    main()
