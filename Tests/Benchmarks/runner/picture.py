"""The ratios to C as a picture: a group of bars for each case, in SVG."""
from xml.sax.saxutils import escape

from contenders import BASELINE, CONTROL

# A bar that would be longer is cut, and its end is open; its number is right all the same.
MOST = 6.0
LABELS, BARS, NUMBERS = 210, 430, 70
ROW, GAP, TOP = 18, 26, 56
# Where a bar ends that is as long as C's.
ONE = LABELS + BARS / MOST
COLOURS = {
    "c": "#8a8f98", "responder": "#0b6e99", "async": "#2a9dc9", "async-timeout": "#7cc4e0", "blocking": "#b5dcec",
    "nio-handler": "#d9730d", "nio-async": "#e9a564", "flyingsocks": "#9065b0", "ahc": "#d9730d", "py-threads": "#4d9461",
    "py-asyncio": "#93c2a1",
}


def _text(x, y, content, style=""):
    return f'<text x="{x:g}" y="{y:g}"{style}>{escape(content)}</text>'


def _bar(contender, ratio, y):
    length = min(ratio, MOST) / MOST * BARS
    colour = COLOURS.get(contender.name, "#555555")
    middle = y + ROW / 2 + 4
    yield _text(LABELS - 8, middle, contender.title, ' text-anchor="end"')
    yield f'<rect x="{LABELS}" y="{y + 2:g}" width="{length:.1f}" height="{ROW - 4}" fill="{colour}"/>'
    if ratio > MOST:
        x = LABELS + BARS - 16
        yield f'<path d="M{x} {y + ROW:g}l6 {-ROW}h5l-6 {ROW}z" fill="#ffffff"/>'
    yield _text(LABELS + length + 6, middle, f"{ratio:.2f}")


TITLES = {
    "servers": "Processor time of the server per message, as a multiple of a bare epoll server in C",
    "urls": "Processor time of the client per request, as a multiple of libcurl in C",
}


def svg(results, section):
    """The picture, or None when nothing was timed."""
    body, y = [], TOP
    for case in results.cases:
        rows = [(contender, results.ratio(case.name, contender.name)) for contender in results.contenders
                if contender.name != CONTROL]
        rows = [(contender, ratio.median) for contender, ratio in rows if ratio]
        if not rows:
            continue
        body.append(_text(LABELS, y + 13, case.title, ' font-weight="bold"'))
        y += ROW
        top = y
        for contender, ratio in rows:
            body.extend(_bar(contender, ratio, y))
            y += ROW
        body.append(f'<path d="M{ONE:.1f} {top}V{y}" stroke="{COLOURS[BASELINE]}" stroke-dasharray="3 3"/>')
        y += GAP
    if not body:
        return None
    width, height = LABELS + BARS + NUMBERS, y
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="Helvetica, Arial, sans-serif" font-size="12" fill="#1d1d1f">',
        f'<rect width="{width}" height="{height}" rx="8" fill="#ffffff"/>',
        _text(16, 26, TITLES[section], ' font-size="14" font-weight="bold"'),
        *body,
        "</svg>", ""])
