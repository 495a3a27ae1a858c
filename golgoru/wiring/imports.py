"""What a file imports, directly and through others: DVC does not follow imports, so that dvc.yaml has to name them.

Read from the source, function-level imports included; nothing is imported. A stage depends on whole packages of
`golgoru/`, and on none that it does not reach: a word in a page reruns `report` alone.
"""

import ast
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from golgoru.core.errors import UserError

ENGINE = "golgoru"


def engine_dependencies(stage: Path, readers: Iterable[str]) -> list[str]:
    """Return the packages and modules of the engine that a stage's file reaches, as paths from the top.

    `readers`: modules that the shell imports for the stage's arguments. Raises UserError where a file is no Python.
    """
    reached = reached_files([stage, *filter(None, map(_file_of, readers))])
    parts = {file.relative_to(_top()).parts for file in reached if file.is_relative_to(_top() / ENGINE)}
    # The package's own __init__ holds a docstring alone.
    return sorted({"/".join(part[:2]) for part in parts if part != (ENGINE, "__init__.py")})


def reached_files(start: Iterable[Path]) -> set[Path]:
    """Return the files of the engine that some files import, directly and through others, themselves included."""
    found: set[Path] = set()
    waiting = [file.resolve() for file in start]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += [other for name in imported_modules(file) for other in _files_of(name)]
    return found


def imported_modules(file: Path) -> set[str]:
    """Return the modules that a file imports; `from a import b` counts as a and as a.b."""
    try:
        return set(_imports(file, file.read_text("utf-8")))
    except (SyntaxError, ValueError) as error:
        raise UserError(f"{file}: not valid Python: {error}") from None


@lru_cache(maxsize=1024)
def _imports(file: Path, source: str) -> frozenset[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise UserError(f"{file}:{node.lineno}: write imports in full, without leading dots")
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def _files_of(module: str) -> Iterator[Path]:
    """Yield the files that importing a module of the engine runs: its own, and those of the packages around it."""
    parts = module.split(".")
    if parts[0] != ENGINE:
        return
    for length in range(1, len(parts) + 1):
        if (file := _file_of(".".join(parts[:length]))) is not None:
            yield file
            # A package that imports its modules by name, such as the list of formats, reaches all of them.
            if file.name == "__init__.py" and "import_module" in file.read_text("utf-8"):
                yield from sorted(file.parent.glob("*.py"))


def _file_of(module: str) -> Path | None:
    path = _top().joinpath(*module.split("."))
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in candidates if file.is_file()), None)


def _top() -> Path:
    return Path.cwd().resolve()
