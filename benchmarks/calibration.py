"""Show what corrections make of the probabilities after each treatment.

``python -m benchmarks.calibration`` trains, on the simulated table of params.yaml and on the real
rows where they are, the learner of params.yaml after each treatment, and prints three rows for
each: raw, corrected by formula, and by formula and a sigmoid fitted out of fold. A row whose
formula and sigmoid miss a target is marked; a set does not always allow them, so that a miss is
no failure. ``--quick`` draws fewer simulated rows, ``--data`` names rows in the format of the
public ``creditcard.csv``.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

from rebalance import correction, errors, metrics, parallel, splitting, training, treatments
from rebalance.params import Calibrate, Treatment, load
from rebalance.simulation import simulate

from benchmarks.splits import tables

