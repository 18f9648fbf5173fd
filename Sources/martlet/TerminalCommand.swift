import Core
import Glibc
import Tail

/// A command for people who live in terminals, from its words: flags and settings as everywhere, and what it is about.
struct TerminalCommand {
    private let command: FeedCommand
    private let options: TailOptions

    init(_ name: String, _ arguments: [String]) throws {
        let (flags, words) = Self.split(arguments)
        var values = try SettingsList.values(of: name, flags.filter { $0 != "--json" })
        command = try Self.command(name, words, graceDays: values.has("grace") ? values.number("grace") : 0)
        // A receipt is for who has its key.
        let who = if case .receipt = command { (nil, nil, nil) as Caller } else { try Self.caller(&values) }
        options = TailOptions(
            url: values.text("url")!, token: who.token, handle: who.handle, password: who.password,
            json: flags.contains("--json"), color: TailOptions.Color(rawValue: values.text("color")!)!,
            posts: values.has("limit") ? values.number("limit") : 0)
    }

    func run() -> Int32 { runFeedCommand(command, options) }

    /// Flags with their values, and the rest. Behind `--` all is the rest; `-` by itself is.
    static func split(_ arguments: [String]) -> (flags: [String], words: [String]) {
        var (flags, words): ([String], [String]) = ([], [])
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                words += rest
                break
            }
            guard argument.hasPrefix("-"), argument != "-" else {
                words.append(argument)
                continue
            }
            flags.append(argument)
            if argument != "--json", !argument.contains("="), let value = rest.popFirst() { flags.append(value) }
        }
        return (flags, words)
    }

    private static func command(_ name: String, _ words: [String], graceDays: Int) throws -> FeedCommand {
        switch (name, words.count) {
        case ("follow", 1) where words[0].hasPrefix("#"): return .followTag(String(words[0].dropFirst()))
        case ("unfollow", 1) where words[0].hasPrefix("#"): return .unfollowTag(String(words[0].dropFirst()))
        case ("follow", 1): return .follow(try handle(words[0]))
        case ("unfollow", 1): return .unfollow(try handle(words[0]))
        case ("post", 0): return .post(nil)
        case ("post", 1): return .post(words[0] == "-" ? nil : words[0])
        case ("feed", 0): return .feed
        case ("requests", 0): return .requests
        case ("requests", 2) where words[0] == "accept": return .accept(try handle(words[1]))
        case ("requests", 2) where words[0] == "refuse": return .refuse(try handle(words[1]))
        case ("notifications", 0): return .notifications
        case ("notifications", 1) where words[0] == "read": return .markRead
        case ("devices", 0): return .devices
        case ("devices", 2): return try deviceCommand(words[0], words[1])
        case ("preferences", 0): return .preferences
        case ("preferences", _): return .prefer(try preference(words))
        case ("export", 0): return .export(to: "martlet-export.zip")
        case ("export", 1): return .export(to: words[0])
        case ("account", 1) where words[0] == "delete": return .deleteAccount(graceDays: graceDays)
        case ("account", 1) where words[0] == "cancel": return .keepAccount
        case ("account", 3) where words[0] == "receipt" && ID(words[1]) != nil:
            return .receipt(id: words[1], key: words[2])
        case ("notifications", _): throw SettingError("martlet notifications, or martlet notifications read")
        case ("devices", _): throw SettingError(devicesUsage)
        case ("export", _): throw SettingError("one file, please: martlet export [FILE]")
        case ("account", _):
            throw SettingError("martlet account delete, martlet account cancel, or martlet account receipt ID KEY")
        case ("follow", _), ("unfollow", _):
            throw SettingError("whom? martlet \(name) HANDLE, or a tag: martlet \(name) '#TAG'")
        case ("post", _): throw SettingError("one text, please: put it in quotation marks, or give - and pipe it in")
        case ("requests", _): throw SettingError("martlet requests, martlet requests accept HANDLE or refuse HANDLE")
        default: throw SettingError("martlet \(name) takes no words: see --help")
        }
    }

    private static let devicesUsage = "martlet devices, martlet devices add URL, or remove, test or rotate with an ID"

    private static func deviceCommand(_ verb: String, _ word: String) throws -> FeedCommand {
        if verb == "add" {
            if let problem = Checks.url(word) { throw SettingError("'\(word)': \(problem)") }
            return .addWebhook(url: word)
        }
        guard let id = ID(word) else { throw SettingError(devicesUsage) }
        switch verb {
        case "remove": return .removeDevice(id)
        case "test": return .testDevice(id)
        case "rotate": return .rotateSecret(id)
        default: throw SettingError(devicesUsage)
        }
    }

    private static func preference(_ words: [String]) throws -> PreferenceChange {
        switch (words[0], words.count) {
        case ("push", 3), ("inbox", 3):
            guard words[2] == "on" || words[2] == "off" else { break }
            return .type(words[1], key: words[0], words[2] == "on")
        case ("digest", 2): return .digest(words[1])
        case ("quiet", 2) where words[1] == "off": return .noQuiet
        case ("quiet", 4): return .quiet(from: words[1], to: words[2], zone: words[3])
        default: break
        }
        throw SettingError(
            """
            martlet preferences, or with push TYPE on|off, inbox TYPE on|off, digest off|hourly|daily, \
            quiet HH:MM HH:MM ZONE, quiet off
            """)
    }

    private static func handle(_ word: String) throws -> String {
        let handle = (word.hasPrefix("@") ? String(word.dropFirst()) : word).lowercased()
        guard Checks.handle(handle) == nil else { throw SettingError("'\(word)' is no handle: 3 to 30 of a-z 0-9 _") }
        return handle
    }

    typealias Caller = (token: String?, handle: String?, password: String?)

    /// Who does it: an access token, or a handle and a password.
    static func caller(_ values: inout SettingValues) throws -> Caller {
        try values.choose(["token"], or: ["handle", "password"])
        try values.choose(["token-file"], or: ["handle", "password"])
        try values.choose(["token"], or: ["token-file"])
        if let path = values.text("token-file") { return (try token(in: path, values.given("token-file")), nil, nil) }
        if let token = values.text("token") { return (token, nil, nil) }
        guard let handle = values.text("handle"), let password = values.text("password") else {
            throw SettingError(
                "who are you? Give MARTLET_TOKEN, MARTLET_TOKEN_FILE, or MARTLET_HANDLE and MARTLET_PASSWORD, or their flags"
            )
        }
        return (nil, handle, password)
    }

    private static func token(in path: String, _ name: String) throws -> String {
        guard let file = fopen(path, "re") else {
            throw SettingError("\(name): the file can't be read: \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 8192)
        guard fgets(&line, Int32(line.count), file) != nil else { throw SettingError("\(name): the file is empty") }
        return String(
            decoding: line.prefix { $0 != 0 && $0 != 10 && $0 != 13 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
