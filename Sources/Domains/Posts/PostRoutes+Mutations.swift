#if DEBUG
import Core
import HTTPService
import Store

extension PostRoutes {
    /// The deliberate bugs in how a post is stored, of which one may be on. `statements`: post, counter, event.
    func createWithBug(
        _ post: PostView, _ stored: StoredAnswer, _ statements: [Statement], _ scope: RequestScope
    ) async throws -> Answer? {
        let (first, late): ([Statement], [Statement])
        if Mutation.ackBeforeCommit.isOn {
            (first, late) = ([], statements)
        } else if Mutation.dualWrite.isOn {
            (first, late) = (Array(statements[...1]), Array(statements[2...]))
        } else if Mutation.countAfterwards.isOn {
            (first, late) = ([statements[0]] + statements[2...], [statements[1]])
        } else {
            return nil
        }
        let answer = try await writes.run(scope, user: scope.caller, route: "posts") { transaction in
            if !first.isEmpty { try await transaction.batch(first) }
            return stored
        }
        if !answer.isReplay {
            Task { [writes] in
                try await Task.sleep(nanoseconds: 100_000_000)
                _ = try await writes.run(late)
            }
        }
        return answer
    }
}
#endif
