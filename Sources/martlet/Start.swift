import Core
import Runtime
import Sidecars

/// The start of a server, which an end may overtake.
struct Start: Sendable {
    private let task: Task<(Server, Int), any Error>

    init(_ work: @escaping @Sendable () async throws -> (Server, Int)) {
        task = Task { try await work() }
    }

    /// The server and its port; `nil` when the process is to end before that.
    func finished(unless ending: Ending) async throws -> (Server, Int)? {
        let settled = Wakeup()
        let task = task
        ending.onWish { settled.signal() }
        let watch = Task {
            _ = await task.result
            settled.signal()
        }
        await settled.wait()
        guard ending.isWished else { return try await task.value }
        // What is nearly up is taken down in order; what waits for a neighbour is left to the process's end. Where it
        // begins anew, nothing may be left.
        task.cancel()
        let isDone = await ends(within: ending.isForGood ? 1000 : 60_000) {
            await watch.value
            return true
        }
        guard isDone || ending.isForGood else {
            throw Failure("its start can't be ended, though the site's partitions change: start it again")
        }
        if isDone, let (server, _) = try? await task.value { await server.stop() }
        return nil
    }
}
