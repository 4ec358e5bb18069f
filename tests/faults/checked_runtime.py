"""The stub runtime that looks at the weights first, as those that are shipped do."""

from ml import registry
from tests import stub_runtime


def load(card):
    registry.verify(card)
    return stub_runtime.load(card)
