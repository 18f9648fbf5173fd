import Glibc

/// Who runs `serve` and its private servers.
public struct Account: Sendable, Equatable {
    /// As the system has it; a number where it has none.
    public let name: String
    let uid: uid_t
    let gid: gid_t

    /// What earlier versions took when root started them, and what their folders belong to.
    static let former = ["postgres", "nobody"]

    /// The numbers of those that the system has.
    static var formers: Set<uid_t> { Set(former.compactMap { named($0)?.uid }) }

    /// The account of this process.
    public static var current: Account { Account(uid: geteuid(), gid: getegid()) }

    /// The account with this number; its groups are that of the system's entry, or `gid` where there is none.
    init(uid: uid_t, gid: gid_t) {
        let entry = getpwuid(uid)?.pointee
        self.init(name: entry.map { String(cString: $0.pw_name) } ?? "\(uid)", uid: uid, gid: entry?.pw_gid ?? gid)
    }

    /// Whether the system has an entry of it, and so may know more groups.
    var isKnown: Bool { getpwuid(uid) != nil }

    private init(name: String, uid: uid_t, gid: gid_t) {
        self.name = name
        self.uid = uid
        self.gid = gid
    }

    /// The account of this name, or `nil`.
    public static func named(_ name: String) -> Account? {
        getpwnam(name).map { Account(name: name, uid: $0.pointee.pw_uid, gid: $0.pointee.pw_gid) }
    }
}
