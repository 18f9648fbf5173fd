import Crypto
import Glibc

/// What a process has taken before it gave root's rights up.
struct Means: Sendable {
    let secrets: SiteSecrets
    /// Sockets with the addresses to listen on, for each loop.
    let bound: [[Int32]]
    /// `nil` where there is none.
    let page: Page?

    /// The sockets for one life of the process, which closes them at its end. Meanwhile, until the next one listens, the kernel
    /// keeps who connects waiting.
    func socketsOfALife() -> [[Int32]] {
        bound.map { $0.map { fcntl($0, F_DUPFD_CLOEXEC, 3) } }
    }

    /// There is no next life: who connects is refused.
    func refuse() {
        for descriptor in bound.joined() { close(descriptor) }
    }
}
