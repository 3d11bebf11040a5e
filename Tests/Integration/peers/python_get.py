"""Fetches a URL with Python's own urllib, and writes the body to standard output."""
import sys
import urllib.request

opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
with opener.open(sys.argv[1], timeout=20) as response:
    sys.stdout.buffer.write(response.read())
