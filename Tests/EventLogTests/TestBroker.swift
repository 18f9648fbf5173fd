import Core
import EventLog
import Foundation

/// The broker of this test run, started once: what scripts/test-kafka finds, else librdkafka's mock.
struct TestBroker: Sendable {
    static let shared = Result { try TestBroker() }

    /// `nil` for the mock.
    let address: String?
    private let mock: MockKafka?
    private let script: String?
    private let folder: String
    private let port: Int
    private let prefix = "test-\(getpid())-\(SystemClock().milliseconds())."

    private init() throws {
        folder = NSTemporaryDirectory() + "/martlet-test-kafka-\(getpid())"
        // Two ports, below those that the system gives to clients.
        port = 20_000 + Int(getpid()) % 6000 * 2
        let found = try Self.found()
        if let given = found["broker"] {
            (address, mock, script) = (given, nil, nil)
        } else if let program = found["script"] {
            (address, mock, script) = ("127.0.0.1:\(port)", nil, program)
            stopAtTheEnd(program)
            try start()
        } else {
            (address, mock, script) = (nil, try MockKafka(), nil)
        }
    }

    /// Whether the tests have a broker that is not a mock.
    static let isReal = (try? found())?["none"] == nil
    /// Whether they may kill it.
    static let isKillable = (try? found()).map { $0["script"] != nil && $0["broker"] == nil } == true

    /// The words of scripts/test-kafka, by the first of each line.
    private static func found() throws -> [String: String] {
        let program = Process()
        let script = URL(filePath: #filePath).appending(path: "../../../scripts/test-kafka")
        program.executableURL = script.standardizedFileURL
        let output = Pipe()
        program.standardOutput = output
        try program.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        program.waitUntilExit()
        guard program.terminationStatus == 0 else {
            throw EventLogError("scripts/test-kafka ended with \(program.terminationStatus)", isTemporary: false)
        }
        let lines = text.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 1).map(String.init) }
        return Dictionary(uniqueKeysWithValues: lines.map { ($0[0], $0[1]) })
    }

    /// Options for this broker; tests that end clients roughly want a short session.
    func options() -> KafkaOptions {
        var options = KafkaOptions(bootstrapServers: address ?? "mock:1")
        options.prefix = prefix
        options.sessionTimeout = 6000
        return options
    }

    func makeLog(_ options: KafkaOptions? = nil) throws -> KafkaLog {
        let options = options ?? self.options()
        return if let mock { try KafkaLog(options: options, mock: mock) } else { try KafkaLog(options: options) }
    }

    var isMock: Bool { mock != nil }

    func start() throws {
        guard let script, Self.run(script, ["start", folder, "\(port)"]) else {
            throw EventLogError("the broker does not start: see \(folder)/server.log", isTemporary: false)
        }
    }

    func kill() {
        if let script { _ = Self.run(script, ["stop", folder, "-9"]) }
    }

    /// Also after a crash of the tests: a shell watches this process.
    private func stopAtTheEnd(_ script: String) {
        let command = """
            (while kill -0 \(getpid()) 2>/dev/null; do sleep 0.5; done
            '\(script)' stop '\(folder)' -9; rm -rf '\(folder)') &
            """
        _ = Self.run("sh", ["-c", command])
    }

    /// Waits for the program itself. Not by Foundation's `Process`: that waits for all that the program leaves
    /// behind, such as a broker.
    private static func run(_ program: String, _ arguments: [String]) -> Bool {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor: Int32 in 0...2 {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        // A broker that kept a pipe of this process would keep its reader waiting after this process's end.
        for descriptor: Int32 in 3..<256 { posix_spawn_file_actions_addclose(&actions, descriptor) }
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var child: pid_t = 0
        guard posix_spawnp(&child, program, &actions, nil, &words, environ) == 0 else { return false }
        var status: Int32 = -1
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        return status == 0
    }
}
