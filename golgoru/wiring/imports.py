"""What a file imports, directly and through others: DVC does not follow imports, so that dvc.yaml has to name them.

Read from the source, function-level imports included; nothing is imported. A stage depends on whole packages of
`golgoru/`, and on none that it does not reach: an edit of a page reruns `report` alone.
"""

import ast
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from golgoru.core.errors import UserError

ENGINE = "golgoru"


class Engine:
    """The modules of the engine below `top`, as they stand on disk when this is made."""

    def __init__(self, top: Path | None = None) -> None:
        top = Path.cwd() if top is None else top
        self._files: dict[str, Path] = {}
        for file in sorted((top / ENGINE).rglob("*.py")):
            parts = file.relative_to(top).with_suffix("").parts
            self._files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
        self._imports: dict[str, frozenset[str]] = {}

    def dependencies(self, stage: Path, readers: Iterable[str]) -> list[str]:
        """Return the packages and modules that a stage's file reaches, as paths from the top.

        `readers`: modules that the shell imports for the stage's arguments. Raises UserError where a file is no Python.
        """
        reached = self._reached({*imported_modules(stage), *readers})
        # The engine's own __init__ holds a docstring alone.
        parts = {name.split(".")[1] for name in reached if "." in name}
        return sorted(f"{ENGINE}/{part}" + (".py" if self._is_module(part) else "") for part in parts)

    def _is_module(self, part: str) -> bool:
        return self._files[f"{ENGINE}.{part}"].name != "__init__.py"

    def _reached(self, start: Iterable[str]) -> set[str]:
        """Return the modules that importing some modules runs, those of the packages around them included."""
        found: set[str] = set()
        waiting = list(start)
        while waiting:
            name = waiting.pop()
            package = name.rpartition(".")[0]
            if package.partition(".")[0] == ENGINE and package not in found:
                waiting.append(package)
            if name in self._files and name not in found:
                found.add(name)
                waiting += self._imports_of(name)
        return found

    def _imports_of(self, name: str) -> frozenset[str]:
        if name not in self._imports:
            file = self._files[name]
            imports = imported_modules(file)
            # A package that imports its modules by name, such as the list of formats, reaches all of them.
            if file.name == "__init__.py" and "importlib.import_module" in imports:
                imports |= {module for module in self._files if module.rpartition(".")[0] == name}
            self._imports[name] = imports
        return self._imports[name]


def imported_modules(file: Path) -> frozenset[str]:
    """Return the modules that a file imports; `from a import b` counts as a and as a.b."""
    try:
        return _imports(file.read_text("utf-8"))
    except _RelativeImportError as relative:
        raise UserError(f"{file}:{relative.lineno}: write imports in full, without leading dots") from None
    except (SyntaxError, ValueError) as error:
        raise UserError(f"{file}: not valid Python: {error}") from None


class _RelativeImportError(SyntaxError):
    pass


@lru_cache(maxsize=1024)
def _imports(source: str) -> frozenset[str]:
    """Return the modules that a source imports; remembered by its text, which copies of a repository share."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise _RelativeImportError("relative import", (None, node.lineno, None, None))
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)
