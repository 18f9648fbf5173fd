import Core
import Glibc

/// The process's limit of open descriptors.
enum DescriptorLimit {
    /// lws falls back to 2,560 descriptors when the limit is above ten million, as it is in containers without one;
    /// and it keeps a table of the limit's size.
    private static let sensible: rlim_t = 1 << 20

    /// How many connections may be open. Some descriptors are left: for listening sockets, for the links to other
    /// servers, and for a handshake's duplicate, of which there may be as many as events in a turn of the loop.
    static func connections(wanted: Int) -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return wanted }
        if limit.rlim_cur > sensible {
            limit.rlim_cur = sensible
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        let descriptors = Int(limit.rlim_cur)
        let affordable = max(1, descriptors - min(1280, descriptors / 4))
        if wanted > affordable {
            Log.warning(
                "fewer connections than wanted: raise the limit of open files",
                ["wanted": .number(Int64(wanted)), "allowed": .number(Int64(affordable))])
        }
        return min(wanted, affordable)
    }
}
