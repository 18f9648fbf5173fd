import Core
import Sidecars

/// From the command line to the exit code.
enum Program {
    static func run(_ arguments: [String]) async -> Int32 {
        let code = await execute(arguments)
        Console.flush()
        return code
    }

    private static func execute(_ arguments: [String]) async -> Int32 {
        guard let command = arguments.first else {
            Console.say(Help.overview)
            return 2
        }
        let rest = Array(arguments.dropFirst())
        switch command {
        case "--help", "-h", "help": return help(rest.first)
        case "--version", "-V", "version":
            Console.say(Version.name)
            return 0
        default: break
        }
        guard isCommand(command) else { return 2 }
        if rest.contains("--help") || rest.contains("-h") { return help(command) }
        do {
            if command == "tail" { return try Tools.tail(rest) }
            if SettingsList.terminal.contains(command) { return try TerminalCommand(command, rest).run() }
            switch command {
            case "format": try await FormatCommand(rest).run()
            case "partitions": try await PartitionsCommand(rest).run()
            case "admin": try await AdminCommand(rest).run()
            case "sessions": try await SessionsCommand(rest).run()
            case "sink": try await SinkCommand(rest).run()
            case "audit": try await AuditCommand(rest).run()
            case "dlq": try await DeadLetterCommand(rest).run()
            case "notifier" where rest.first == "audit":
                try await AuditCommand.ofNotifier(Array(rest.dropFirst())).run()
            default: try await dispatch(command, rest)
            }
            return 0
        } catch let failure as Failure {
            Console.complain(failure.description)
            return failure.exitCode
        } catch let error as SettingError {
            Console.complain(error.description)
            return 2
        } catch {
            Console.complain("\(error)")
            return 1
        }
    }

    private static func help(_ command: String?) -> Int32 {
        guard let command else {
            Console.say(Help.overview)
            return 0
        }
        guard isCommand(command) else { return 2 }
        Console.say(Help.of(command))
        return 0
    }

    private static func isCommand(_ name: String) -> Bool {
        if Help.commands.contains(where: { $0.name == name }) { return true }
        Console.complain("there is no command \(name): see martlet --help")
        return false
    }

    private static func dispatch(_ command: String, _ rest: [String]) async throws {
        let configuration = try Configuration(try SettingsList.values(of: command, rest), for: command)
        switch command {
        case "serve": try await Serve.run(configuration)
        case "api": try await Serve.runRole(.api, configuration)
        case "realtime": try await Serve.runRole(.realtime, configuration)
        case "fanout": try await Serve.runRole(.fanout, configuration)
        case "notifier": try await Serve.runRole(.notifier, configuration)
        case "worker": try await Serve.runRole(.worker, configuration)
        case "migrate": try await Tools.migrate(configuration)
        case "seed": try await Seed.run(configuration)
        case "token": try await Tools.token(configuration)
        default: throw Failure("\(command) is not here yet", exitCode: 2)
        }
    }
}
