/// A challenge of a WWW-Authenticate field (RFC 9110 section 11.6.1): a scheme with parameters.
package struct Challenge: Hashable, Sendable {
    /// The scheme as it was written.
    package var scheme: String
    /// The parameters in order, names in lower case, values without their quotes.
    package var parameters: [Parameter] = []

    /// One `name=value`.
    package struct Parameter: Hashable, Sendable {
        package var name: String
        package var value: String
    }

    /// Whether this is its scheme, without regard to case.
    package func isScheme(_ name: String) -> Bool {
        HTTPSyntax.areEqual(scheme, name)
    }

    /// The first value of a parameter, or nil.
    package subscript(name: String) -> String? {
        parameters.first { $0.name == name }?.value
    }

    /// The challenges of one field, in order.
    ///
    /// A field can hold several, and the comma that divides them divides parameters too: a word is a scheme when no `=`
    /// follows it. Reads every byte once. What is malformed is skipped up to the next comma: whoever sends it loses that
    /// parameter, and nothing else happens.
    package static func parse(_ bytes: [UInt8]) -> [Challenge] {
        var scanner = ChallengeScanner(bytes)
        var challenges: [Challenge] = []
        while scanner.skipSeparators() {
            guard let word = scanner.token() else {
                scanner.skipToComma()
                continue
            }
            if let value = scanner.value() {
                guard !challenges.isEmpty else { continue }
                challenges[challenges.count - 1].parameters.append(Parameter(name: word.lowercased(), value: value))
            } else {
                challenges.append(Challenge(scheme: word))
                scanner.skipToken68()
            }
        }
        return challenges
    }
}
