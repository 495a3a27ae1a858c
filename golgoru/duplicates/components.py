"""Connected components of images that are joined in pairs, and what they were when each delivery arrived."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Indices = NDArray[np.int64]

MAX_SOFT_EDGES = 20  # edges


class GroupRoots(NamedTuple):
    """Per image the position of the earliest image it is joined to: now, and when its delivery had arrived."""

    now: Indices
    on_arrival: Indices


def group_roots(delivery: Indices, edges: Indices, soft: Indices | None = None) -> GroupRoots:
    """Return the components of images 0 .. n - 1, which stand in order of arrival.

    `delivery` (n,) is the rank of each image's delivery and does not decrease; `edges` (m, 2) are positions of
    joined images. An edge arrives with the later of its two images, so `on_arrival` is a function of what had
    arrived by then: later deliveries never change it. Union-find with the earliest image as root.

    `soft` (k, 2), best first, joins after the edges that arrived with it, unless a component would then hang together
    by more than 20 soft edges: where everything looks alike, chains would make one component of all.
    """
    now = np.arange(len(delivery))
    on_arrival = now.copy()
    soft = np.empty((0, 2), np.int64) if soft is None else soft
    both = np.concatenate([edges, soft])
    joined = np.unique(both)
    if not len(joined):
        return GroupRoots(now, on_arrival)
    # Positions to plain integers of joined images alone: most images stand by themselves.
    ends = np.searchsorted(joined, both)
    when = delivery[joined]
    is_soft = np.arange(len(both)) >= len(edges)
    order = np.lexsort((is_soft, when[ends].max(axis=1)))  # stable: soft ones stay best first
    roots, homes = _join_in_order(when.tolist(), ends[order].tolist(), is_soft[order].tolist())
    now[joined] = joined[roots]
    on_arrival[joined] = joined[homes]
    return GroupRoots(now, on_arrival)


def _join_in_order(when: list[int], edges: list[list[int]], is_soft: list[bool]) -> tuple[list[int], list[int]]:
    """Join the edges delivery by delivery. A Python loop: each union depends on all before it."""
    parent = list(range(len(when)))
    softly = [0] * len(when)  # soft edges that hold the component of this root together

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = i = parent[parent[i]]
        return i

    homes = []
    edge = 0
    for i, delivery in enumerate(when):
        while edge < len(edges) and max(when[edges[edge][0]], when[edges[edge][1]]) <= delivery:
            a, b = sorted(map(root, edges[edge]))
            held = softly[a] + softly[b] + is_soft[edge]
            if a != b and not (is_soft[edge] and held > MAX_SOFT_EDGES):
                parent[b], softly[a] = a, held
            edge += 1
        homes.append(root(i))
    return [root(i) for i in range(len(when))], homes


def component_ids(images: pd.Series, pairs: pd.DataFrame) -> Indices:
    """Return a number per image, equal for images that a chain of `pairs` (image_a, image_b) joins."""
    index = pd.Index(images)
    first, second = index.get_indexer(pairs["image_a"]), index.get_indexer(pairs["image_b"])
    known = (first >= 0) & (second >= 0)
    graph = coo_array((known[known], (first[known], second[known])), shape=(len(index), len(index)))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)
