import Accounts
import Administration
import Core
import HTTPService
import NodeLease
import Sidecars

/// `martlet admin`: what the operator does to users, whatever role they have.
struct AdminCommand {
    static let help = """

        martlet admin grant HANDLE [admin|moderator] [--setting value …]
          gives a role; without a name of one, admin
        martlet admin revoke HANDLE [--setting value …]
          takes the role
        martlet admin suspend HANDLE [--until TIME] [--setting value …]
          nobody else sees the user any more, who may only read; until a time such as 2026-12-24T00:00:00.000Z, or until
          it is ended
        martlet admin restore HANDLE [--setting value …]
          ends that
        It is in force at once, and all of it is in the audit.

        """

    private let handle: String
    private let change: AdminChange
    private let done: String
    private let configuration: Configuration

    init(_ arguments: [String]) throws {
        let words = Array(arguments.prefix { !$0.hasPrefix("-") })
        var flags = Flags(arguments.dropFirst(words.count), of: "admin")
        let until = try flags.take("--until")
        guard words.count >= 2 else { throw Self.failure("what, and to whom?") }
        let (verb, rest) = (words[0], words.dropFirst(2))
        handle = words[1].hasPrefix("@") ? String(words[1].dropFirst()) : words[1]
        let mostWords = verb == "grant" ? 1 : 0
        guard rest.count <= mostWords else { throw Self.failure("\(verb) takes no '\(rest.last!)'") }
        guard until == nil || verb == "suspend" else { throw Self.failure("\(verb) takes no --until") }
        switch verb {
        case "grant":
            guard let role = UserRole(rawValue: rest.first ?? "admin"), role > .user else {
                throw Self.failure("there is no role '\(rest.first ?? "")' to grant: admin or moderator")
            }
            change = AdminChange(role: role)
            done = "@\(handle) is \(role.rawValue) now"
        case "revoke":
            change = AdminChange(role: .user)
            done = "@\(handle) has no role now"
        case "suspend":
            change = AdminChange(suspension: .set(try Self.suspension(until)))
            done = "@\(handle) is suspended" + (until.map { " until \($0)" } ?? "")
        case "restore":
            change = AdminChange(suspension: .remove)
            done = "@\(handle) is not suspended"
        default: throw Self.failure("there is no '\(verb)'")
        }
        configuration = try Configuration(try SettingsList.values(of: "admin", flags.arguments), for: "admin")
    }

    private static func failure(_ text: String) -> Failure {
        Failure("martlet admin: \(text): see martlet help admin", exitCode: 2)
    }

    private static func suspension(_ until: String?) throws -> Suspension {
        guard let until else { return .endless }
        guard let end = milliseconds(rfc3339: until) else {
            throw failure("--until '\(until)' is no time in UTC such as 2026-12-24T00:00:00.000Z")
        }
        guard end > SystemClock().milliseconds() else { throw failure("--until \(until) is past") }
        return Suspension(end: end)
    }

    func run() async throws {
        try await Tools.withSite(configuration, needsSecret: false, node: NodeNumbers.tools) { site in
            do {
                guard try await site.domains.administration.administration.change(handle: handle, change) else {
                    throw Failure("there is no user @\(handle)")
                }
            } catch let problem as Problem {
                throw Failure(problem.detail)
            }
            Console.say(done)
        }
    }
}
