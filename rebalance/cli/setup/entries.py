"""Fit the entries of resample, the study and the rules to a table, saying each change."""

UNDER = "under_third"
# The share of the natural ratio that takes the place of a ratio above it.
SHARES = {"random_under": 3}
OTHER = 2


def fit_ratios(document, natural):
    """Replace ratios that ask for more negatives than the table has; return a line for each.

    Parameters
    ----------
    document : Document
    natural : float
        Negatives per positive in the table.
    """
    lines, resample = [], document["resample"]
    for name, entry in list(resample.items()):
        ratio = entry.get("ratio")
        if not isinstance(ratio, (int, float)) or ratio < natural:
            continue
        entry["ratio"] = round(natural / SHARES.get(entry["treatment"], OTHER), 2)
        own = UNDER if name == f"under_{ratio:g}" and UNDER not in resample else name
        if own != name:
            _rename(resample, name, own)
        lines.append(
            f"resample.{name} asks for {ratio:g} negatives per positive, and the table has "
            f"{natural:.3g}: {f'it is now resample.{own} with' if own != name else 'now'} "
            f"{entry['ratio']}"
        )
    anchors = document["tune"].get("anchors", [])
    if beyond := [anchor for anchor in anchors if anchor >= natural]:
        document.put("tune", {"anchors": [anchor for anchor in anchors if anchor < natural]})
        lines.append(f"tune.anchors: {', '.join(map(str, beyond))} removed, above {natural:.3g}")
    return lines


def _rename(mapping, old, new):
    """Give a key of a mapping another name, in the same place and with the same comments."""
    place = list(mapping).index(old)
    comment = mapping.ca.items.pop(old, None)
    mapping.insert(place, new, mapping.pop(old))
    if comment is not None:
        mapping.ca.items[new] = comment


def drop_amounts(document, columns):
    """Remove rules of amounts whose column the table lacks; return a line for each."""
    rules = document["threshold"].get("rules", {})
    absent = [
        name
        for name, rule in rules.items()
        if rule.get("rule") == "amount_cost" and rule.get("column") not in columns
    ]
    return [
        f"threshold.rules.{name} removed: the table has no column {rules.pop(name)['column']!r}"
        for name in absent
    ]
