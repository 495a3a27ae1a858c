"""data/raw/withdrawals.yaml: images that must not be used any more."""

from datetime import date
from pathlib import Path

from pydantic import Field, model_validator

from golgoru.core.yaml_models import ConfigModel, load_config


class Withdrawal(ConfigModel):
    """One entry of data/raw/withdrawals.yaml: an image, or a content, that must not be used any more."""

    image: str | None = None
    content: str | None = Field(None, pattern="^[0-9a-f]{32}$")
    reason: str
    date: date

    @model_validator(mode="after")
    def _image_or_content(self) -> "Withdrawal":
        if (self.image is None) == (self.content is None):
            raise ValueError("expected either 'image' or 'content'")
        return self


class Withdrawals(ConfigModel):
    """data/raw/withdrawals.yaml: all entries."""

    withdrawals: tuple[Withdrawal, ...] = ()


def read_withdrawals(file: Path) -> list[Withdrawal]:
    """Return the withdrawals; no file means none."""
    return list(load_config(file, Withdrawals).withdrawals) if file.exists() else []
