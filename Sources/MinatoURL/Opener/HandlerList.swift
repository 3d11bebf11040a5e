/// The handlers of an opener in order, and of them those that have anything to say at a stage.
struct HandlerList: Sendable {
    /// One of them, so that nothing of it is copied when it is asked.
    final class Entry: Sendable {
        let handler: any OpenerHandler
        /// Whether it accepts what succeeds, unless it remembers credentials that went along.
        let acceptsSuccess: Bool

        init(_ handler: any OpenerHandler) {
            self.handler = handler
            acceptsSuccess = (handler as? any StagedHandler)?.acceptsSuccess ?? false
        }
    }

    let preparing: [Entry]
    let answering: [Entry]
    let examining: [Entry]

    init(_ handlers: [any OpenerHandler]) {
        func those(_ stage: HandlerStages) -> [Entry] {
            handlers.filter { ($0 as? any StagedHandler)?.stages.contains(stage) ?? true }.map(Entry.init)
        }
        preparing = those(.prepare)
        answering = those(.answer)
        examining = those(.examine)
    }
}

/// The stages of an open.
struct HandlerStages: OptionSet, Sendable {
    let rawValue: Int

    static let prepare = HandlerStages(rawValue: 1)
    static let answer = HandlerStages(rawValue: 2)
    static let examine = HandlerStages(rawValue: 4)
}

/// A handler that says at which stages it has nothing to say, so that it is not asked there.
protocol StagedHandler: OpenerHandler {
    /// Where it does something else than a handler does by default.
    var stages: HandlerStages { get }

    /// Whether it accepts every head of status 200 to 299, unless the request has a field with credentials that it remembers.
    var acceptsSuccess: Bool { get }
}

extension StagedHandler {
    var acceptsSuccess: Bool { false }
}

extension ProxyHandler: StagedHandler { var stages: HandlerStages { .prepare } }
extension FTPHandler: StagedHandler { var stages: HandlerStages { .prepare } }
extension DataHandler: StagedHandler { var stages: HandlerStages { .answer } }
extension FileHandler: StagedHandler { var stages: HandlerStages { .answer } }
extension RedirectHandler: StagedHandler {
    var stages: HandlerStages { .examine }
    var acceptsSuccess: Bool { true }
}
extension CookieHandler: StagedHandler { var stages: HandlerStages { [.prepare, .examine] } }
extension BasicAuthHandler: StagedHandler {
    var stages: HandlerStages { [.prepare, .examine] }
    var acceptsSuccess: Bool { true }
}
extension DigestAuthHandler: StagedHandler {
    var stages: HandlerStages { [.prepare, .examine] }
    var acceptsSuccess: Bool { true }
}
extension ProxyBasicAuthHandler: StagedHandler {
    var stages: HandlerStages { [.prepare, .examine] }
    var acceptsSuccess: Bool { true }
}
extension ProxyDigestAuthHandler: StagedHandler {
    var stages: HandlerStages { [.prepare, .examine] }
    var acceptsSuccess: Bool { true }
}
