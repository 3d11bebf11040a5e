"""Builds the programs, each alone, so that one that does not build costs only its own contenders."""
import pathlib
import subprocess
import sys

PACKAGE = pathlib.Path(__file__).resolve().parent.parent
SCRATCH = PACKAGE.parent.parent / ".build"

# valgrind understands neither how libdispatch takes over the main thread from its shared library nor newer debug
# information: the programs for it have all in one piece, and none of that.
TIMED = (SCRATCH / "benchmarks", ())
COUNTED = (SCRATCH / "benchmarks-static", ("--static-swift-stdlib", "-Xlinker", "--strip-debug"))


def _swift_build(variant, *arguments, **options):
    scratch, flags = variant
    line = ["swift", "build", "-c", "release", "--package-path", PACKAGE, "--scratch-path", scratch, *flags, *arguments]
    return subprocess.run(line, text=True, **options)


def programs(variant):
    """Where the programs of a variant are."""
    return pathlib.Path(_swift_build(variant, "--show-bin-path", check=True, stdout=subprocess.PIPE).stdout.strip())


def build(products, variant):
    """Builds products and gives those that failed: name -> reason."""
    failures = {}
    for product in products:
        print(f"bench: building {product}", file=sys.stderr)
        result = _swift_build(
            variant, "--product", product, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        if result.returncode != 0:
            lines = result.stdout.splitlines() or ["no message"]
            reasons = [line for line in lines if "error:" in line]
            failures[product] = f"does not build: {(reasons or lines[-1:])[0].strip()}"
    return failures
