"""The field by whose values rows are known to be of one feature."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from datasets.columns import Field
from datasets.rejects import Rejection
from datasets.wkb import Column
from spatial.errors import Rejected


@dataclass
class Key:
    """A key field. Where it is unique, the first row of a value is taken and others refused."""

    source: Field
    unique: bool = False
    _seen: set[Any] = field(default_factory=set)

    @property
    def name(self) -> str:
        """Its column."""
        return self.source.name

    def judge(self, columns: Mapping[str, Column], reasons: npt.NDArray[np.object_]) -> None:
        """Fill in why rows that are sound otherwise cannot be told apart by the key."""
        values = columns[self.name].to_pylist()
        for row in np.flatnonzero(reasons == None):  # noqa: E711 (row by row)
            value = values[row]
            if value is None:
                reasons[row] = f"no value in '{self.name}'"
            elif self.unique and value in self._seen:
                reasons[row] = f"another row before it has '{value}' in '{self.name}' too"
            elif self.unique:
                self._seen.add(value)

    def of(self, rejected: Iterable[Rejection]) -> list[Any]:
        """The key's values in refused rows."""
        values = (rejection.attributes[self.source.title] for rejection in rejected)
        return [
            value.decode(errors="replace") if isinstance(value, bytes) else value
            for value in values
            if value is not None
        ]


def key_of(fields: Sequence[Field], text: str, title: str) -> Key:
    """The key that a field's name or title means; raises Rejected where there is none."""
    for one in fields:
        if text in (one.title, one.name):
            return Key(one)
    known = ", ".join(one.title for one in fields) or "none"
    raise Rejected(f"'{title}' has no field '{text}' to be its key: it has {known}")
