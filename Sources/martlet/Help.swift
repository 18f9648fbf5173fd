import Core

/// What `--help` shows.
enum Help {
    static let commands: [(name: String, text: String)] = [
        ("serve", "everything in one process: for a laptop or a small site"),
        ("api", "role: REST"),
        ("realtime", "role: WebSocket and server-sent events"),
        ("fanout", "role: outbox relay, planner, chunk workers"),
        ("notifier", "role: push notifications; martlet notifier audit compares the books with the rows"),
        ("worker", "role: jobs that take long, and consumers that no client waits for"),
        ("migrate", "brings the PostgreSQL schema up to date"),
        ("format", "which forms of messages and events are written; format enable enables new ones"),
        ("partitions", "how many partitions Redis has; martlet partitions N changes it while the site runs"),
        ("admin", "roles and suspensions of users: grant, revoke, suspend, restore"),
        ("audit", "compares what should be so with what is: martlet audit counts|erasure [--repair]"),
        ("dlq", "records that could not be done: martlet dlq list|show|redrive|purge"),
        ("tail", "a live feed in the terminal"),
        ("follow", "follows somebody, or a tag: martlet follow HANDLE, martlet follow '#TAG'"),
        ("unfollow", "ends a follow, or takes a request back: martlet unfollow HANDLE, martlet unfollow '#TAG'"),
        ("post", "posts a text: martlet post TEXT; without it, or for -, what comes by standard input"),
        ("feed", "the newest posts of the feed, the newest last"),
        ("requests", "who asks to follow; martlet requests accept HANDLE, martlet requests refuse HANDLE"),
        ("export", "all that is held of the account, as a ZIP: martlet export [FILE]"),
        (
            "account",
            "deletes the account: martlet account delete, martlet account cancel, martlet account receipt ID KEY"
        ),
        ("sink", "push services and webhooks that check what they get, and fail by a script: for tests"),
        ("token", "prints an access token for a user"),
        ("help", "what a command does and takes: martlet help COMMAND"),
        ("version", "the name and version of this program"),
        ("seed", "makes users who follow one author, for benchmarks and demos"),
    ]

    static var overview: String {
        var text = """
            Martlet: a social feed that is always live.

            martlet COMMAND [--setting value …]

            Commands:

            """
        for (name, description) in commands { text += "  \(padded(name, 10))\(description)\n" }
        text += """

            -h or --help shows this, -V or --version the version.

            Settings come from flags or from environment variables: --port 8080 or MARTLET_PORT=8080.
            martlet COMMAND --help says which ones a command takes; all of them:

            """
        return text + table(SettingsList.all)
    }

    static func of(_ command: String) -> String {
        let description = commands.first { $0.name == command }?.text ?? ""
        let settings = table(["help", "version"].contains(command) ? [] : SettingsList.of(command))
        let more =
            [
                "format": FormatCommand.help, "partitions": PartitionsCommand.help, "admin": AdminCommand.help,
                "audit": AuditCommand.help,
                "dlq": DeadLetterCommand.help,
                "sink": SinkCommand.help,
            ][command] ?? ""
        return "martlet \(command): \(description)\n" + more + (settings.isEmpty ? "" : "\nSettings:\n") + settings
            + (SettingsList.terminal.contains(command) ? "  --json\n      JSON lines: \(json(of: command))\n" : "")
            + (command == "tail"
                ? "  --notifications\n      what you are notified of: as --channel notifications\n" : "")
            + "  -h, --help\n      this text\n"
    }

    private static func json(of command: String) -> String {
        switch command {
        case "tail": "the events as they came"
        case "follow", "unfollow":
            "the user and whether he is followed or requested now, or the tag and whether it is followed"
        case "requests": "the requests, or the user and whether he is accepted"
        case "export": "the export"
        case "account": "the deletion, or whether the account is kept"
        default: "the posts"
        }
    }

    private static func table(_ settings: [Setting]) -> String {
        settings.map { setting in
            let fallback = setting.fallback.isEmpty ? "default: none" : "default: \(setting.fallback)"
            return """
                  \(setting.short.map { "-\($0), " } ?? "")\(setting.flag), \(setting.variable)
                      \(setting.help)
                      \(setting.expected); \(fallback)

                """
        }.joined()
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}
