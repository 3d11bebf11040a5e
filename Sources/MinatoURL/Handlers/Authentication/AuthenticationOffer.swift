internal import HTTPTypes

/// What a 401 or a 407 offers, as far as it can be answered here.
struct AuthenticationOffer {
    /// The realms of the Basic challenges, in order.
    private(set) var realms: [String] = []
    /// The Digest challenges, strongest algorithm first, those of the same in order.
    private(set) var digests: [DigestChallenge] = []
    /// What is wrong with the first challenge that cannot be answered.
    private var problem: Problem?

    /// Why a challenge cannot be answered.
    struct Problem: Error {
        let code: OpenError.Code
        let detail: String
    }

    /// Reads every field of a response that holds challenges for a side.
    init(_ head: URLOpener.ResponseHead, from side: AuthenticationSide) {
        let challenges = head.fields[fields: side.challengeField].flatMap { field in
            Challenge.parse(unsafe field.withUnsafeBytesOfValue { unsafe Array($0) })
        }
        for challenge in challenges {
            do throws(Problem) {
                try add(challenge)
            } catch {
                problem = problem ?? error
            }
        }
        // By strength, and within it in order: `sort` alone does not promise that.
        digests = digests.enumerated()
            .sorted { ($1.element.algorithm, $0.offset) < ($0.element.algorithm, $1.offset) }
            .map(\.element)
    }

    private mutating func add(_ challenge: Challenge) throws(Problem) {
        // A scheme that is not known here may be malformed by rules that are not known either.
        let isBasic = challenge.isScheme("Basic")
        guard isBasic || challenge.isScheme("Digest") || challenge.scheme.isEmpty else { return }
        if let problem = challenge.problem {
            let what = challenge.scheme.isEmpty ? "a challenge" : "a \(challenge.scheme) challenge"
            throw Problem(code: .badChallenge, detail: "\(what) is malformed: \(problem)")
        }
        if isBasic {
            guard let realm = challenge["realm"] else {
                throw Problem(code: .badChallenge, detail: "a Basic challenge is malformed: no realm")
            }
            realms.append(realm)
        } else {
            digests.append(try DigestChallenge(challenge))
        }
    }

    /// What follows when nothing was answered.
    ///
    /// The response is the result, whatever its status says, unless there were credentials and no challenge was fit for them:
    /// then the program learns why its password was of no use.
    func verdict(hasCredentials: Bool) -> URLOpener.Verdict {
        guard let problem, hasCredentials, realms.isEmpty, digests.isEmpty else { return .accept }
        return .fail(problem.code, problem.detail)
    }
}
