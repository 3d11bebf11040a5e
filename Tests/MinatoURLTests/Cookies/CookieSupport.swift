import MinatoSocket

@testable import MinatoURL

/// A jar whose clock is set by the test, and whose list of public suffixes is short.
struct TestJar: Sendable {
    let jar: CookieJar
    private let clock: Guarded<WallTime>

    static let start = WallTime(secondsSince1970: 1_800_000_000)

    /// Names without a dot, and two more.
    static let suffixes = PublicSuffixes { domain in
        !domain.utf8.contains(UInt8(ascii: ".")) || ["co.uk", "github.io"].contains(domain)
    }

    init(suffixes: PublicSuffixes? = TestJar.suffixes) {
        let clock = Guarded(Self.start)
        self.clock = clock
        jar = CookieJar(suffixes: suffixes) { clock.withLock { $0 } }
    }

    /// Lets time pass, or go back.
    func pass(_ seconds: Int64) {
        clock.withLock { $0 = $0.advanced(by: seconds) }
    }

    /// Takes a field, or says why not.
    @discardableResult
    func take(_ field: String, from url: String) -> CookieRefusal? { take(Array(field.utf8), from: url) }

    @discardableResult
    func take(_ field: [UInt8], from url: String) -> CookieRefusal? {
        (try? RequestURL(url)).map { jar.take(field, from: CookiePlace($0)) } ?? .noPlace
    }

    /// What a request carries.
    func field(_ url: String) -> String { jar.field(for: url) ?? "" }
}
