/// Which roles a process has.
struct Roles: OptionSet, Sendable {
    let rawValue: Int
    static let api = Roles(rawValue: 1)
    static let realtime = Roles(rawValue: 2)
    static let fanout = Roles(rawValue: 4)
    static let notifier = Roles(rawValue: 8)
    static let worker = Roles(rawValue: 16)
    static let all: Roles = [.api, .realtime, .fanout, .notifier, .worker]

    /// Of what clients write, and of what workers write down for them (notifications).
    var makeIDs: Bool { !isDisjoint(with: [.api, .worker]) }

    /// The others accept, write down and read without it, and catch up.
    var needRedis: Bool { !isDisjoint(with: [.realtime, .fanout]) }

    var name: String {
        switch self {
        case .api: "api"
        case .realtime: "realtime"
        case .fanout: "fanout"
        case .notifier: "notifier"
        case .worker: "worker"
        default: "serve"
        }
    }
}
