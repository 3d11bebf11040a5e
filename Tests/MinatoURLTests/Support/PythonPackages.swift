import Glibc

/// The packages of Python that scripts/test installs.
enum PythonPackages {
    /// The interpreter that knows them.
    static let python: String = {
        let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        return "/\(root)/.build/python/bin/python3"
    }()

    /// Whether they are there.
    static var areInstalled: Bool { unsafe access(python, X_OK) == 0 }
}
