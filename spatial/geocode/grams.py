"""An index of texts by letters and their pairs: Chinese has no spaces, so words are no help.

Beside neighbours (云溪, 溪路) letters with one between them (云_路) are kept, and letters alone: a
wrong letter in the middle of a name of three leaves one of its pairs, an exchange none.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

type Integers = npt.NDArray[np.int64]
type Floats = npt.NDArray[np.float64]

_NOISE = re.compile(r"[\W_]+")
_BITS = 21  # of a letter in Unicode


def plain(text: str) -> str:
    """A text without what people write differently: width, case, spaces, punctuation."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", text).casefold())


def grams(texts: Sequence[str]) -> tuple[Integers, Integers]:
    """(n,) letters and pairs as numbers, and (n,) the place of the text of each.

    A number is of the first letter, of the second, and whether one is left out between.
    """
    letters = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32).astype(np.int64)
    owner = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    found, whose = [letters], [owner]
    for apart in (1, 2):
        same = owner[:-apart] == owner[apart:]
        pair = (letters[:-apart] << _BITS | letters[apart:]) << 2 | apart
        found.append(pair[same])
        whose.append(owner[:-apart][same])
    return np.concatenate(found), np.concatenate(whose)


@dataclass(frozen=True)
class Grams:
    """Where each pair occurs: `texts[first[i]:first[i + 1]]` are those that hold `pair[i]`."""

    pair: Integers
    first: Integers
    texts: Integers
    weight: Floats  # rare pairs tell more: the logarithm of all texts over those that hold it
    whole: Floats  # of each text, the sum of its weights

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Grams":
        """Index texts that are plain already."""
        pair, text = grams(texts)
        both = np.unique(np.stack([pair, text]), axis=1)
        names, first, count = np.unique(both[0], return_index=True, return_counts=True)
        weight = np.log1p(len(texts) / count)
        whole = np.bincount(both[1], np.repeat(weight, count), minlength=len(texts))
        return cls(names, np.append(first, len(both[0])), both[1], weight, whole)

    def nearest(self, text: str, count: int) -> Integers:
        """The places of at most so many texts, those whose pairs a plain text has most of first.

        Ranked by shared weight over the root of a text's own: a long name that is there in part,
        and a short one that is there whole, both come.
        """
        asked = np.unique(grams([text])[0])
        slot = np.searchsorted(self.pair, asked)
        slot = slot[slot < len(self.pair)]
        slot = slot[np.isin(self.pair[slot], asked)]
        if not len(slot):
            return np.empty(0, np.int64)
        parts = [self.texts[self.first[i] : self.first[i + 1]] for i in slot]
        weight = np.repeat(self.weight[slot], [len(part) for part in parts])
        shared = np.bincount(np.concatenate(parts), weight, minlength=len(self.whole))
        rank = shared / np.sqrt(np.maximum(self.whole, 1e-9))
        found = np.flatnonzero(rank)
        if len(found) > count:
            found = found[np.argpartition(-rank[found], count)[:count]]
        ordered: Integers = found[np.argsort(-rank[found], kind="stable")]
        return ordered
