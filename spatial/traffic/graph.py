"""A directed graph in arrays: links sorted by where they start, and found by where they end."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

type Floats = npt.NDArray[np.float64]
type Integers = npt.NDArray[np.int64]
type Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Graph:
    """n nodes, m links. Links are numbered anew, by their tails; `order` tells their old places.

    node: (n,) the ids, ascending. tail, head: (m,) indices of nodes. first: (n + 1,) where the
    links out of a node begin. into: (m,) links by their heads, and into_first: (n + 1,) where
    those of a node begin. through: (n,) whether a path may pass the node, or only start and end.
    """

    node: Integers
    tail: Integers
    head: Integers
    order: Integers
    first: Integers
    into: Integers
    into_first: Integers
    through: Flags

    @classmethod
    def of(cls, start: Integers, end: Integers, blocked: Flags | None = None) -> Self:
        """From the ids of both ends of each link. blocked: (n,) ids in order that end paths."""
        node, ends = np.unique(np.concatenate([start, end]), return_inverse=True)
        tail, head = ends[: len(start)].astype(np.int64), ends[len(start) :].astype(np.int64)
        order = np.argsort(tail, kind="stable")
        tail, head = tail[order], head[order]
        return cls(
            node=node.astype(np.int64),
            tail=tail,
            head=head,
            order=order,
            first=np.searchsorted(tail, np.arange(len(node) + 1)),
            into=np.argsort(head, kind="stable"),
            into_first=np.searchsorted(np.sort(head), np.arange(len(node) + 1)),
            through=np.ones(len(node), bool) if blocked is None else ~blocked,
        )

    def stopping_before(self, node: int) -> Self:
        """The same graph where nodes with a smaller id only start and end paths."""
        return type(self)(**(self.__dict__ | {"through": self.node >= node}))

    def index(self, ids: Integers) -> Integers:
        """(k,) where the ids are among the nodes; -1 where they are not."""
        if not len(self.node):
            return np.full(len(ids), -1)
        place = np.minimum(np.searchsorted(self.node, ids), len(self.node) - 1)
        return np.where(self.node[place] == ids, place, -1)

    def restored(self, values: Floats) -> Floats:
        """(m,) values of links, back in the order that the links were given in."""
        back = np.empty_like(values)
        back[self.order] = values
        return back
