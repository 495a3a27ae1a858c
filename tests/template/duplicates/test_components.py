import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from golgoru.duplicates.components import MAX_SOFT_EDGES, group_roots


@st.composite
def graphs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    delivery = np.array(sorted(draw(st.lists(st.integers(0, 4), min_size=1, max_size=30))), dtype=np.int64)
    image = st.integers(0, len(delivery) - 1)
    edges = draw(st.lists(st.tuples(image, image), max_size=40))
    return delivery, np.array(edges, dtype=np.int64).reshape(-1, 2)


def earliest(count: int, edges: np.ndarray) -> list[int]:
    graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(count, count))
    label = connected_components(graph, directed=False)[1]
    return [int(np.flatnonzero(label == label[i])[0]) for i in range(count)]


@given(graphs())
def test_components_are_those_of_scipy_and_named_by_their_earliest(graph: tuple[np.ndarray, np.ndarray]) -> None:
    delivery, edges = graph
    assert group_roots(delivery, edges).now.tolist() == earliest(len(delivery), edges)


@given(graphs())
def test_on_arrival_is_what_a_run_without_later_deliveries_gives(graph: tuple[np.ndarray, np.ndarray]) -> None:
    delivery, edges = graph
    roots = group_roots(delivery, edges).on_arrival
    for last in np.unique(delivery):
        count = int((delivery <= last).sum())
        known = edges[(edges < count).all(axis=1)]
        then = np.array(earliest(count, known))
        new = delivery[:count] == last
        assert roots[:count][new].tolist() == then[new].tolist()


@given(graphs(), st.integers(0, 4))
def test_growth_changes_no_root_on_arrival_and_only_merges_groups(
    graph: tuple[np.ndarray, np.ndarray], last: int
) -> None:
    delivery, edges = graph
    count = int((delivery <= last).sum())
    before = group_roots(delivery[:count], edges[(edges < count).all(axis=1)])
    after = group_roots(delivery, edges)
    assert after.on_arrival[:count].tolist() == before.on_arrival.tolist()
    # those together stay together, and the merged group has the name of the earlier one
    assert np.array_equal(after.now[before.now], after.now[:count])
    assert (after.now[:count] <= before.now).all()


@given(graphs(), graphs(), st.integers(0, 4))
def test_growth_changes_no_root_on_arrival_with_soft_edges_either(
    graph: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray], last: int
) -> None:
    delivery, edges = graph
    soft = other[1][(other[1] < len(delivery)).all(axis=1)]
    count = int((delivery <= last).sum())
    before = group_roots(delivery[:count], edges[(edges < count).all(axis=1)], soft[(soft < count).all(axis=1)])
    after = group_roots(delivery, edges, soft)
    assert after.on_arrival[:count].tolist() == before.on_arrival.tolist()
    assert np.array_equal(after.now[before.now], after.now[:count])


@given(graphs())
def test_few_soft_edges_join_as_the_others_do(graph: tuple[np.ndarray, np.ndarray]) -> None:
    delivery, edges = graph
    softly = group_roots(delivery, edges[:0], edges[:MAX_SOFT_EDGES])
    assert softly.now.tolist() == group_roots(delivery, edges[:MAX_SOFT_EDGES]).now.tolist()


def test_a_long_chain_of_soft_edges_is_cut_and_other_edges_are_not() -> None:
    delivery = np.zeros(100, dtype=np.int64)
    chain = np.column_stack([np.arange(99), np.arange(1, 100)])
    cut = group_roots(delivery, chain[:0], chain).now
    assert np.bincount(cut).max() == MAX_SOFT_EDGES + 1
    assert len(set(group_roots(delivery, chain, chain[:0]).now.tolist())) == 1
    # Hard edges do not count, however many they are.
    sure = chain[:49]
    assert np.bincount(group_roots(delivery, sure, chain[49:]).now).max() == 50 + MAX_SOFT_EDGES


def test_the_best_soft_edges_join_first() -> None:
    delivery = np.zeros(MAX_SOFT_EDGES + 2, dtype=np.int64)
    edges = np.column_stack([np.arange(MAX_SOFT_EDGES + 1), np.arange(1, MAX_SOFT_EDGES + 2)])
    assert group_roots(delivery, edges[:0], edges).now[-1] == MAX_SOFT_EDGES + 1
    assert group_roots(delivery, edges[:0], edges[::-1]).now[0] != group_roots(delivery, edges[:0], edges[::-1]).now[1]
