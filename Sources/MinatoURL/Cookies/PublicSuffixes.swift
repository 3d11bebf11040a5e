internal import Glibc

/// The domains below which everybody can have a name: `com`, `co.uk`, `github.io`.
///
/// The list is that of the system: libpsl, loaded when it is first needed, so that programs run without it as well.
struct PublicSuffixes: Sendable {
    private let check: @Sendable (String) -> Bool

    /// Makes a list from a rule, for tests.
    init(_ check: @escaping @Sendable (String) -> Bool) {
        self.check = check
    }

    /// Whether a domain in lower case is one of them. A name without a dot is one, unless the list says otherwise.
    func contains(_ domain: String) -> Bool { check(domain) }

    /// The system's list, or nil when there is no libpsl.
    static let ofSystem: PublicSuffixes? = {
        // Never unloaded: libcurl uses the same one, most often.
        guard let library = unsafe dlopen("libpsl.so.5", RTLD_NOW | RTLD_LOCAL) else { return nil }
        typealias Latest = @convention(c) (UnsafePointer<CChar>?) -> OpaquePointer?
        typealias BuiltIn = @convention(c) () -> OpaquePointer?
        typealias Check = @convention(c) (OpaquePointer?, UnsafePointer<CChar>) -> CInt
        guard let latest = unsafe dlsym(library, "psl_latest"), let builtIn = unsafe dlsym(library, "psl_builtin"),
            let check = unsafe dlsym(library, "psl_is_public_suffix")
        else { return nil }
        // The newer one of the system's file and what the library was built with.
        let newest = unsafe unsafeBitCast(latest, to: Latest.self)(nil)
        guard let list = unsafe newest ?? unsafeBitCast(builtIn, to: BuiltIn.self)() else { return nil }
        let loaded = unsafe Loaded(list: list, check: unsafeBitCast(check, to: Check.self))
        return PublicSuffixes { loaded.contains($0) }
    }()

    /// A list of libpsl, which is only read: any number of threads may.
    @safe
    private struct Loaded: @unchecked Sendable {
        private let list: OpaquePointer
        private let check: @convention(c) (OpaquePointer?, UnsafePointer<CChar>) -> CInt

        init(list: OpaquePointer, check: @escaping @convention(c) (OpaquePointer?, UnsafePointer<CChar>) -> CInt) {
            unsafe self.list = list
            unsafe self.check = check
        }

        func contains(_ domain: String) -> Bool { unsafe check(list, domain) != 0 }
    }
}
