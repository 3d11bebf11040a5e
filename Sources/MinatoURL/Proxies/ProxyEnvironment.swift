internal import CLibcurl

/// What the variables `http_proxy`, `https_proxy` and `no_proxy` say.
///
/// The rules are those of Python:
/// - A name in lower case wins over one in upper case; an empty one removes it.
/// - Where `REQUEST_METHOD` is set, as for a CGI program, `HTTP_PROXY` in upper case counts for nothing: there it is what
///   a client sent as a field `Proxy` (CVE-2016-1000110).
/// - `all_proxy` is not used.
///
/// Python: `urllib.request.getproxies_environment`.
struct ProxyEnvironment: Hashable, Sendable {
    /// The values, by what stands before `_proxy` in lower case; none is empty.
    let values: [String: String]

    /// Reads variables, in their order: the last of those that differ in case only counts.
    init(_ variables: [(name: String, value: String)]) {
        let proxies = variables.compactMap { name, value -> (key: String, value: String, isLowerCase: Bool)? in
            let end = name.utf8.suffix(6)
            guard end.first == UInt8(ascii: "_"), HTTPSyntax.areEqual(String(Substring(end)), "_proxy") else {
                return nil
            }
            let key = String(Substring(name.utf8.dropLast(6))).lowercased()
            return (key, value, end.elementsEqual("_proxy".utf8))
        }
        var values: [String: String] = [:]
        for proxy in proxies where !proxy.value.isEmpty { values[proxy.key] = proxy.value }
        if variables.contains(where: { $0.name == "REQUEST_METHOD" }) { values["http"] = nil }
        for proxy in proxies where proxy.isLowerCase { values[proxy.key] = proxy.value.isEmpty ? nil : proxy.value }
        self.values = values
    }

    /// The variables of this process at this moment.
    static var ofProcess: ProxyEnvironment { ProxyEnvironment(variables) }

    static var variables: [(name: String, value: String)] {
        var variables: [(name: String, value: String)] = []
        var index = 0
        while let entry = unsafe minato_environment_entry(index) {
            let text = unsafe String(cString: entry)
            if let sign = text.utf8.firstIndex(of: UInt8(ascii: "=")) {
                variables.append((String(text[..<sign]), String(Substring(text.utf8[sign...].dropFirst()))))
            }
            index += 1
        }
        return variables
    }

    /// The hosts that are reached without a proxy.
    var exceptions: NoProxy { NoProxy(values["no"] ?? "") }
}
