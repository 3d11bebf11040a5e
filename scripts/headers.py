"""Reads the public C headers: for the manual pages and for the list of the ABI. Imported, never run."""
import dataclasses
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDER = ROOT / "include/minato"
# The one of the URL opener, which is a library of its own.
URL_FOLDER = ROOT / "Sources/MinatoURLC/include/minato"

# The annotations of base.h, which say nothing to a C compiler.
ANNOTATION = re.compile(r"\s*\bMINATO_(?:(?:COUNTED_BY|SIZED_BY)\([^)]*\)|NOESCAPE|NULLABLE|NONNULL)")
# Macros that are no constants: they only annotate.
NO_CONSTANT = re.compile(r"MINATO_(?:API|NOESCAPE|NULLABLE|NONNULL|BEGIN_\w+|END_\w+)$")


@dataclasses.dataclass
class Parameter:
    """`const char *text`: the type `const char *` and the name `text`."""
    type: str
    name: str

    def __str__(self):
        return self.type + ("" if self.type.endswith("*") else " ") + self.name


@dataclasses.dataclass
class Function:
    name: str
    result: str
    parameters: list
    doc: list

    def prototype(self):
        types = ", ".join(p.type for p in self.parameters) or "void"
        return f"{self.result}{'' if self.result.endswith('*') else ' '}{self.name}({types})"


@dataclasses.dataclass
class Field:
    type: str
    name: str
    array: str
    doc: list


@dataclasses.dataclass
class Struct:
    """A struct with its fields, or an opaque one, whose `fields` is None."""
    name: str
    fields: list
    doc: list


@dataclasses.dataclass
class Constant:
    """A macro or an enumerator; `group` is the documentation of the whole enumeration, empty for a macro."""
    name: str
    value: str
    doc: list
    group: list


class Header:
    """One header: `name` without `.h`, `doc` of the whole, and what it declares, each in the order of the file."""

    def __init__(self, path):
        self.name = path.stem
        self.doc, self.functions, self.structs, self.constants = [], [], [], []
        lines = path.read_text().splitlines()
        while lines[0].startswith("///"):
            self.doc.append(lines.pop(0)[4:])
        self.doc = [line for line in self.doc if "SPDX-" not in line]
        self._read(lines)

    def _read(self, lines):
        doc = []
        lines = iter(lines)
        for line in lines:
            if line.startswith("///"):
                doc.append(line[4:])
                continue
            if line.startswith("MINATO_API"):
                self._function(_until(line, lines, ";"), doc)
            elif line.startswith("enum {"):
                self._enumeration(_members(lines), doc)
            elif match := re.match(r"typedef struct (\w+) \{", line):
                self.structs.append(Struct(match[1], [_field(*member) for member in _members(lines)], doc))
            elif match := re.match(r"typedef struct (\w+) \w+;", line):
                self.structs.append(Struct(match[1], None, doc))
            elif (match := re.match(r"#define (\w+) (.+)", line)) and not NO_CONSTANT.match(match[1]) and doc:
                self.constants.append(Constant(match[1], match[2], doc, []))
            elif line.startswith("typedef"):
                raise ValueError(f"{self.name}.h: neither a struct nor opaque: {line}")
            doc = []

    def _function(self, text, doc):
        text = ANNOTATION.sub("", text.removeprefix("MINATO_API"))
        result, name, parameters = re.fullmatch(r"\s*(.*?)(\w+)\((.*)\);", text).groups()
        parameters = [] if parameters.strip() == "void" else parameters.split(",")
        self.functions.append(Function(name, result.strip(), [_parameter(p) for p in parameters], doc))

    def _enumeration(self, members, group):
        for text, doc in members:
            name, _, value = text.rstrip(",").partition(" = ")
            self.constants.append(Constant(name, value, doc, group))


def _until(line, lines, end):
    """Joins lines up to the one that ends so."""
    while not line.endswith(end):
        line += " " + next(lines).strip()
    return line


def _members(lines):
    """The members of a struct or enum up to its brace, each with its documentation."""
    doc = []
    for line in lines:
        line = line.strip()
        if line.startswith("}"):
            return
        if line.startswith("///"):
            doc.append(line[4:])
        elif line:
            yield line, doc
            doc = []


def _parameter(text):
    type, name = re.fullmatch(r"(.*?)(\w+)", text.strip()).groups()
    return Parameter(type.strip().replace("* *", "**"), name)


def _field(text, doc):
    type, name, array = re.fullmatch(r"(.*?)(\w+)(\[\d+\])?;", ANNOTATION.sub("", text)).groups()
    return Field(type.strip(), name, array or "", doc)


def headers(folder=FOLDER):
    """All headers of a folder but minato.h, which only includes them, by name."""
    return [Header(path) for path in sorted(folder.glob("*.h")) if path.stem != "minato"]


def version():
    """The version of the headers: `0.1.0`."""
    return ".".join(re.findall(r"^#define MINATO_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)$",
                               (FOLDER / "base.h").read_text(), re.M))
