import Core
import DomainRegistry
import Formats
import Sidecars
import Store

/// `martlet format`: shows which formats there are and who reads them. `martlet format enable [NAME…]`: has all processes
/// write them.
struct FormatCommand {
    static let help = """

        martlet format [--setting value …]
          shows the formats of this version, which of them are enabled, and the processes that are there
        martlet format enable [NAME …] [--force] [--setting value …]
          has all processes write the formats; without names, all of this version. It refuses while there are processes
          that do not read them; --force enables all the same.
          It can't be taken back: from then on versions that do not read a format do not start. Until then one may go
          back to the version before. See docs/upgrade.md.

        """

    private let enables: Bool
    private let names: [String]
    private let isForced: Bool
    private let configuration: Configuration

    init(_ arguments: [String]) throws {
        var words = arguments.prefix { !$0.hasPrefix("-") }
        let settings = arguments.dropFirst(words.count).filter { $0 != "--force" }
        isForced = arguments.contains("--force")
        enables = words.first == "enable"
        if enables { words = words.dropFirst() }
        names = Array(words)
        let known = Domains.formats.map(\.name)
        guard enables || (words.isEmpty && !isForced) else {
            throw Failure("martlet format takes no '\(words.first ?? "--force")': see martlet help format", exitCode: 2)
        }
        if let name = names.first(where: { !known.contains($0) }) {
            throw Failure(
                "there is no format \(name): this version has \(known.joined(separator: ", "))", exitCode: 2)
        }
        configuration = try Configuration(try Program.values("format", settings), for: "format")
    }

    func run() async throws {
        try await Tools.withSite(configuration, needsSecret: false, node: 63) { site in
            let store = FormatStore(database: site.connections.workers.database)
            if enables { try await enable(store) } else { try await show(store) }
        }
    }

    private func show(_ store: FormatStore) async throws {
        let overview = try await store.overview()
        let since = Dictionary(overview.enabled.map { ($0.name, $0.since) }, uniquingKeysWith: { first, _ in first })
        let known = Domains.formats
        var text = "Formats:\n"
        for format in known {
            text += "  \(format.name): \(format.summary); "
            text += since[format.name].map { "enabled since \($0)\n" } ?? "not enabled\n"
        }
        for (name, time) in overview.enabled where !known.contains(where: { $0.name == name }) {
            text += "  \(name): not known to this version; enabled since \(time)\n"
        }
        text += "Processes:" + (overview.processes.isEmpty ? " none" : "")
        Program.say(text + overview.processes.map { "\n  \($0)" }.joined())
    }

    private func enable(_ store: FormatStore) async throws {
        let wanted = names.isEmpty ? Domains.formats.map(\.name) : names
        do {
            let new = try await store.enable(wanted, force: isForced)
            Program.say(new.isEmpty ? "enabled already" : "enabled: " + new.joined(separator: ", "))
        } catch let error as FormatError {
            throw Failure(error.description)
        }
    }
}
