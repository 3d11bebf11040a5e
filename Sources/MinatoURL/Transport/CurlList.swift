internal import CLibcurl

/// A list of lines for an option of libcurl, which does not copy it: it has to outlive the transfers that it is set for.
///
/// Never changed, and so for every thread.
@safe
final class CurlList: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<curl_slist>

    /// Fails when there is no memory, or no line.
    init?(_ lines: [String]) {
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines {
            guard let longer = unsafe curl_slist_append(list, line) else {
                unsafe curl_slist_free_all(list)
                return nil
            }
            unsafe list = unsafe longer
        }
        guard let list = unsafe list else { return nil }
        unsafe pointer = unsafe list
    }

    deinit { unsafe curl_slist_free_all(pointer) }
}
