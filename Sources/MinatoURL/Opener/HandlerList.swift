/// The handlers of an opener in order, and of them those that have anything to say at a stage.
struct HandlerList: Sendable {
    /// One of them, so that nothing of it is copied when it is asked.
    final class Entry: Sendable {
        let handler: any OpenerHandler
        let stages: HandlerStages

        init(_ handler: any OpenerHandler) {
            self.handler = handler
            stages = (handler as? any StagedHandler)?.stages ?? .all
        }
    }

    let preparing: [Entry]
    let answering: [Entry]
    let examining: [Entry]

    init(_ handlers: [any OpenerHandler]) {
        let entries = handlers.map(Entry.init)
        preparing = entries.filter { $0.stages.contains(.prepare) }
        answering = entries.filter { $0.stages.contains(.answer) }
        examining = entries.filter { $0.stages.contains(.examine) }
    }
}

/// The stages of an open.
struct HandlerStages: OptionSet, Sendable {
    let rawValue: Int

    static let prepare = HandlerStages(rawValue: 1)
    static let answer = HandlerStages(rawValue: 2)
    static let examine = HandlerStages(rawValue: 4)
    /// It accepts every head of status 200 to 299, unless the request has a field with credentials that it remembers.
    static let acceptsSuccess = HandlerStages(rawValue: 8)

    static let all: HandlerStages = [.prepare, .answer, .examine]
    static let authenticate: HandlerStages = [.prepare, .examine, .acceptsSuccess]
}

/// A handler that says at which stages it has nothing to say, so that it is not asked there.
protocol StagedHandler: OpenerHandler {
    /// Where it does something else than a handler does by default.
    var stages: HandlerStages { get }
}

extension ProxyHandler: StagedHandler { var stages: HandlerStages { .prepare } }
extension FTPHandler: StagedHandler { var stages: HandlerStages { .prepare } }
extension DataHandler: StagedHandler { var stages: HandlerStages { .answer } }
extension FileHandler: StagedHandler { var stages: HandlerStages { .answer } }
extension RedirectHandler: StagedHandler { var stages: HandlerStages { [.examine, .acceptsSuccess] } }
extension CookieHandler: StagedHandler { var stages: HandlerStages { [.prepare, .examine] } }
extension BasicAuthHandler: StagedHandler { var stages: HandlerStages { .authenticate } }
extension DigestAuthHandler: StagedHandler { var stages: HandlerStages { .authenticate } }
extension ProxyBasicAuthHandler: StagedHandler { var stages: HandlerStages { .authenticate } }
extension ProxyDigestAuthHandler: StagedHandler { var stages: HandlerStages { .authenticate } }
