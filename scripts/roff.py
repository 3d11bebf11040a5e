"""Writes the text of comments in the language of manual pages: see man(7). Imported, never run."""
import re
import textwrap

# `code`, **bold**, a reference to another page, and one to a header of ours.
SPAN = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|\b([a-z_]\w*)\((\d)\)|\b([a-z]+)\.h\b")


def code(line):
    """Text that stays as it is."""
    line = line.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    line = line.replace("^", "\\(ha").replace("~", "\\(ti")
    return "\\&" + line if line.startswith(".") else line


def word(line):
    """The same within prose: no hyphen cuts it."""
    return "\\%" + code(line)


def text(line):
    """A line of prose, its spans in bold."""
    written, end = "", 0
    for match in SPAN.finditer(line):
        literal, bold, page, section, header = match.groups()
        written += _plain(line[end:match.start()])
        end = match.end()
        if page:
            written += f"\\fB{word(page)}\\fP({section})"
        elif header:
            written += f"\\fB{word('minato_' + header)}\\fP(3)"
        else:
            written += f"\\fB{word(literal) if literal else _plain(bold)}\\fP"
    return written + _plain(line[end:])


def _plain(line):
    line = line.replace("\\", "\\e").replace("~", "\\(ti").replace("^", "\\(ha")
    # A code of an error, and other negative numbers, with a minus that can be copied.
    return re.sub(r"(?<!\w)-(?=\w)", "\\-", line)


def prose(lines):
    """Paragraphs, lists whose items begin with a hyphen, and code, which is indented."""
    # A span may go on in the next line: each paragraph is made one line first.
    blocks = [[]]
    for line in lines:
        if not line.strip():
            blocks.append([])
        elif line.startswith("- "):
            blocks.append([line])
        elif line.startswith("    "):
            blocks[-1].append(line)
        else:
            blocks[-1].append(line.strip())
    for index, block in enumerate(filter(None, blocks)):
        if block[0].startswith("    "):
            yield from (".PP", ".in +4n", ".EX", *(code(line[4:]) for line in block), ".EE", ".in")
            continue
        paragraph = " ".join(block)
        if paragraph.startswith("- "):
            yield ".IP \\(bu 3"
        elif index > 0:
            yield ".PP"
        # A new line behind every sentence, as roff likes it.
        for sentence in re.split(r"(?<=[.:]) (?=[A-Z\\])", text(paragraph.removeprefix("- "))):
            yield from wrapped(sentence)


def wrapped(line):
    """Lines of at most 78 characters, none of which a full stop or quote begins."""
    for part in textwrap.wrap(line, 78, break_long_words=False, break_on_hyphens=False):
        yield "\\&" + part if part[0] in ".'" else part


def prototype(function):
    """A declaration in bold, its parameters in italics, broken where it gets long."""
    space = "" if function.result.endswith("*") else " "
    lines, width = [f"\\fB{function.result}{space}{function.name}(\\fP"], 0
    parameters = [(f"{p.type}{'' if p.type.endswith('*') else ' '}", p.name) for p in function.parameters]
    total = len(function.result + function.name) + 4 + sum(len(t + n) + 2 for t, n in parameters)
    if total > 76:
        lines.append("    ")
    if not parameters:
        lines[-1] += "\\fBvoid\\fP"
    for index, (type, name) in enumerate(parameters):
        if total > 76 and width + len(type + name) + 2 > 68:
            lines.append("    ")
            width = 0
        width += len(type + name) + 2
        lines[-1] += f"\\fB{type}\\fP\\fI{name}\\fP" + (", " if index + 1 < len(parameters) else "")
    lines[-1] += "\\fB);\\fP"
    yield from (line.rstrip() for line in lines)
