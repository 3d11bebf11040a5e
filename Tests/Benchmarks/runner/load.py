"""The load generator, held until it is told to go."""
import json

from child import Child, Failed

LIMIT_SECONDS = 120


class Load(Child):
    """The program `load` with all its connections open and answered once."""

    def __init__(self, programs, port, arguments, cores):
        line = [programs / "load", "--port", str(port), "--limit", str(LIMIT_SECONDS), *arguments]
        if "--idle" not in arguments:
            line.append("--hold")
        super().__init__([str(word) for word in line], cores)
        try:
            if self.read_line(LIMIT_SECONDS + 5) != "ready":
                raise Failed("load: not ready")
        except BaseException:
            self.__exit__()
            raise

    def run(self):
        """Lets it go, and gives what it measured. All connections are still open then."""
        self.write_line()
        result = json.loads(self.read_line(LIMIT_SECONDS + 5))
        if result["errors"] or not result["messages"]:
            self.finish(10)
            raise Failed(f"load: {result['errors']} errors, {result['messages']} messages")
        if result["lost"] > result["messages"] / 100:
            raise Failed(f"load: {result['lost']} datagrams lost")
        return result

    def close(self):
        """Closes the connections and ends it."""
        self.finish(30)
        if self.status != 0:
            raise Failed(f"load: ended with status {self.status}")
