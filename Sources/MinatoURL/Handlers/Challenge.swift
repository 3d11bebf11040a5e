/// A challenge of a WWW-Authenticate or Proxy-Authenticate field (RFC 9110 section 11.6.1): a scheme with parameters.
package struct Challenge: Hashable, Sendable {
    /// The scheme as it was written; empty for text that stands before the first scheme.
    package var scheme: String
    /// The parameters in order, names in lower case, values without their quotes.
    package var parameters: [Parameter] = []
    /// What is malformed about it, or nil: what a server sends so is not answered.
    package var problem: String?

    /// One `name=value`.
    package struct Parameter: Hashable, Sendable {
        package var name: String
        package var value: String
    }

    /// Whether this is its scheme, without regard to case.
    package func isScheme(_ name: String) -> Bool {
        HTTPSyntax.areEqual(scheme, name)
    }

    /// The value of a parameter, or nil.
    package subscript(name: String) -> String? {
        parameters.first { $0.name == name }?.value
    }

    /// The challenges of one field, in order.
    ///
    /// A field can hold several, and the comma that divides them divides parameters too: a word is a scheme when no `=`
    /// follows it. What is malformed is skipped up to the next comma, and the challenge it belongs to says so in its
    /// `problem`; the challenges after it are read all the same. Reads every byte a bounded number of times.
    package static func parse(_ bytes: [UInt8]) -> [Challenge] {
        var scanner = ChallengeScanner(bytes)
        var challenges: [Challenge] = []
        var names: Set<String> = []
        func note(_ problem: String) {
            if challenges.isEmpty { challenges.append(Challenge(scheme: "")) }
            let last = challenges.count - 1
            if challenges[last].problem == nil { challenges[last].problem = problem }
        }
        while scanner.skipSeparators() {
            guard let word = scanner.token() else {
                note("text that is neither a scheme nor a parameter")
                scanner.skipToComma()
                continue
            }
            if scanner.skipEqualsSign() {
                if challenges.isEmpty { note("a parameter before the first scheme") }
                let name = word.lowercased()
                let shown = name.prefix(32)
                if !names.insert(name).inserted { note("the parameter \(shown) twice") }
                let (value, problem) = scanner.value()
                if let problem { note("\(problem) in the parameter \(shown)") }
                challenges[challenges.count - 1].parameters.append(Parameter(name: name, value: value))
                if !scanner.isAtSeparator {
                    note("no comma after the parameter \(shown)")
                    scanner.skipToComma()
                }
            } else {
                challenges.append(Challenge(scheme: word))
                names = []
                if !scanner.skipToken68() {
                    note("no space after the scheme")
                    scanner.skipToComma()
                }
            }
        }
        return challenges
    }
}
