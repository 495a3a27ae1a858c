"""Connected components of images that are joined in pairs, now and as they were when each delivery arrived."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from golgoru.core.arrays import Integers

MAX_SOFT_EDGES = 20  # per component


class GroupRoots(NamedTuple):
    """Per image the position of the earliest image of its component: now, and when the image's delivery had arrived."""

    now: Integers
    on_arrival: Integers


def group_roots(delivery: Integers, edges: Integers, soft: Integers | None = None) -> GroupRoots:
    """Return the component roots of images 0 .. n - 1, which are in order of arrival.

    `delivery` (n,) is the rank of each image's delivery and does not decrease; `edges` (m, 2) are positions of
    joined images. An edge arrives with the later of its two images, so that `on_arrival` depends only on what had
    arrived by then: later deliveries never change it. Union-find with the earliest image as root.

    `soft` edges (k, 2), best first, join after the other edges of their delivery, unless a component would then hold
    more than 20 soft edges: among images that all look alike, chains of them would join everything.
    """
    now = np.arange(len(delivery))
    on_arrival = now.copy()
    soft = np.empty((0, 2), np.int64) if soft is None else soft
    all_edges = np.concatenate([edges, soft])
    joined = np.unique(all_edges)
    if not len(joined):
        return GroupRoots(now, on_arrival)
    # Only the joined images are numbered, since most images have no edge.
    ends = np.searchsorted(joined, all_edges)
    arrival = delivery[joined]
    is_soft = np.arange(len(all_edges)) >= len(edges)
    order = np.lexsort((is_soft, arrival[ends].max(axis=1)))  # stable: soft edges stay best first
    roots, roots_on_arrival = _join_in_order(arrival.tolist(), ends[order].tolist(), is_soft[order].tolist())
    now[joined] = joined[roots]
    on_arrival[joined] = joined[roots_on_arrival]
    return GroupRoots(now, on_arrival)


def _join_in_order(arrival: list[int], edges: list[list[int]], is_soft: list[bool]) -> tuple[list[int], list[int]]:
    """Join the edges delivery by delivery. A Python loop: each union depends on all before it."""
    parent = list(range(len(arrival)))
    soft_edges = [0] * len(arrival)  # in the component of each root

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = i = parent[parent[i]]
        return i

    on_arrival = []
    edge = 0
    for i, delivery in enumerate(arrival):
        while edge < len(edges) and max(arrival[edges[edge][0]], arrival[edges[edge][1]]) <= delivery:
            a, b = sorted(map(root, edges[edge]))
            count = soft_edges[a] + soft_edges[b] + is_soft[edge]
            if a != b and not (is_soft[edge] and count > MAX_SOFT_EDGES):
                parent[b], soft_edges[a] = a, count
            edge += 1
        on_arrival.append(root(i))
    return [root(i) for i in range(len(arrival))], on_arrival


def component_ids(images: pd.Series, pairs: pd.DataFrame) -> Integers:
    """Return a number per image, equal for the images of a connected component of `pairs` (image_a, image_b)."""
    index = pd.Index(images)
    first, second = index.get_indexer(pairs["image_a"]), index.get_indexer(pairs["image_b"])
    listed = (first >= 0) & (second >= 0)
    if not listed.any():
        return np.arange(len(index))
    from scipy.sparse import coo_array  # noqa: PLC0415  (slow)
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    graph = coo_array((listed[listed], (first[listed], second[listed])), shape=(len(index), len(index)))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)
