"""What stage `split` reads, as small as a test needs it."""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from golgoru.duplicates.components import group_roots
from golgoru.guideline.edge_cases import EdgeCases
from golgoru.tables import frames
from stages import split

NO_CASES = EdgeCases()


def groups(group: list[str], on_arrival: list[str] | None = None, images: list[str] | None = None) -> pd.DataFrame:
    names = images if images is not None else [f"a/{n}.png" for n in range(len(group))]
    return frames.frame("groups", {"image": names, "group": group, "group_on_arrival": on_arrival or group})


def labels(image: Any, label: Any, **more: Any) -> pd.DataFrame:
    rows = {"object": [f"o{n}" for n in range(len(image))], "image": list(image), "label": label, "ignore": False}
    rows |= {"votes": 1, "agreement": 1.0, "status": "agreed", "source": "human", "guideline_version": "1"} | more
    return frames.frame("labels", rows)


def delivered(dates: list[str], contents: Any = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return `images` and `sources` of one picture per date; each day's delivery has the day's name."""
    names = [f"{day}/{n}.png" for n, day in enumerate(dates)]
    content = contents if contents is not None else [f"{n:032x}" for n in range(len(dates))]
    looks = {"width": 100, "height": 100, "format": "PNG", "mode": "RGB", "bytes": 10}
    images = frames.frame("images", {"image": names, "content": content, **looks})
    return images, frames.frame("sources", {"image": names, "delivery": dates, "date": dates})


def joined(images: pd.DataFrame, sources: pd.DataFrame, edges: Any) -> pd.DataFrame:
    """Return `groups` as dedup would; `edges` (n, 2) are positions in tables that stand in order of arrival."""
    rank = sources.groupby(["date", "delivery"]).ngroup().to_numpy(np.int64)
    found = group_roots(rank, np.sort(np.array(edges, dtype=np.int64).reshape(-1, 2), axis=1))
    content = images["content"].to_numpy()
    ends = {"group": content[found.now], "group_on_arrival": content[found.on_arrival]}
    return frames.frame("groups", {"image": images["image"], **ends})


def run(
    table: pd.DataFrame, pins: Any = (), seed: int = 7, given: Any = None, frozen: str | None = None, **settings: Any
) -> split.Tables:
    """Run the stage on groups, `splits` in their order; `given` are the other tables that the test is about."""
    name = table["image"]
    content = table["group"].mask(table["group"].duplicated(), "content of " + name)
    some: dict[str, Any] = {
        "sources": frames.frame("sources", {"image": name, "delivery": "a", "date": "2026-01-01"}),
        "images": frames.frame("images", {"image": name, "content": content}),
        **{
            empty: frames.frame(empty)
            for empty in ("labels", "annotation_roles", "edge_case_hits", "duplicates", "duplicate_pairs")
        },
        "edge_cases": NO_CASES,
        **(given or {}),
    }
    day = None if frozen is None else date.fromisoformat(frozen)
    params = split.Params.model_validate(settings)
    made = split.transform(table, **some, pins=list(pins), seed=seed, frozen=day, params=params)
    return made._replace(splits=made.splits.set_index("image").loc[name].reset_index())
