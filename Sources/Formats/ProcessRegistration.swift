import Core
import Runtime
public import Store
import Synchronization

/// Keeps a process in the table of those that are there, and what it may write up to date.
public final class ProcessRegistration: Sendable {
    private static let pause: UInt64 = 5_000_000_000
    private let store: FormatStore
    private let process: ProcessInfo
    private let formats: EnabledFormats
    private let wakeup = Wakeup()
    private let tasks = Mutex<[Task<Void, Never>]>([])

    public init(database: Database, _ process: ProcessInfo, _ formats: EnabledFormats) {
        store = FormatStore(database: database)
        self.process = process
        self.formats = formats
    }

    /// - Throws: `FormatError.unknown`: this version must not run here.
    public func begin() async throws {
        take(try await store.register(process, reads: formats.known))
        tasks.withLock { tasks in
            tasks = [Task { await follow() }, Task { await poll() }]
        }
    }

    /// A format may have been enabled.
    public func look() { wakeup.signal() }

    private func poll() async {
        while !Task.isCancelled {
            try? await Task.sleep(nanoseconds: Self.pause)
            wakeup.signal()
        }
    }

    private func follow() async {
        while true {
            await wakeup.wait()
            guard !Task.isCancelled else { return }
            do {
                take(try await store.renew(process, reads: formats.known))
            } catch {
                Log.debug("process.not_renewed", ["error": .text("\(error)")])
            }
        }
    }

    private func take(_ names: Set<String>) {
        let known = Set(formats.known.map(\.name))
        for name in formats.set(names).sorted() {
            if known.contains(name) {
                Log.info("format.enabled", ["format": .text(name)])
            } else {
                // Somebody enabled it by force. What is written in it is passed over here.
                Log.error("format.unknown", ["format": .text(name)])
            }
        }
    }

    /// The process ends.
    public func end() async {
        let running = tasks.withLock { tasks in
            defer { tasks = [] }
            return tasks
        }
        for task in running { task.cancel() }
        wakeup.signal()
        for task in running { await task.value }
        guard !running.isEmpty else { return }
        try? await store.remove(process)
    }
}
