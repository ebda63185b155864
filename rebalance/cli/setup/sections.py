"""Point the sections data and split of params.yaml at a table."""

# Keys of data that speak of one table.
OF_A_TABLE = ("columns", "unlabelled")


def point(document, path, profile, positive, again, pattern="*"):
    """Write the sections data and split; return a line for what was there and is no more.

    Parameters
    ----------
    document : Document
    path : str
    profile : Profile
    positive : list
        The labels of the rare class.
    again : bool
        Whether the section spoke of this file before: what else it says of it stays.
    pattern : str
        Which files of a folder.
    """
    lines, data = [], document["data"]
    if not again:
        if data.get("drop"):
            lines.append(f"data.drop: empty now, it was {', '.join(map(str, data['drop'][:10]))}")
        document.put("data", {"drop": []})
        for key in OF_A_TABLE:
            if data.get(key):
                data.pop(key)
                lines.append(f"data.{key} removed: it spoke of another table")
        if data.get("prevalence"):
            # A key that dvc.yaml names must stand there.
            document.put("data", {"prevalence": None})
            lines.append("data.prevalence: none now, it spoke of another table")
        document.put("split", {"method": "stratified", "column": "", "gap": 0})
    elif absent := [name for name in data.get("drop") or [] if str(name) not in profile.columns]:
        lines.append(f"data.drop: {', '.join(map(str, absent))} removed, no columns of the table")
        document.put("data", {"drop": [name for name in data["drop"] if name not in absent]})
    if data.get("read"):
        lines.append(f"data.read: {', '.join(data['read'])} as params.yaml has it")
    if pattern != "*":
        lines.append(f"data.pattern {pattern!r} as params.yaml has it")
    several = len(profile.labels) > 2 or len(positive) > 1
    values = {"source": "file", "path": path, "pattern": pattern, "target": profile.target}
    values["positive"] = positive if several else positive[0]
    if profile.unlabelled:
        values["unlabelled"] = "drop"
    document.put("data", values)
    return lines
