"""CPU, memory and growth of every stage on made-up repositories of any size.

    python -m benchmarks.scale --images 20000 100000 --task detection [--folder F] [--stages ingest validate]

Makes (once per size and task, under --folder) the raw repository of `benchmarks.scale_data`, runs each stage in a
process of its own, and prints per stage the CPU seconds and the peak memory of all its processes together; with two
sizes or more also the growth exponent of CPU between neighbours (1 is in proportion to the data). Stages run with the
code of this working tree. Figures are kept in F/TASK-IMAGES/scale.json, so that single stages can be run again.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from benchmarks import scale_data
from tests.template.builders.clones import STAGES, of_working_tree
from tests.template.builders.frozen import TOP

_FIGURES = "scale.json"
Figures = dict[str, dict[str, float]]


def make(folder: Path, images: int, task: str) -> Path:
    """Return the repository of this size and task; it is made where it is not there yet."""
    top = folder / f"{task}-{images}"
    if not (top / "annotations.txt").exists():
        clone = of_working_tree(top, folder / "home")
        clone.run("dataset", "new", "--name", "scale", "--task", task)
        print(f"{top}: {scale_data.make(top, images, task):,} annotations", flush=True)
        (top / "annotations.txt").write_text("made\n")
    return top


def run_stage(top: Path, stage: str) -> dict[str, float]:
    """Run one stage; return CPU and wall seconds and the peak memory of its processes in MB."""
    # -P: not the code of that folder, but of this working tree.
    command = [sys.executable, "-P", "-m", f"stages.{stage}"]
    env = os.environ | {"PYTHONPATH": str(TOP), "PYTHONHASHSEED": "0"}
    begun = time.monotonic()
    process = subprocess.Popen(command, cwd=top, env=env)  # noqa: S603 - our own stages
    peak = [0]
    watch = threading.Thread(target=_watch, args=(process.pid, peak))
    watch.start()
    _, status, used = os.wait4(process.pid, 0)
    watch.join()
    return {
        "exit": os.waitstatus_to_exitcode(status),
        "cpu": round(used.ru_utime + used.ru_stime, 1),
        "wall": round(time.monotonic() - begun, 1),
        "MB": max(peak[0], used.ru_maxrss * 1024) >> 20,
    }


def _watch(pid: int, peak: list[int]) -> None:
    """Keep the highest sum of the resident memory of a process and its children."""
    try:
        process = psutil.Process(pid)
        while process.status() != psutil.STATUS_ZOMBIE:
            tree = [process, *process.children(recursive=True)]
            peak[0] = max(peak[0], sum(_resident(member) for member in tree))
            time.sleep(0.2)
    except psutil.NoSuchProcess:
        pass


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def run(top: Path, stages: Sequence[str]) -> Figures:
    """Run stages in order; return the figures of every stage that ever ran there. Ends where one fails."""
    file = top / _FIGURES
    figures: Figures = json.loads(file.read_text()) if file.exists() else {}
    for stage in stages:
        figures[stage] = run_stage(top, stage)
        print(f"{top.name:24}{stage:14}{figures[stage]}", flush=True)
        file.write_text(json.dumps(figures, indent=1))
        if figures[stage]["exit"] not in (0, 1):  # 1: a gate that does not hold, told by the stage
            sys.exit(f"{stage}: exit {figures[stage]['exit']}")
    return figures


def table(sizes: Sequence[int], figures: Sequence[Figures]) -> str:
    """Return CPU s, peak MB and the growth exponent between neighbouring sizes, a line per stage."""
    head = ["stage"] + [f"{size:,}: CPU s, MB" for size in sizes] + [f"exponent to {size:,}" for size in sizes[1:]]
    lines = [head, ["---"] * len(head)]
    for stage in (s for s in STAGES if all(s in f for f in figures)):
        cpu = [f[stage]["cpu"] for f in figures]
        lines.append([stage] + [f"{f[stage]['cpu']:,.1f}, {f[stage]['MB']:,.0f}" for f in figures])
        pairs = zip(sizes, sizes[1:], cpu, cpu[1:], strict=False)
        lines[-1] += [f"{math.log(b / a) / math.log(n / m):.2f}" for m, n, a, b in pairs]
    sums = [sum(f[s]["cpu"] for s in STAGES if s in f) for f in figures]
    lines.append(["all"] + [f"{total:,.0f}" for total in sums] + [""] * (len(sizes) - 1))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Make, run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", required=True)
    parser.add_argument("--task", choices=("classification", "detection", "segmentation", "ocr"), default="detection")
    parser.add_argument("--folder", type=Path, help="where the repositories are made and kept; default: nowhere")
    parser.add_argument("--stages", nargs="*", default=STAGES, choices=STAGES, help="default: all, in order")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        folder = options.folder or Path(passing)
        tops = [make(folder.resolve(), size, options.task) for size in options.images]
        print(table(options.images, [run(top, options.stages) for top in tops]))


if __name__ == "__main__":
    main()
