"""The pieces of ``make faults`` are chosen by the part that they are of, or by their own names."""

from benchmarks.faults import pieces


def test_a_part_is_all_its_pieces_and_a_piece_may_be_named_alone_and_none_comes_twice(monkeypatch):
    parts = {"kills": (None, ("split", "evaluate")), "cut": (None, ()), "dvc": (None, (0, 1))}
    monkeypatch.setattr(pieces, "PARTS", parts)
    assert pieces.of(["cut", "dvc 0", "kills", "kills split"]) == [
        ("kills split", "kills", "split"),
        ("kills evaluate", "kills", "evaluate"),
        ("cut", "cut", None),
        ("dvc 0", "dvc", 0),
    ]
