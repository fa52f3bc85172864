"""How likely a name is meant by a text that may hold it, with slips of the pen."""

import re
from collections.abc import Sequence

import numpy as np
from rapidfuzz.fuzz import partial_ratio, partial_ratio_alignment, ratio

from spatial.geocode.grams import Floats

_NUMBER = re.compile(r"\d+")
OTHER_NUMBER = 0.8
LEAST = 0.6


def likeness(text: str, names: Sequence[str]) -> Floats:
    """(n,) 0 to 1 of plain names in a plain text.

    s = a · (0.6 + 0.4 e / E): a, how alike a name and the part of the text that is likest to it
    are (1 − insertions and deletions over both lengths); e, the letters that it so explains, and
    E the most of any name that is alike by 0.6. Where the name is the longer, a is the greater of
    that for both whole, and that for the text within the name, times 0.75 + 0.25 text / name.
    A house number is right or wrong, never nearly right: one that the text has not costs a fifth.
    """
    alike = np.array([_alike(text, name) for name in names], float)
    size = np.array([len(name) for name in names], float)
    explained = alike * np.minimum(size, len(text))
    most = max(float(explained[alike >= LEAST].max(initial=0.0)), 1.0)
    told = set(_NUMBER.findall(text))
    other = [bool(set(_NUMBER.findall(name)) - told) for name in names]
    score = alike * (0.6 + 0.4 * np.minimum(explained / most, 1.0))
    found: Floats = np.where(other, OTHER_NUMBER, 1.0) * score
    return found


def _alike(text: str, name: str) -> float:
    if len(name) > len(text):
        within = partial_ratio(text, name) * (0.75 + 0.25 * len(text) / len(name))
        return max(ratio(text, name), within) / 100
    found = partial_ratio_alignment(name, text)
    if found is None or found.score == 100:
        return 0.0 if found is None else 1.0
    start, end = found.dest_start, found.dest_end
    # a letter left out or put in makes the part shorter or longer than the name
    parts = {text[max(start + a, 0) : end + b] for a in (-1, 0, 1) for b in (-1, 0, 1)}
    return max(ratio(name, part) for part in parts) / 100
