"""Say what the checks took, and what they will take when all lessons are written.

    python3 .ci/table.py [FOLDER OF THE BUILD]

``.ci/run`` leaves ``reports/steps.tsv``: when each step began (seconds of the epoch), how long it
took, its name. Steps that are run by pytest leave ``reports/NAME.xml`` as well. What lessons took
to run is in the ledger of the built site.
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

#: The whole course: 25 lessons, a bonus, an opening and a closing; the time budgets of all of
#: them together, of which about as much is needed as the lessons of today need of theirs.
ENTRIES = 28
BUDGET_S = 2045
#: They have no tests: what they do beside executing lessons, they do for each page.
OF_PAGES = ("docs", "i18n")
LESSON = re.compile(r"lesson_\d\d")
KINDS = ("lesson", "solution")


@dataclass
class Step:
    """What a step took."""

    name: str
    began: float
    seconds: float
    tests: dict[str, float] = field(default_factory=dict)
    """Seconds of each test, by its name."""

    def costs(self, lesson_count: int) -> dict[str, float]:
        """Return what one more lesson and one more solution cost, in seconds of the step.

        They cost what those tests take that are asked of most lessons. Tests run side by side:
        of their times together, the step took only a part.
        """
        named = defaultdict(set)
        for test in self.tests:
            named[test.split("[")[0]].update(LESSON.findall(test))
        of_each = {test for test, lessons in named.items() if 2 * len(lessons) >= lesson_count}
        costs = dict.fromkeys(KINDS, 0.0)
        for test, seconds in self.tests.items():
            if test.split("[")[0] in of_each and LESSON.search(test):
                kind = "solution" if re.search("solution|exercise", test) else "lesson"
                costs[kind] += seconds
        part = min(1, self.seconds / max(sum(self.tests.values()), 1e-9))
        return {kind: part * cost / lesson_count for kind, cost in costs.items()}


def read_steps(reports: Path) -> list[Step]:
    """Return what ``.ci/run`` and pytest wrote down."""
    steps = []
    for line in (reports / "steps.tsv").read_text(encoding="utf-8").splitlines():
        began, seconds, name = line.split("\t")
        step = Step(name, float(began), float(seconds))
        if (report := reports / f"{name}.xml").is_file():
            for case in ElementTree.parse(report).iter("testcase"):
                test = f"{case.get('classname')}::{case.get('name')}"
                step.tests[test] = float(case.get("time", 0))
        steps.append(step)
    return steps


def forecast(steps: list[Step], site: Path) -> list[str]:
    """Return lines that say what each step will take with all lessons, and why."""
    ledger = json.loads((site / "ledger.json").read_text(encoding="utf-8"))
    lessons, at_once = ledger["lessons"], ledger["build"]["processor_count"]
    more = ENTRIES - len(lessons)
    pages = sum("_static" not in file.parts for file in site.rglob("*.html"))
    share = ledger["totals"]["run_time_s"] / ledger["totals"]["budget_s"]
    lines = [
        f"Forecast for {ENTRIES} entries, in minutes, and what one more costs, in seconds",
        f"(lessons need {share:.0%} of their budgets: {share * BUDGET_S:.0f} s, {at_once} at a time)",
    ]
    total = 0.0
    for step in steps:
        costs = step.costs(len(lessons))
        whole = step.seconds
        if step.name in OF_PAGES:
            executed = sum(
                lesson["run_time_s"] / at_once
                for lesson in lessons
                if step.name == "docs"
                and datetime.fromisoformat(lesson["executed_at"]).timestamp() >= step.began
            )
            costs = dict.fromkeys(KINDS, max(step.seconds - executed, 0) / pages)
            whole -= executed
        if step.name == "docs":
            whole += share * BUDGET_S / at_once
        whole += more * sum(costs.values())
        total += whole
        of_kind = ", ".join(f"a {kind} {cost:.1f}" for kind, cost in costs.items())
        lines.append(f"{whole / 60:6.1f}  {step.name} ({of_kind})")
    return [*lines, f"{total / 60:6.1f}  together"]


def table(build: Path) -> list[str]:
    """Return the lines to print."""
    steps = read_steps(build / "reports")
    lines = ["Minutes a step"]
    lines += [f"{step.seconds / 60:6.1f}  {step.name}" for step in steps]
    lines += [f"{sum(step.seconds for step in steps) / 60:6.1f}  together"]
    tests = [(s, f"{step.name}: {test}") for step in steps for test, s in step.tests.items()]
    slowest = sorted(tests, reverse=True)[:10]
    lines += ["", "The slowest tests, in seconds", *(f"{s:6.1f}  {test}" for s, test in slowest)]
    site = build / "html" / "en"
    if (site / "ledger.json").is_file():
        return [*lines, "", *forecast(steps, site)]
    return [*lines, "", "The site was not built: no forecast."]


if __name__ == "__main__":
    print("\n".join(table(Path(*sys.argv[1:] or ["build"]))))
