import TestSupport
import Testing

@testable import MinatoURL

@Suite(.watchdog) struct CookieDateTests {
    @Test(arguments: [
        ("Wed, 21 Oct 2026 07:28:00 GMT", "2026-10-21T07:28:00Z"),
        ("Wednesday, 21-Oct-26 07:28:00 GMT", "2026-10-21T07:28:00Z"),
        ("Wed Oct 21 07:28:00 2026", "2026-10-21T07:28:00Z"),
        ("21 october 2026 7:28:0", "2026-10-21T07:28:00Z"), ("07:28:00 2026 oct 21", "2026-10-21T07:28:00Z"),
        ("2026/oct/21/07:28:00", "2026-10-21T07:28:00Z"), ("21 oct 2026 07:28:00.5", "2026-10-21T07:28:00Z"),
        ("21th OCTxyz 2026AD 07:28:00PM", "2026-10-21T07:28:00Z"), ("21;oct;2026;07:28:00", "2026-10-21T07:28:00Z"),
        ("1 Jan 70 0:0:0", "1970-01-01T00:00:00Z"), ("1 Jan 99 0:0:0", "1999-01-01T00:00:00Z"),
        ("1 Jan 69 0:0:0", "2069-01-01T00:00:00Z"), ("1 Jan 00 0:0:0", "2000-01-01T00:00:00Z"),
        ("1 Jan 100 0:0:0", nil), ("1 Jan 1600 0:0:0", nil), ("1 Jan 1601 0:0:0", "1601-01-01T00:00:00Z"),
        ("31 Dec 9999 23:59:59", "9999-12-31T23:59:59Z"), ("1 Jan 10000 0:0:0", nil),
        ("29 Feb 2024 0:0:0", "2024-02-29T00:00:00Z"), ("29 Feb 2026 0:0:0", nil),
        ("29 Feb 2000 0:0:0", "2000-02-29T00:00:00Z"),
        ("29 Feb 2100 0:0:0", nil), ("31 Apr 2026 0:0:0", nil), ("32 Jan 2026 0:0:0", nil), ("0 Jan 2026 0:0:0", nil),
        ("1 Jan 2026 24:0:0", nil), ("1 Jan 2026 0:60:0", nil), ("1 Jan 2026 0:0:60", nil), ("1 Jan 2026 0:0", nil),
        ("1 Jan 2026 000:0:0", nil), ("1 Jan 2026 0:0:000", nil), ("1 Jan 2026 0:0:00 1:1:1", "2026-01-01T00:00:00Z"),
        ("1 Jan 0:0:0", nil), ("Jan 2026 0:0:0", nil), ("1 2026 0:0:0", nil), ("1 Ja 2026 0:0:0", nil), ("", nil),
        ("1 2 Jan 2026 0:0:0", "2026-01-01T00:00:00Z"), ("001 1 Jan 2026 0:0:0", "2001-01-01T00:00:00Z"),
        ("tomorrow", nil), ("1 J\u{e1}n 2026 0:0:0", nil),
    ])
    func reads(_ text: String, _ date: String?) {
        #expect(CookieDate.parse(text)?.description == date)
    }

    /// Every form that servers send, over four centuries.
    @Test func readsWhatPythonWrites() throws {
        let rows = try PythonTable.rows(
            """
            import calendar, datetime, random, time
            random.seed(22)
            forms = ['%a, %d %b %Y %H:%M:%S GMT', '%A, %d-%b-%Y %H:%M:%S GMT', '%a %b %d %H:%M:%S %Y',
                     '%a, %d-%b-%Y %H:%M:%S GMT', '%d %B %Y %H:%M:%S']
            for _ in range(3000):
                moment = datetime.datetime(1601, 1, 1) + datetime.timedelta(seconds=random.randrange(2**33))
                row(moment.strftime(random.choice(forms)), calendar.timegm(moment.timetuple()),
                    moment.strftime('%Y-%m-%dT%H:%M:%SZ'))
            """)
        #expect(rows.count == 3000)
        for row in rows {
            let date = CookieDate.parse(row[0] ?? "")
            #expect(date.map { String($0.secondsSince1970) } == row[1], "\(row)")
            #expect(date?.description == row[2], "\(row)")
        }
    }

    @Test func reachesTheEnds() {
        #expect(WallTime(secondsSince1970: .max).advanced(by: 1) == WallTime(secondsSince1970: .max))
        #expect(WallTime(secondsSince1970: .min).advanced(by: -1) == WallTime(secondsSince1970: .min))
        #expect(WallTime(secondsSince1970: .min).description.hasSuffix("Z"))
        #expect(WallTime(secondsSince1970: .max).description.hasSuffix("Z"))
        #expect(WallTime(secondsSince1970: -1).description == "1969-12-31T23:59:59Z")
        #expect(WallTime.now > TestJar.start.advanced(by: -200_000_000))
    }
}
