"""What is wrong with a run, judged by the samples after the warm-up and at the end.

| what | right |
|---|---|
| heap in use | grows by 64 KiB for each million messages at most; in a short run by 256 KiB before that counts |
| descriptors, threads | exactly as many as after the warm-up |
| tasks and responders | none when nobody is there |
| answers | none is wrong, none comes late |
"""

PER_MILLION = 64 * 1024
SHORT_SLACK = 256 * 1024


def judge(name, first, last, messages, is_short):
    """What is wrong with one program: `first` is the sample after the warm-up, `messages` how many there were since."""
    allowed = PER_MILLION * messages / 1e6 + (SHORT_SLACK if is_short else 0)
    grown = last["heap"] - first["heap"]
    if grown > allowed:
        yield f"{name}: the heap has grown by {grown / 1024:.0f} KiB, {allowed / 1024:.0f} are allowed"
    for kind in ("descriptors", "threads"):
        if last[kind] != first[kind]:
            yield f"{name}: {last[kind]} {kind}, {first[kind]} after the warm-up"
    if last["tasks"]:
        yield f"{name}: {last['tasks']} tasks are left"
    for kind, text in (("wrong", "answers were wrong"), ("late", "answers did not come")):
        if last.get(kind):
            yield f"{name}: {last[kind]} {text}"


def judge_load(last):
    """What has not been tried at all: a run that does nothing finds nothing."""
    for kind in ("message", "reset", "silent", "deaf", "cancelled", "broken"):
        if not sum(sample.get(kind, 0) for sample in last.values()):
            yield f"there was no {kind}"
    if not last["server"]["thrown"]:
        yield "no handler has thrown"
