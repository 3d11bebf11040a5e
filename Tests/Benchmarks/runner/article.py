"""Puts the report between the two comments of the article, and the picture beside it."""
import pathlib

CATALOGUE = pathlib.Path(__file__).resolve().parents[3] / "Sources/Minato/Minato.docc"
ARTICLE = CATALOGUE / "Benchmarks.md"
COMMANDS = {"servers": "scripts/bench --write", "urls": "scripts/bench --urls --write"}
PICTURES = {"servers": "benchmarks", "urls": "benchmarks-urls"}


def write(report, picture, section):
    """Replaces what an earlier run wrote of a section, and nothing else."""
    command, name = COMMANDS[section], PICTURES[section]
    before, begin, rest = ARTICLE.read_text().partition(f"<!-- {command}: what follows is generated -->")
    _, end, after = rest.partition(f"<!-- {command}: end of what is generated -->")
    if not begin or not end:
        raise SystemExit(f"bench: {ARTICLE.name} lacks the comments between which the report belongs")
    image = f"![The ratios as bars.]({name})\n\n" if picture else ""
    ARTICLE.write_text(f"{before}{begin}\n\n{image}{report}\n{end}{after}")
    if picture:
        file = CATALOGUE / "Resources" / f"{name}.svg"
        file.parent.mkdir(exist_ok=True)
        file.write_text(picture)
