import Outbox
import Synchronization
import Testing

@Suite struct CommitHookTests {
    /// The last call is as quick as the first: they are as many as the writes of a process in its life.
    @Test(.timeLimit(.minutes(1))) func manyCalls() {
        let hook = CommitHook()
        let count = Atomic<Int>(0)
        hook.call()
        hook.set { count.add(1, ordering: .relaxed) }
        for _ in 0..<1_000_000 { hook.call() }
        #expect(count.load(ordering: .relaxed) == 1_000_000)
    }
}
