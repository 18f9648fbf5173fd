import Core
import Formats
import Runtime
public import Store
import Synchronization

/// A process's hold on the layout that it works in: a lock of a session of its own. The next layout begins when nobody has one
/// any more, so nobody brings posts to timelines of the old layout while others read those of the new one.
public final class LayoutHold: Sendable {
    private static let pause: UInt64 = 1_000_000_000
    private let store: SiteStore
    private let database: Database
    private let name: String
    private let wakeup = Wakeup()
    private let tasks = Mutex<[Task<Void, Never>]>([])

    /// - Parameters:
    ///   - database: of one connection, which is nobody else's and goes through no pooler. It is closed with the hold.
    ///   - name: of the process, for who asks who works in a layout.
    public init(database: Database, name: String) {
        (store, self.database, self.name) = (SiteStore(database: database), database, name)
    }

    /// What a process is called to those who ask who works in a layout.
    /// - Parameter role: such as `api`.
    public static func name(of role: String) -> String {
        let process = ProcessInfo(role: role, version: "")
        // PostgreSQL keeps 63 bytes.
        return String("martlet/1 \(role) \(process.pid)@\(process.host)".prefix(63))
    }

    /// Waits for a change that is under way, and takes a hold on the layout that there is then.
    /// - Returns: the record; with the given settings in it where it was empty.
    /// - Throws: `SiteMismatch`, `PgError`.
    public func take(_ given: GivenSettings) async throws -> SiteRecord {
        try await store.letGo()
        while true {
            guard let record = try await store.read(), given.topicPrefix == nil || record.topicPrefix != nil,
                given.logPartitions == nil || record.logPartitions != nil
            else {
                try await store.record(given)
                continue
            }
            let outdated = try given.outdated(against: record)
            if let record = try await take(record) {
                if let outdated {
                    let isOfLog = outdated == given.logPartitions?.name
                    let recorded = isOfLog ? record.logPartitions ?? 0 : record.partitions
                    Log.warning(
                        .settingOutdated, ["setting": .text(outdated), "partitions": .number(Int64(recorded))])
                }
                return record
            }
            try await Task.sleep(nanoseconds: 100_000_000)
        }
    }

    /// - Returns: `nil` where it is to be tried again.
    private func take(_ record: SiteRecord) async throws -> SiteRecord? {
        guard record.next == nil else {
            if try await store.advance(from: record) {
                Log.info(
                    .layoutBegun,
                    ["layout": .number(Int64(record.layout + 1)), "partitions": .number(Int64(record.next!))])
            } else if record.isOverdue, try await store.giveUp(record) {
                Log.warning(.layoutKept, ["layout": .number(Int64(record.layout))])
            }
            return nil
        }
        // Whoever ends the layout has asked for it before: so the record that was read behind the lock says so.
        let (isHeld, now) = try await store.hold(record.layout, as: name)
        guard isHeld, let now, now.layout == record.layout, now.next == nil else {
            try await store.letGo()
            return nil
        }
        return now
    }

    /// Looks after the hold until the layout is to end.
    /// - Parameter onEnd: called once: the process must end its work, and begin anew.
    public func watch(_ record: SiteRecord, onEnd: @escaping @Sendable () -> Void) {
        tasks.withLock { tasks in
            tasks = [Task { await follow(record.layout, onEnd) }, Task { await poll() }]
        }
    }

    /// The record may have changed.
    public func look() { wakeup.signal() }

    private func poll() async {
        while !Task.isCancelled {
            try? await Task.sleep(nanoseconds: Self.pause)
            wakeup.signal()
        }
    }

    private func follow(_ layout: Int, _ onEnd: () -> Void) async {
        while true {
            await wakeup.wait()
            guard !Task.isCancelled else { return }
            do {
                var (isHeld, record) = try await store.look(layout)
                // Its session has ended: somebody may have begun the next layout since.
                if !isHeld { (isHeld, record) = try await store.hold(layout, as: name) }
                guard isHeld, let record, record.layout == layout, record.next == nil else {
                    Log.info(.layoutEnds, ["layout": .number(Int64(layout))])
                    return onEnd()
                }
            } catch {
                // Without PostgreSQL nobody can begin another layout.
                Log.debug(.layoutUnsure, ["error": .text("\(error)")])
            }
        }
    }

    /// Lets go: when nothing of the process works in the layout any more.
    public func close() async {
        let running = tasks.withLock { tasks in
            defer { tasks = [] }
            return tasks
        }
        for task in running { task.cancel() }
        wakeup.signal()
        for task in running { await task.value }
        database.close()
    }
}
