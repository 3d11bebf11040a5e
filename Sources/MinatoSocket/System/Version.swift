internal import CMinato

/// The version of the library that is linked: `"0.1.0"`.
///
/// C: `minato_version_text`.
public var minatoVersion: String { unsafe String(cString: minato_version_text()) }
