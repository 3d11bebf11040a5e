import MinatoURL
import TestSupport

/// The opener of the whole process, which keeps idle connections for as long as it is installed.
enum InstalledOpener {
    /// Replaces it at the end, so that what is open then is a leak. To be touched by whatever serves the tests.
    static let isReplacedAtExit: Void = LeakCheck.beforeJudging { URLOpener.install(URLOpener()) }
}
