import Synchronization

/// Whether the work ends with true within the time. Work that does not heed cancellation goes on by itself.
public func ends(within milliseconds: Int, _ work: @escaping @Sendable () async -> Bool) async -> Bool {
    let wakeup = Wakeup()
    let outcome = Flag()
    let working = Task {
        outcome.set(await work())
        wakeup.signal()
    }
    let timer = Task {
        try? await Task.sleep(nanoseconds: UInt64(milliseconds) * 1_000_000)
        wakeup.signal()
    }
    await wakeup.wait()
    timer.cancel()
    working.cancel()
    return outcome.value
}

private final class Flag: Sendable {
    private let state = Atomic<Bool>(false)
    var value: Bool { state.load(ordering: .acquiring) }
    func set(_ new: Bool) { state.store(new, ordering: .releasing) }
}
