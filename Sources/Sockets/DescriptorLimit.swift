import Core
import Glibc

/// How many descriptors the process may have open.
enum DescriptorLimit {
    /// How many connections may be open. Some descriptors are left: for listening sockets and for the links
    /// to other servers.
    ///
    /// The process's own limit is raised as far as it may be: a login shell's is 1,024. One that is much higher than
    /// needed is lowered: lws keeps a table of its size, and as Debian builds it, walks all of the table whenever a
    /// connection closes: 0.75 ns an entry, so near a millisecond with the million that containers have. Above ten
    /// million lws falls back to 2,560 descriptors.
    static func connections(wanted: Int) -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return wanted }
        // Room for servers on other loops.
        let enough = rlim_t(max(32_768, 3 * wanted))
        let before = limit.rlim_cur
        limit.rlim_cur = min(limit.rlim_max, enough)
        if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) != 0 { limit.rlim_cur = before }
        let descriptors = Int(limit.rlim_cur)
        let affordable = max(1, descriptors - min(1280, descriptors / 4))
        if wanted > affordable {
            Log.warning(
                .connectionsLimited,
                [
                    "wanted": .number(Int64(wanted)), "allowed": .number(Int64(affordable)),
                    "hint": "raise the limit of open files",
                ])
        }
        return min(wanted, affordable)
    }
}
