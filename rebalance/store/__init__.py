"""Read and write tables, models and JSON; a file is either whole or absent."""

from rebalance.store.answers import remove_other_answers
from rebalance.store.atomic import replacing
from rebalance.store.fingerprints import (
    check_fingerprint,
    check_labels,
    check_models,
    delete_removed_models,
    identify,
    is_damaged,
    labels_checksum,
    md5,
    sha256,
    write_fingerprint,
)
from rebalance.store.json import read_json, rounded, write_csv, write_json, write_text
from rebalance.store.models import TRUSTED, read_model, same_models, write_model
from rebalance.store.score_cache import ScoreCache, score_cache
from rebalance.store.shapes import check as check_shape
from rebalance.store.shuffle import Shuffle
from rebalance.store.tables import (
    Columns,
    Table,
    open_table,
    read_group,
    read_table,
    shared,
    temporary_folder,
    write_frame,
    write_frames,
)
from rebalance.store.trained import read_importance, read_scores, write_trained

__all__ = [
    "TRUSTED",
    "Columns",
    "ScoreCache",
    "Shuffle",
    "Table",
    "check_fingerprint",
    "check_labels",
    "check_models",
    "check_shape",
    "delete_removed_models",
    "identify",
    "is_damaged",
    "labels_checksum",
    "md5",
    "open_table",
    "read_group",
    "read_importance",
    "read_json",
    "read_model",
    "read_scores",
    "read_table",
    "remove_other_answers",
    "replacing",
    "rounded",
    "same_models",
    "score_cache",
    "sha256",
    "shared",
    "temporary_folder",
    "write_csv",
    "write_fingerprint",
    "write_frame",
    "write_frames",
    "write_json",
    "write_model",
    "write_text",
    "write_trained",
]
