"""The whole report, as it stands on the terminal and in the article."""
import tables


def text(results, how, heading="##"):
    """`how` says in a sentence how it was measured."""
    parts = [how]

    def add(title, body):
        if body:
            parts.extend([f"{heading} {title}", body])

    timed = [case for case in results.cases if results.ratio(case.name, "c")]
    verdicts = results.verdicts()
    if verdicts:
        add("Targets", tables.verdicts(results))
    if timed:
        add(f"Processor time per {results.unit}, as a multiple of C", tables.ratios(results))
        parts.append(tables.control_line(results))
    if results.counts:
        add("Counted", tables.counters(results))
    for case in timed:
        add(case.title[0].upper() + case.title[1:], tables.case(results, case))
    add("Not measured", tables.skipped(results))
    return "\n\n".join(part for part in parts if part) + "\n"
