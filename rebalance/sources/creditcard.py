"""The public table of credit card fraud."""

from rebalance.sources.download import download

# The public file of the article's data: Dal Pozzolo et al., 2015, licence DbCL 1.0.
CREDITCARD = {
    "url": "https://storage.googleapis.com/download.tensorflow.org/data/creditcard.csv",
    "sha256": "76274b691b16a6c49d3f159c883398e03ccd6d1ee12d9d8ee38f4b4b98551a89",
    "bytes": 150_828_752,
}


def creditcard():
    """Return the local copy of the public file, downloaded once."""
    return download(CREDITCARD["url"], CREDITCARD["sha256"], CREDITCARD["bytes"])
