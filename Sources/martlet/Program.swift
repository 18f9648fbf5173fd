import Core
import Glibc
import Runtime
import Sidecars

/// From the command line to the exit code.
enum Program {
    static let number = "1.0.0"
    static let version = "Martlet \(number)"

    static func run(_ arguments: [String]) async -> Int32 {
        let code = await execute(arguments)
        console.flush(milliseconds: 200)
        Log.output.flush(milliseconds: 200)
        return code
    }

    private static func execute(_ arguments: [String]) async -> Int32 {
        guard let command = arguments.first else {
            say(Help.overview)
            return 2
        }
        let rest = Array(arguments.dropFirst())
        switch command {
        case "--help", "-h", "help": return help(rest.first)
        case "--version", "-V", "version":
            say(version)
            return 0
        default: break
        }
        guard isCommand(command) else { return 2 }
        if rest.contains("--help") || rest.contains("-h") { return help(command) }
        do {
            if command == "tail" { return try Tools.tail(rest) }
            if command == "format" {
                try await FormatCommand(rest).run()
            } else {
                try await dispatch(command, rest)
            }
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

    private static func help(_ command: String?) -> Int32 {
        guard let command else {
            say(Help.overview)
            return 0
        }
        guard isCommand(command) else { return 2 }
        say(Help.of(command))
        return 0
    }

    private static func isCommand(_ name: String) -> Bool {
        if Help.commands.contains(where: { $0.name == name }) { return true }
        complain("there is no command \(name): see martlet --help")
        return false
    }

    private static func dispatch(_ command: String, _ rest: [String]) async throws {
        let configuration = try Configuration(try values(command, rest), for: command)
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

    static func environment() -> [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
            entry += 1
        }
        return variables
    }

    /// Settings of other commands may stand in the environment; as flags they are errors.
    static func values(_ command: String, _ arguments: [String]) throws(SettingError) -> SettingValues {
        let own = SettingsList.of(command)
        let names = Set(own.map(\.name))
        let others = SettingsList.all.filter { !names.contains($0.name) }
        return try SettingValues(
            own, arguments: arguments, environment: environment(),
            otherVariables: SettingsList.otherVariables.union(others.map(\.variable)))
    }

    private static let console = LineWriter(descriptor: 1)

    /// One line on standard output, by a server: nobody need read it.
    static func tell(_ line: String) { console.add(Array((line + "\n").utf8)) }

    /// Text on standard output, by a command whose work that is: it waits for its reader.
    static func say(_ text: String) {
        var rest = Array((text + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                var watched = pollfd(fd: 1, events: Int16(POLLOUT), revents: 0)
                _ = poll(&watched, 1, -1)
            } else if errno != EINTR {
                return
            }
        }
    }

    static func complain(_ message: String) { Log.output.add(Array("martlet: \(message)\n".utf8)) }
}
