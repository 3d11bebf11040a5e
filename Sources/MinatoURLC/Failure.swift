internal import CMinatoURL
internal import MinatoURL

/// Why a function fails: the number that it returns, and the line that stays with the handle.
struct Failure: Error {
    let code: OpenError.Code
    let text: String

    /// One of our own.
    init(_ code: OpenError.Code, _ text: String) {
        self.code = code
        self.text = "\(text) (\(code))"
    }

    /// One of opening.
    init(_ error: OpenError) {
        code = error.code
        text = error.description
    }

    /// One of setting something, when the URL is not known yet.
    init(setting error: OpenError) { self.init(error.code, error.detail) }

    /// What the function returns.
    var result: Int64 { -Int64((ErrorNumber.all.first { $0.code == code } ?? ErrorNumber.other).number) }
}

// Codes that only the C face has.
extension OpenError.Code {
    static let badArgument = Self(rawValue: "badArgument")
    static let badHandle = Self(rawValue: "badHandle")
    static let notOpen = Self(rawValue: "notOpen")
    static let noHeader = Self(rawValue: "noHeader")
    static let other = Self(rawValue: "other")
}
