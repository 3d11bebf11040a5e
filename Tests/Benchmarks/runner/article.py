"""Puts the report between the two comments of the article, and the picture beside it."""
import pathlib

CATALOGUE = pathlib.Path(__file__).resolve().parents[3] / "Sources/Minato/Minato.docc"
ARTICLE = CATALOGUE / "Benchmarks.md"
PICTURE = CATALOGUE / "Resources/benchmarks.svg"
BEGIN = "<!-- scripts/bench --write: what follows is generated -->"
END = "<!-- scripts/bench --write: end of what is generated -->"


def write(report, picture):
    """Replaces what an earlier run wrote, and nothing else."""
    before, begin, rest = ARTICLE.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"bench: {ARTICLE.name} lacks the comments between which the report belongs")
    image = "![The ratios as bars.](benchmarks)\n\n" if picture else ""
    ARTICLE.write_text(f"{before}{BEGIN}\n\n{image}{report}\n{END}{after}")
    if picture:
        PICTURE.parent.mkdir(exist_ok=True)
        PICTURE.write_text(picture)
