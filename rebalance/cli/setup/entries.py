"""Point the sections data and split at a table, and fit ratios and rules to it."""

# A share of the natural ratio, where a ratio is above it: a third, or of other treatments half.
SHARES = {"random_under": 3}
OTHER = 2
# Keys of data that speak of one table.
OF_A_TABLE = ("columns", "unlabelled", "prevalence")


def point(document, path, found, positive, again):
    """Write the sections data and split; return a line for what was there and is no more.

    Parameters
    ----------
    document : Document
    path : str
    found : Profile
    positive : list
        The labels of the rare class.
    again : bool
        Whether the section spoke of this file before: what else it says of it stays.
    """
    lines, data = [], document["data"]
    if not again:
        if data.get("drop"):
            lines.append(f"data.drop: empty now, it was {', '.join(map(str, data['drop'][:10]))}")
        document.put("data", {"drop": []})
        for key in OF_A_TABLE:
            if data.pop(key, None):
                lines.append(f"data.{key} removed: it spoke of another table")
        document.put("split", {"method": "stratified", "column": "", "gap": 0})
    elif absent := [name for name in data.get("drop") or [] if str(name) not in found.columns]:
        lines.append(f"data.drop: {', '.join(map(str, absent))} removed, no columns of the table")
        document.put("data", {"drop": [name for name in data["drop"] if name not in absent]})
    if data.get("read"):
        lines.append(f"data.read: {', '.join(data['read'])} as params.yaml has it")
    several = len(found.labels) > 2 or len(positive) > 1
    values = {"source": "file", "path": path, "pattern": "*", "target": found.target}
    values["positive"] = positive if several else positive[0]
    if found.unlabelled:
        values["unlabelled"] = "drop"
    document.put("data", values)
    return lines


def fit_ratios(document, natural):
    """Give ratios that ask for more negatives than the table has a share to fall back to.

    Parameters
    ----------
    document : Document
    natural : float
        Negatives per positive in the table.

    Returns
    -------
    list of str
        A line for each.
    """
    lines = []
    for name, entry in document["resample"].items():
        ratio = entry.get("ratio")
        if not isinstance(ratio, (int, float)) or ratio < natural:
            continue
        share = f"natural/{SHARES.get(entry['treatment'], OTHER)}"
        entry["ratio"] = [ratio, share]
        lines.append(
            f"resample.{name} asks for {ratio:g} negatives per positive, and the table has "
            f"{natural:.3g}: now {share} where it has no more"
        )
    anchors = document["tune"].get("anchors", [])
    if beyond := [anchor for anchor in anchors if anchor >= natural]:
        document.put("tune", {"anchors": [anchor for anchor in anchors if anchor < natural]})
        lines.append(f"tune.anchors: {', '.join(map(str, beyond))} removed, above {natural:.3g}")
    return lines


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
