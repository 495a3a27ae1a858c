"""data/raw/withdrawals.yaml: what must never be used again."""

from datetime import date
from pathlib import Path

from pydantic import Field, model_validator

from golgoru.core.yaml_models import Written, load


class Withdrawal(Written):
    """One entry of data/raw/withdrawals.yaml: an image, or a content, that must never be used again."""

    image: str | None = None
    content: str | None = Field(None, pattern="^[0-9a-f]{32}$")
    reason: str
    date: date

    @model_validator(mode="after")
    def _one(self) -> "Withdrawal":
        if (self.image is None) == (self.content is None):
            raise ValueError("expected either 'image' or 'content'")
        return self


class Withdrawals(Written):
    """data/raw/withdrawals.yaml."""

    withdrawals: tuple[Withdrawal, ...] = ()


def read_withdrawals(file: Path) -> list[Withdrawal]:
    """Return the withdrawals; no file means none."""
    return list(load(file, Withdrawals).withdrawals) if file.exists() else []
