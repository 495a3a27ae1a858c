"""Pages are wired by their signatures: a page that is added asks for its tables, and the stage reads them."""

import inspect
from pathlib import Path
from typing import Annotated

import pandas as pd
import pytest

from golgoru.guideline.classes import Classes
from golgoru.site import build, pages
from golgoru.site.page import Page
from golgoru.site.pages import PAGES
from golgoru.tables import frames
from golgoru.tables.columns import columns, named_columns
from stages.report import Params, transform

FOLDER = Path(pages.__file__).parent


def test_every_module_and_template_of_the_folder_is_a_page() -> None:
    assert {file.stem for file in FOLDER.glob("*.py")} - {"__init__"} == set(PAGES)
    assert {file.name for file in FOLDER.glob("*.html.j2")} == {f"{name}.html.j2" for name in PAGES}


def test_the_stage_asks_for_the_arguments_of_every_page_once_and_for_its_params() -> None:
    asked = inspect.signature(transform).parameters
    of_pages = {name for page in PAGES.values() for name in inspect.signature(page).parameters}
    assert set(asked) == of_pages | {"params"}
    assert asked["params"].annotation is Params
    assert asked["classes"].annotation is Classes
    assert {argument.kind for argument in asked.values()} == {inspect.Parameter.KEYWORD_ONLY}


def test_an_argument_that_two_pages_declare_differently_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def other(*, labels: str) -> Page:
        return Page({"labels": labels}, {})

    def positional(labels: pd.DataFrame) -> Page:
        return Page({"labels": labels}, {})

    for page in (other, positional):
        monkeypatch.setitem(build.PAGES, "other", page)
        with pytest.raises(TypeError, match="page other: `labels` must be keyword-only, and of one type on every page"):
            build.page_arguments()


def test_the_stage_reads_the_columns_of_all_pages_and_a_page_is_given_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def one(*, groups: Annotated[pd.DataFrame, columns("image")]) -> Page:
        return Page({}, {"columns": [*groups]})

    def two(*, groups: Annotated[pd.DataFrame, columns("group")]) -> Page:
        return Page({}, {"columns": [*groups]})

    monkeypatch.setattr(build, "PAGES", {"one": one, "two": two})
    monkeypatch.setattr(build, "render_page", lambda *_: b"")
    assert named_columns(build.page_arguments()["groups"].annotation) == {"image", "group"}
    site = build.build_site({"groups": frames.frame("groups")})
    assert site.metrics == {"one": {"columns": ["image"]}, "two": {"columns": ["group"]}}
