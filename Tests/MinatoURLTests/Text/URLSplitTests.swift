import TestSupport
import Testing

@testable import MinatoURL

/// What the examples of RFC 3986 leave out; the examples themselves are rows of a table (VectorTests).
@Suite(.watchdog) struct URLSplitTests {
    @Test(arguments: [
        ("http://a/b/c/d;p?q", "?", "http://a/b/c/d;p?"), ("http://a/b/c/d;p?q", "#", "http://a/b/c/d;p?q#"),
        ("http://a/b/c/d;p?q", "1:2", "http://a/b/c/1:2"), ("http://a/b/c/d;p?q", "a//../b", "http://a/b/c/a/b"),
        ("http://a/b//c", "../d", "http://a/b/d"), ("http://a", "g", "http://a/g"), ("http://a", "?x", "http://a?x"),
        ("http://a/b?q#f", "", "http://a/b?q"), ("http://a/b", "//", "http://"), ("http://a/b", "///x", "http:///x"),
        // A base without a root.
        ("a:b", "g", "a:g"), ("a:x/y", "../z", "a:/z"), ("mailto:a@b", "#f", "mailto:a@b#f"),
        // Data and addresses have no segments.
        ("http://a/b", "data:text/plain,a/../b", "data:text/plain,a/../b"), ("http://a/b", "g:h/../i", "g:h/../i"),
        ("http://a/b", "g:/h/../i", "g:/i"),
        // A base that is itself relative.
        ("", "g", "g"), ("x/y", "z", "x/z"), ("x/y/z", "../w", "x/w"), ("x", "../z", "z"), ("/x/y", "..", "/"),
        // What must not be read as something else afterwards.
        ("file:/x", "/.//evil", "file:/.//evil"), ("a:/x", "/..//evil/y", "a:/.//evil/y"), ("x", "./a:b", "./a:b"),
        ("x", ".//evil", "/evil"), ("x", ".///evil", "/.//evil"),
    ])
    func resolves(_ base: String, _ reference: String, _ result: String) {
        let resolved = URLSplit(reference).resolved(against: URLSplit(base))
        #expect(resolved.text == result)
        #expect(URLSplit(resolved.text) == resolved)
        #expect(URLSplit(reference).text == reference)
    }

    @Test(arguments: [
        ("", ""), ("/", "/"), (".", ""), ("..", ""), ("./", ""), ("../", ""), ("/.", "/"), ("/..", "/"), ("/a/..", "/"),
        ("/a/../", "/"), ("/a/./", "/a/"), ("/a/b/../../..", "/"), ("//..", "/"), ("/a//..", "/a/"), ("a/..", "/"),
        ("a/../b", "/b"), ("../../a", "a"), ("./../a/.", "a/"), ("/...", "/..."), ("/a/b/c/./../../g", "/a/g"),
        ("mid/content=5/../6", "mid/6"), (".//a", "/a"), (".//../x", "/x"), ("..//./x", "/x"),
        ("/%2e%2e/a", "/%2e%2e/a"),
    ])
    func removesDotSegments(_ path: String, _ result: String) {
        #expect(URLSplit.removingDotSegments(path) == result)
    }
}
