"""Write the lower part of docs/attacks.md from the registry of attacks: python -m docs.generate_attacks"""  # noqa: INP001 - a script

from collections import Counter
from pathlib import Path

from tests.attack.fixtures import SECTIONS
from tests.attack.registry import NO_EFFECT, Attack, Git, Section

PAGE = Path(__file__).parent / "attacks.md"
MARK = "docs/generate_attacks.py; tests/attack/test_every_attack.py holds every cell. -->\n"
HEAD = "| attack | the attacker holds | stopped by | with the words | git verify-{} |\n"


def sections() -> str:
    """The tables, one for each kind of attack, below what they come to together."""
    return "\n".join([_summary(), *map(_section, SECTIONS)])


def _summary() -> str:
    attacks = [attack for section in SECTIONS for attack in section.attacks]
    told = Counter(attack.git for attack in attacks)
    asked = len(attacks) - told[Git.NOT_ASKED]
    idle = sum(attack.stopped_by == NO_EFFECT for attack in attacks)
    return (
        f"\n{len(attacks)} attacks: {len(attacks) - idle} are stopped, {idle} have nothing that they "
        f"could act on. {asked} of them are about a commit or a tag;\n`git verify-commit`, or "
        f"`git verify-tag`, accepts it in {told[Git.ACCEPTS]} of the {asked}.\n"
    )


def _section(section: Section) -> str:
    rows = "".join(map(_row, section.attacks))
    return f"## {section.title}\n\n{HEAD.format(section.about)}| --- | --- | --- | --- | --- |\n{rows}"


def _row(attack: Attack) -> str:
    what = f"`{attack.name}`<br>{attack.does}"
    words = f"{attack.place}: {attack.says}" if attack.place else attack.says
    cells = (what, attack.holds.value, attack.stopped_by, words, attack.git.value)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


if __name__ == "__main__":
    by_hand, mark, _ = PAGE.read_text().partition(MARK)
    PAGE.write_text(by_hand + mark + sections())
