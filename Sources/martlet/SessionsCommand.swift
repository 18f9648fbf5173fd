import Core
import NodeLease
import Sidecars

/// `martlet sessions end`: logs people out, whatever they hold.
struct SessionsCommand {
    static let help = """

        martlet sessions end HANDLE [--setting value …]
          ends all sessions of a user: access tokens and refresh tokens are refused, and live connections end, at once
        martlet sessions end --all --yes [--setting value …]
          the same for everybody, as after a leak of MARTLET_SECRET (first change that). Tokens are refused at once; live
          connections end within 10 seconds, so that not all come back in one moment. Devices are no longer pushed to
          until their users log in again.
        Both are in the audit.

        """

    /// `nil`: everybody's.
    private let handle: String?
    private let configuration: Configuration

    init(_ arguments: [String]) throws {
        let words = Array(arguments.prefix { !$0.hasPrefix("-") })
        var flags = Flags(arguments.dropFirst(words.count), of: "sessions")
        guard words.first == "end" else {
            throw flags.failure(words.first.map { "there is no '\($0)'" } ?? "end which?")
        }
        let (all, yes) = (flags.has("--all"), flags.has("--yes"))
        guard words.count <= 2 else { throw flags.failure("end takes no '\(words[2])'") }
        handle = words.dropFirst().first.map { ($0.hasPrefix("@") ? String($0.dropFirst()) : $0).lowercased() }
        guard all != (handle != nil) else {
            throw flags.failure(all ? "a handle or --all, not both" : "whose? a handle, or --all")
        }
        guard all || !yes else { throw flags.failure("--yes goes with --all") }
        guard !all || yes else { throw flags.failure("--all logs everybody out: say --yes as well") }
        configuration = try Configuration(
            try SettingsList.values(of: "sessions", flags.arguments), for: "sessions")
    }

    func run() async throws {
        try await Tools.withSite(configuration, needsSecret: false, node: NodeNumbers.tools) { site in
            let administration = site.domains.administration.administration
            guard let handle else {
                try await administration.endAllSessions()
                return Console.say("all sessions have ended")
            }
            guard let count = try await administration.endSessions(handle: handle) else {
                throw Failure("there is no user @\(handle)")
            }
            Console.say("ended: \(count) \(count == 1 ? "session" : "sessions") of @\(handle)")
        }
    }
}
