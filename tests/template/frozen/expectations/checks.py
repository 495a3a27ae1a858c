"""Checks in Python, for what SQL cannot express well. A rule or an edge case names one by `check`.

The arguments of a check are columns or features of the table. It returns true or false for every row, and null where it
cannot be evaluated. Its answer depends on these columns alone, not on a clock: equal rows, equal answers.
"""

import unicodedata

import pandas as pd

_SUFFIXES = {
    "BMP": ("bmp", "dib"),
    "GIF": ("gif",),
    "JPEG": ("jpg", "jpeg", "jpe", "jfif"),
    "PNG": ("png", "apng"),
    "TIFF": ("tif", "tiff"),
    "WEBP": ("webp",),
}


def suffix_fits_format(image: pd.Series, format: pd.Series) -> pd.Series:  # noqa: A002  (the column's name)
    """Return whether the file extension is one of its format's; null for formats that are not listed."""
    suffix = image.str.extract(r"\.([^./]+)$")[0].str.lower()
    fits = pd.Series(pd.NA, index=image.index, dtype="boolean")
    for name, suffixes in _SUFFIXES.items():
        fits = fits.mask(format == name, suffix.isin(suffixes))
    return fits


def mixes_scripts(text: pd.Series) -> pd.Series:
    """Return whether a text has letters of two scripts; null where there is no text.

    Han, kana, Hangul and Bopomofo count as one: Japanese and Korean are written in several of them.
    """
    answers = {value: len(_scripts(value)) > 1 for value in text.dropna().unique()}
    return text.map(answers).astype("boolean")


_EAST_ASIAN = {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HALFWIDTH", "HANGUL", "BOPOMOFO"}


def _scripts(text: str) -> set[str]:
    # A letter's Unicode name begins with its script: LATIN SMALL LETTER A, CYRILLIC SMALL LETTER A.
    first = {unicodedata.name(letter, "").split(" ")[0] for letter in text if letter.isalpha()}
    # Letters of no script of their own: FULLWIDTH LATIN, FEMININE ORDINAL INDICATOR, MICRO SIGN, MODIFIER LETTER, ...
    first -= {"FULLWIDTH", "FEMININE", "MASCULINE", "MICRO", "MODIFIER", "MATHEMATICAL", "KELVIN", "ANGSTROM", ""}
    return {"CJK" if script in _EAST_ASIAN else script for script in first}
