import Core
import Glibc
import Runtime
import Sidecars

/// From the command line to the exit code.
enum Program {
    static func run(_ arguments: [String]) async -> Int32 {
        guard let command = arguments.first, command != "--help", command != "-h", command != "help" else {
            Program.say(Help.overview)
            return arguments.isEmpty ? 2 : 0
        }
        guard Help.commands.contains(where: { $0.name == command }) else {
            complain("there is no command \(command): see martlet --help")
            return 2
        }
        let rest = Array(arguments.dropFirst())
        if rest.contains("--help") || rest.contains("-h") {
            Program.say(Help.of(command))
            return 0
        }
        do {
            if command == "tail" { return try Tools.tail(rest) }
            try await dispatch(command, rest)
            return 0
        } catch let failure as Failure {
            complain(failure.description)
            return failure.exitCode
        } catch let error as SettingError {
            complain(error.description)
            return 2
        } catch {
            complain("\(error)")
            return 1
        }
    }

    private static func dispatch(_ command: String, _ rest: [String]) async throws {
        let configuration = Configuration(try values(command, rest))
        switch command {
        case "serve": try await Serve.run(configuration)
        case "api": try await Serve.runRole(.api, configuration)
        case "realtime": try await Serve.runRole(.realtime, configuration)
        case "fanout": try await Serve.runRole(.fanout, configuration)
        case "notifier": try await Serve.runRole(.notifier, configuration)
        case "migrate": try await Tools.migrate(configuration)
        case "seed": try await Seed.run(configuration)
        case "token": try await Tools.token(configuration)
        default: throw Failure("\(command) is not here yet", exitCode: 2)
        }
    }

    /// Settings of other commands may stand in the environment; as flags they are errors.
    static func values(_ command: String, _ arguments: [String]) throws(SettingError) -> SettingValues {
        var environment: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { environment[String(parts[0])] = String(parts[1]) }
            entry += 1
        }
        let own = SettingsList.of(command)
        let names = Set(own.map(\.name))
        let others = SettingsList.all.filter { !names.contains($0.name) }
        return try SettingValues(
            own, arguments: arguments, environment: environment,
            otherVariables: SettingsList.otherVariables.union(others.map(\.variable)))
    }

    /// One line on standard output, at once.
    static func say(_ line: String) {
        var bytes = Array((line + "\n").utf8)
        _ = write(1, &bytes, bytes.count)
    }

    static func complain(_ message: String) {
        var line = Array("martlet: \(message)\n".utf8)
        _ = write(2, &line, line.count)
    }
}
