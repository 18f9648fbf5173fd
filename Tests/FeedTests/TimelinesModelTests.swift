import Core
import Glibc
import Testing

@testable import Feed

/// Random walks over the whole rule, and the same with one part of the rule left out. `MARTLET_WALKS` walks more of
/// them, `MARTLET_WALK_SEED` begins with that one.
@Suite(.serialized) struct TimelinesModelTests {
    private static func variable(_ name: String) -> UInt64? {
        getenv(name).flatMap { UInt64(String(cString: $0)) }
    }

    /// Walks until one fails.
    private func walk(
        _ walks: Int, _ scripts: TimelineScripts = TimelineScripts(), without omission: WalkOmission? = nil,
        clients: Int = 5, steps: Int = 150
    ) async throws -> (failure: String?, walks: Int, tally: TimelinesTally) {
        let server = try await TimelinesServer()
        let inbox = try await TimelinesInbox(server)
        defer { inbox.close() }
        var tally = TimelinesTally()
        for number in 1...walks {
            let given = number == 1 ? Self.variable("MARTLET_WALK_SEED") : nil
            let seed = given ?? .random(in: 0 ... .max)
            let walk = TimelinesWalk(
                seed: seed, server: server, inbox: inbox, scripts: scripts, without: omission, clients: clients)
            do {
                try await walk.run(steps: steps)
            } catch let failure as TimelinesFailure {
                return ("seed \(seed), walk \(number): \(failure)", number, tally)
            }
            tally += walk.tally
        }
        return (nil, walks, tally)
    }

    @Test(.timeLimit(.minutes(20))) func nothingIsMissedAndNothingComesTwice() async throws {
        let result = try await walk(Int(Self.variable("MARTLET_WALKS") ?? 150))
        #expect(result.failure == nil)
        let tally = result.tally
        print("timelines model: \(tally)")
        #expect(tally.late > 100 && tally.gaps > 100 && tally.pushed > 1000 && tally.replays > 100)
        #expect(tally.missed > 100 && tally.resets > 100 && tally.rebuilds > 100 && tally.healed > 10)
    }

    /// A thousand clients that drop and return together.
    @Test(.timeLimit(.minutes(2))) func aCrowd() async throws {
        let result = try await walk(3, clients: 1000)
        #expect(result.failure == nil)
    }

    @Test(.timeLimit(.minutes(2)), arguments: TimelineMutation.all)
    func aScriptWithoutThisIsCaught(_ mutation: TimelineMutation) async throws {
        let result = try await walk(600, mutation.scripts())
        print("\(mutation.testDescription): walk \(result.walks), \(result.failure ?? "not caught")")
        #expect(result.failure != nil)
    }

    @Test(.timeLimit(.minutes(5)), arguments: WalkOmission.all)
    func aNodeWithoutThisIsCaught(_ omission: WalkOmission) async throws {
        let result = try await walk(500, without: omission, steps: 200)
        print("without \(omission): walk \(result.walks), \(result.failure ?? "not caught")")
        #expect(result.failure != nil)
    }
}
