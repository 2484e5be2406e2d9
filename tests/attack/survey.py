"""Say what each attack's run gives now, beside what the registry expects: python -m tests.attack.survey [NAME...]"""

import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.attack.fixtures import SECTIONS
from tests.attack.outcome import attempt

for section in SECTIONS:
    for attack in section.attacks:
        if sys.argv[1:] and attack.name not in sys.argv[1:]:
            continue
        with tempfile.TemporaryDirectory() as folder:
            begun = time.perf_counter()
            try:
                run = attempt(attack, Path(folder) / "a", attacked=True)
                twin = attempt(attack, Path(folder) / "h", attacked=False)
            except Exception:  # noqa: BLE001
                print("!!", attack.name)
                traceback.print_exc(limit=-4)
                continue
            took = time.perf_counter() - begun
            print(
                f"## {attack.name}  ({took:.2f}s)   {run.git}"
                + ("" if run.git is attack.git else f"  EXPECTED {attack.git}")
            )
            print(
                "  ",
                run.outcome,
                "|| remedy:",
                run.remedy,
                "" if run.outcome.stopped_by == attack.stopped_by else f" EXPECTED {attack.stopped_by}",
            )
            if twin.outcome.stopped_by:
                print("   TWIN", twin.outcome, twin.remedy)
            if not run.outcome.stopped_by:
                print("   SAME RESULT" if run.result == twin.result else "   DIFFERENT RESULT")
