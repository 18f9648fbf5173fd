import Crypto

/// What a process has taken before it gave root's rights up.
struct Means: Sendable {
    let secrets: SiteSecrets
    /// Sockets with the addresses to listen on, for each loop.
    let bound: [[Int32]]
    /// `nil` where there is none.
    let page: Page?
}
