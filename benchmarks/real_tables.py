"""Sixteen public tables with a rare class, where their folder is: ``REBALANCE_REAL_DATA``.

No row of them is part of this repository. Each is read as its owner wrote it, with its target made
0 and 1, and without columns that are a name or the answer in other words.
"""

import os
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

VARIABLE = "REBALANCE_REAL_DATA"


def folder():
    """Return the folder of the tables, or None."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else None


def _csv(target, positive, path, *, drop=(), **options):
    """Return the columns, and 1 where the target is one of the positive labels."""
    frame = pd.read_csv(path, **options)
    target = frame.columns[target] if isinstance(target, int) else target
    labels = frame[target].astype(str).str.strip()
    unused = [c for c in frame if c in drop or str(c).startswith(("Unnamed", "Naive_Bayes"))]
    return frame.drop(columns=[target, *unused]), labels.isin(positive).astype(int).to_numpy()


def _churn(path):
    frame = pd.read_parquet(path)
    names = [name for name in frame if name.lower() in {"id", "target"}]
    return frame.drop(columns=names), (frame["TARGET"] == 1).astype(int).to_numpy()


ANY = {"header": None, "sep": None, "engine": "python"}
TABLES = {
    "telco_churn.csv": partial(_csv, "Churn", ["Yes"], drop=["customerID"], na_values=" "),
    "churn_jg.parquet": _churn,
    "bank_uci.csv": partial(_csv, "y", ["yes"], drop=["duration"], sep=";"),
    "banco_suscrito.csv": partial(_csv, -1, ["no"], sep=";", encoding="latin-1"),
    "stroke.csv": partial(_csv, "0", ["1"], drop=["id"]),
    "ai4i2020.csv": partial(
        _csv,
        "Machine failure",
        ["1"],
        drop=["UDI", "Product ID", "TWF", "HDF", "PWF", "OSF", "RNF"],
        encoding="utf-8-sig",
    ),
    "mammography.csv": partial(_csv, -1, ["'1'"], header=None),
    "german.csv": partial(_csv, -1, ["2"], **ANY),
    "adult_test.csv": partial(
        _csv, -1, [">50K."], header=None, skipinitialspace=True, na_values="?"
    ),
    "caravan.csv": partial(_csv, "Purchase", ["Yes"], drop=["rownames"]),
    "fraud_oracle.csv": partial(_csv, "FraudFound_P", ["1"], drop=["PolicyNumber"]),
    "cervical.csv": partial(
        _csv,
        "Biopsy",
        ["1"],
        drop=["Hinselmann", "Schiller", "Citology"],
        sep=";",
        na_values="?",
    ),
    "secom_x_test.csv": partial(_csv, "y", ["1"]),
    "BankChurners.csv": partial(_csv, "Attrition_Flag", ["Attrited Customer"], drop=["CLIENTNUM"]),
    "default_credit.xls": partial(_csv, -1, ["1"], drop=["ID"], sep="\t"),
    "winequality_white.csv": partial(_csv, -1, ["8", "9"], **ANY),
}


def read(name):
    """Return numbers, labels and which columns are categories, coded in the order of their text."""
    frame, y = TABLES[name](folder() / name)
    text = np.array([frame[column].dtype.kind not in "biuf" for column in frame])
    codes = [
        pd.Categorical(frame[column]).codes.astype(float) if is_text else frame[column].to_numpy()
        for column, is_text in zip(frame, text, strict=True)
    ]
    X = np.column_stack([np.asarray(column, dtype=float) for column in codes])
    X[:, text] = np.where(X[:, text] < 0, np.nan, X[:, text])
    return X, y, text


def available():
    """Return the names of the tables that are there."""
    return [name for name in TABLES if folder() and (folder() / name).exists()]
