"""What is wrong with a run, judged by the samples after the warm-up and at the end.

| what | right |
|---|---|
| heap in use | grows by 64 KiB for each million messages at most; in a short run by 256 KiB before that counts |
| descriptors, threads | exactly as many as after the warm-up |
| tasks and responders | none when nobody is there |
| answers | none is wrong; none comes late, but behind the bad link |

A connection that was killed or given up ends with a reset, which the bad link may lose: then its client, whose request had
been acknowledged, waits for nothing, and cannot know. So behind it a few may be late, by the share of packets that get lost.
"""

PER_MILLION = 64 * 1024
SHORT_SLACK = 256 * 1024
LOST_RESETS = 0.05


def judge(name, first, last, messages, is_short, is_far=False):
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
    if last.get("wrong"):
        yield f"{name}: {last['wrong']} answers were wrong"
    may_be_late = 2 + LOST_RESETS * last["broken"] if is_far else 0
    if last.get("late", 0) > may_be_late:
        yield f"{name}: {last['late']} answers did not come"


def judge_load(last):
    """What has not been tried at all: a run that does nothing finds nothing."""
    for kind in ("message", "reset", "silent", "deaf", "cancelled", "broken"):
        if not sum(sample.get(kind, 0) for sample in last.values()):
            yield f"there was no {kind}"
    if not last["server"]["thrown"]:
        yield "no handler has thrown"
