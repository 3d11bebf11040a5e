"""select, poll, epoll, and the selectors over them.

SPDX-License-Identifier: Apache-2.0
"""

import os
import resource
import tempfile
import time

from minato import select, selectors

from .fixture import SOON, TestCase


class Select(TestCase):
    def test_three_lists(self):
        left, right = self.pair()
        self.assertEqual(select.select([left, right], [left], [right], 0), ([], [left], []))
        right.send(b"x")
        self.assertEqual(select.select([right, left], [], [], SOON), ([left], [], []))
        self.assertEqual(select.select([], [], [], 0), ([], [], []))
        for arguments in (([left], [], [], -1), ([-1], [], [], 0)):
            with self.assertRaises(ValueError):
                select.select(*arguments)

    def test_a_descriptor_above_1024(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < 2000:
            self.skipTest("no descriptor above 1024 is allowed")
        resource.setrlimit(resource.RLIMIT_NOFILE, (2000, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        left, right = self.pair()
        os.dup2(left.fileno(), 1999)
        self.addCleanup(os.close, 1999)
        right.send(b"x")
        self.assertEqual(select.select([1999], [], [], SOON), ([1999], [], []))

    def test_time_limit(self):
        left, _ = self.pair()
        began = time.monotonic()
        self.assertEqual(select.select([left], [], [], 0.05), ([], [], []))
        self.assertGreaterEqual(time.monotonic() - began, 0.05)


class Polls(TestCase):
    def test_poll(self):
        left, right = self.pair()
        poll = select.poll()
        poll.register(left, select.POLLIN)
        self.assertEqual(poll.poll(0), [])
        right.send(b"x")
        self.assertEqual(poll.poll(SOON * 1000), [(left.fileno(), select.POLLIN)])
        poll.modify(left, select.POLLIN | select.POLLOUT)
        self.assertEqual(poll.poll(), [(left.fileno(), select.POLLIN | select.POLLOUT)])
        poll.unregister(left)
        self.assertRaises(KeyError, poll.unregister, left)
        self.assertRaises(FileNotFoundError, poll.modify, left, 0)
        for milliseconds in (20, 20.0):
            began = time.monotonic()
            self.assertEqual(poll.poll(milliseconds), [])
            self.assertTrue(0.02 <= time.monotonic() - began < 10)

    def test_epoll(self):
        left, right = self.pair()
        with select.epoll() as epoll:
            epoll.register(left, select.EPOLLIN | select.EPOLLET)
            self.assertRaises(FileExistsError, epoll.register, left)
            right.send(b"x")
            self.assertEqual(epoll.poll(SOON), [(left.fileno(), select.EPOLLIN)])
            self.assertEqual(epoll.poll(0), [])
            epoll.modify(left, select.EPOLLIN | select.EPOLLOUT)
            self.assertEqual(epoll.poll(), [(left.fileno(), select.EPOLLIN | select.EPOLLOUT)])
            epoll.unregister(left)
            self.assertRaises(FileNotFoundError, epoll.unregister, left)
            with tempfile.TemporaryFile() as file:
                self.assertRaises(PermissionError, epoll.register, file)
        self.assertTrue(epoll.closed)
        self.assertRaises(ValueError, epoll.fileno)


class Selectors(TestCase):
    def test_all(self):
        for kind in (selectors.SelectSelector, selectors.PollSelector, selectors.EpollSelector):
            with self.subTest(kind.__name__):
                left, right = self.pair()
                with kind() as selector:
                    key = selector.register(left, selectors.EVENT_READ, "data")
                    self.assertEqual(selector.select(0), [])
                    self.assertEqual(selector.select(-1), [])
                    began = time.monotonic()
                    self.assertEqual(selector.select(0.02), [])
                    self.assertTrue(0.02 <= time.monotonic() - began < 10)
                    right.send(b"x")
                    self.assertEqual(selector.select(SOON), [(key, selectors.EVENT_READ)])
                    both = selector.modify(left, selectors.EVENT_READ | selectors.EVENT_WRITE, "more")
                    self.assertEqual(selector.select(), [(both, selectors.EVENT_READ | selectors.EVENT_WRITE)])
                    self.assertEqual(dict(selector.get_map()), {left.fileno(): both})
                    left.close()
                    self.assertEqual(selector.unregister(left), both)
                    self.assertRaises(ValueError, selector.register, right, 0)
                self.assertIsNone(selector.get_map())

    def test_the_default_is_epoll(self):
        self.assertIs(selectors.DefaultSelector, selectors.EpollSelector)
