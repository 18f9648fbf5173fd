import Core
import Runtime

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
        // Where the process begins anew nothing may be left of this life: half a start is not cut off, but ended when it is whole.
        guard ending.isForGood else {
            try await task.value.0.stop(hurries: true)
            return nil
        }
        // What is nearly up is taken down in order; what waits for a neighbour is left to the process's end.
        task.cancel()
        let isDone = await ends(within: 1000) {
            await watch.value
            return true
        }
        if isDone, let (server, _) = try? await task.value { await server.stop() }
        return nil
    }
}
