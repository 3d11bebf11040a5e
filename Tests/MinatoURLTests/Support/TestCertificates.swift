import TestSupport

@testable import MinatoURL

/// An authority of a test's own, with certificates that it has issued, made by openssl.
final class TestCertificates: Sendable {
    let directory: TemporaryDirectory

    struct Failure: Error {
        let text: String
    }

    /// The certificate of the authority.
    var authority: String { directory.file("ca.pem") }

    init() throws {
        directory = try TemporaryDirectory()
        let configuration = """
            [ca]
            default_ca = own
            [own]
            database = \(directory.file("index"))
            serial = \(directory.file("serial"))
            new_certs_dir = \(directory.path)
            default_md = sha256
            policy = any
            copy_extensions = copy
            unique_subject = no
            [any]
            commonName = optional
            """
        _ = try directory.write("ca.cnf", Array(configuration.utf8))
        _ = try directory.write("index", [])
        _ = try directory.write("serial", Array("01\n".utf8))
        try makeAuthority("ca")
    }

    /// Makes a self-signed authority, `name.pem` and `name.key`.
    func makeAuthority(_ name: String) throws {
        try run(
            ["req", "-x509", "-days", "30", "-subj", "/CN=Authority \(name)", "-out", directory.file(name + ".pem")]
                + newKey(name))
    }

    /// Issues a certificate, and gives the file with it and its key.
    ///
    /// - Parameters:
    ///   - name: Of the files.
    ///   - subject: Whom it is for: `IP:127.0.0.1`, `DNS:localhost`.
    ///   - days: From when to when it is valid.
    ///   - issuer: The authority.
    func issue(
        _ name: String, for subject: String = "IP:127.0.0.1,DNS:localhost",
        valid days: (from: String, to: String) = ("20200101000000Z", "20990101000000Z"), by issuer: String = "ca"
    ) throws -> String {
        let request = directory.file(name + ".csr")
        try run(
            ["req", "-subj", "/CN=\(name)", "-addext", "subjectAltName=\(subject)", "-out", request] + newKey(name))
        try run([
            "ca", "-batch", "-notext", "-config", directory.file("ca.cnf"), "-cert", directory.file(issuer + ".pem"),
            "-keyfile", directory.file(issuer + ".key"), "-in", request, "-out", directory.file(name + ".pem"),
            "-startdate", days.from, "-enddate", days.to,
        ])
        return directory.file(name)
    }

    /// An opener that trusts the authority.
    func opener(_ change: (inout URLOpener.Configuration) -> Void = { _ in }) -> URLOpener {
        var configuration = URLOpener.Configuration()
        configuration.tls.trust = .file(authority)
        change(&configuration)
        return URLOpener(configuration: configuration)
    }

    /// The base64 of the SHA-256 of a certificate's public key.
    func keyHash(_ name: String) throws -> String {
        let file = directory.file(name + ".pem")
        let command =
            "openssl x509 -in \(file) -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary"
            + " | openssl base64"
        return try ChildProcess(["sh", "-c", command]).readLine() ?? ""
    }

    private func newKey(_ name: String) -> [String] {
        ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", directory.file(name + ".key")]
    }

    private func run(_ arguments: [String]) throws {
        let process = try ChildProcess(["openssl"] + arguments)
        _ = process.readToEnd()
        let errors = process.readErrors()
        if process.wait() != 0 { throw Failure(text: errors) }
    }
}
