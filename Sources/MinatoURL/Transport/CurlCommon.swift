/// What the transfers on one multi handle have in common, so that it is made once and not for each.
///
/// **Threads.** Whoever has the multi handle, but for the sessions, which are for every thread that makes an easy handle.
final class CurlCommon: @unchecked Sendable {
    /// The TLS sessions that connections leave for later ones; nil when there is no memory for any.
    let sessions = CurlSessions()
    /// The addresses of its connections, which every transfer asks for.
    @exclusivity(unchecked) var peers = CurlPeers()

    /// On a loop, those whose responses have begun before the bodies of their requests had gone out.
    @exclusivity(unchecked) var overtaken: [CurlTransfer] = []

    /// The fields of the last plain request.
    private var fields: (setting: CurlSetting, list: CurlList)?

    /// The list of the fields of a request, made by `make` unless the last one had the same; nil when there is no memory.
    ///
    /// - Parameter setting: What is known of a plain request; nil for any other, of which nothing is kept.
    func fields(of setting: CurlSetting?, _ make: () -> CurlList?) -> CurlList? {
        guard let setting else { return make() }
        if let fields, fields.setting.hasFields(of: setting) { return fields.list }
        guard let list = make() else { return nil }
        fields = (setting, list)
        return list
    }
}
