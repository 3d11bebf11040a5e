"""Servers of all faces and visitors who do not behave, for long: see scripts/soak, which starts this."""
import argparse
import random
import sys
import tempfile
import time

import network
from disturbance import Disturbance
from program import Failed, Program, conclude
from verdict import judge, judge_load


class Soak:
    def __init__(self, options, folder):
        self.options = options
        self.link = None
        words = [options.binary]
        reason = network.isolate()
        self.server = Program("server", words + ["serve", "127.0.0.1" if reason else "0.0.0.0", folder])
        here = [f"{name}={endpoint}" for name, endpoint in self.server.offers.items()]
        self.visitors = [
            Program("visitors", words + ["visit", "32", *here]),
            Program("stopped", words + ["visit", "8", *(offer for offer in here if not offer.startswith("unix"))]),
        ]
        if reason:
            print(f"skipped: loss, reordering and killed connections: {reason}", flush=True)
        else:
            self.link = network.Link(options.seed)
            if self.link.failure:
                print(f"skipped: loss and reordering: {self.link.failure}", flush=True)
            else:
                there = [offer.replace("127.0.0.1", network.NEAR) for offer in here if not offer.startswith("unix")]
                self.visitors.append(Program("far", self.link.words(words + ["visit", "16", *there])))
        ports = [offer.rpartition(":")[2] for offer in here if offer.startswith("tcp")]
        self.disturbance = Disturbance(ports, self.visitors[1], options.seed, kills=not reason)
        self.programs = [self.server, *self.visitors]

    def period(self, seconds, first=None):
        """Lets them run for so long, and gives the sample of each when it is quiet again, as it was with the samples `first`."""
        for visitor in self.visitors:
            visitor.ask("go")
        self.disturbance.begin()
        time.sleep(seconds)
        self.disturbance.pause()
        for visitor in self.visitors:
            visitor.ask("pause")
        return {program.name: program.sample(first and first[program.name]) for program in self.programs}

    def run(self):
        options = self.options
        first = last = self.period(options.warm_up)
        self.show("warm-up", first, first)
        for number in range(options.periods):
            last = self.period(options.period, first)
            self.show(f"{number + 1} of {options.periods}", first, last)
        wrongs = list(judge_load(last))
        for name in last:
            counted = [name] if "message" in last[name] else [visitor.name for visitor in self.visitors]
            messages = sum(last[one]["message"] - first[one]["message"] for one in counted)
            wrongs += judge(name, first[name], last[name], messages, options.quick, name == "far")
        return wrongs

    @staticmethod
    def show(title, first, last):
        messages = sum(sample.get("message", 0) for sample in last.values())
        since = messages - sum(sample.get("message", 0) for sample in first.values())
        print(f"{title}: {messages} messages, {last['server']['thrown']} thrown")
        for name, sample in last.items():
            grown = sample["heap"] - first[name]["heap"]
            slope = f", {grown / 1024 / (since / 1e6):+.0f} KiB per million" if since else ""
            print(f"  {name:9} heap {sample['heap'] / 1024:.0f} KiB ({grown / 1024:+.0f}{slope}), private "
                  f"{sample['private'] / 1024:.0f} KiB, {sample['descriptors']} descriptors, {sample['threads']} threads, "
                  f"{sample['tasks']} tasks", flush=True)

    def end(self):
        """Ends everything; what went wrong with that."""
        wrongs = []
        for program in reversed(self.programs):
            if status := program.end():
                wrongs.append(f"{program.name}: ended with {status}")
        done = f"{self.disturbance.killed} connections killed, peers stopped {self.disturbance.stops} times"
        if self.link and not self.link.failure:
            done += f"; packets: {self.link.end()}"
        print(done)
        if self.link and not self.disturbance.killed:
            print("skipped: killing connections: this kernel does not (ss -K); they were reset by their clients only")
        return wrongs


def main():
    parser = argparse.ArgumentParser(prog="scripts/soak", add_help=False)
    parser.add_argument("binary")
    parser.add_argument("minutes", nargs="?", type=int, default=10)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    options = parser.parse_args()
    options.warm_up, options.period, options.periods = (20, 8, 3) if options.quick else (60, 60, options.minutes)
    if options.periods < 1:
        parser.error("at least one minute")
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory(prefix="soak") as folder:
        soak = Soak(options, folder)
        try:
            wrongs = soak.run()
        except Failed as error:
            wrongs = [str(error)]
        finally:
            # Whatever happens, nothing goes on.
            ends = soak.end()
        wrongs += ends
    return conclude(wrongs)


if __name__ == "__main__":
    sys.exit(main())
