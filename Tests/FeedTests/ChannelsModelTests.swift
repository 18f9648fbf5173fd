import Core
import Glibc
import Testing

@testable import Feed

/// Random walks over the rule of channels, and the same with one part of it left out. `MARTLET_WALKS` walks more of them,
/// `MARTLET_WALK_SEED` begins with that one.
@Suite(.serialized) struct ChannelsModelTests {
    private static func variable(_ name: String) -> UInt64? {
        getenv(name).flatMap { UInt64(String(cString: $0)) }
    }

    /// Walks until one fails.
    private func walk(
        _ walks: Int, _ scripts: TimelineScripts = TimelineScripts(), without omission: WalkOmission? = nil
    ) async throws -> (failure: String?, walks: Int, tally: ChannelsTally) {
        let server = try await TimelinesServer()
        let inbox = try await TimelinesInbox(server)
        defer { inbox.close() }
        var tally = ChannelsTally()
        for number in 1...walks {
            let given = number == 1 ? Self.variable("MARTLET_WALK_SEED") : nil
            let seed = given ?? .random(in: 0 ... .max)
            let walk = ChannelsWalk(seed: seed, server: server, inbox: inbox, scripts: scripts, without: omission)
            do {
                try await walk.run(steps: 200)
            } catch let failure as TimelinesFailure {
                return ("seed \(seed), walk \(number): \(failure)", number, tally)
            }
            tally += walk.tally
        }
        return (nil, walks, tally)
    }

    @Test(.timeLimit(.minutes(20))) func nothingIsMissedAndNothingComesTwice() async throws {
        let result = try await walk(Int(Self.variable("MARTLET_WALKS") ?? 80))
        #expect(result.failure == nil)
        let tally = result.tally
        print("channels model: \(tally)")
        #expect(tally.told > 1000 && tally.repeated > 100 && tally.pushed > 500 && tally.recovered > 100)
        #expect(tally.resets > 100 && tally.gaps > 50 && tally.strikes > 10)
    }

    @Test(.timeLimit(.minutes(2)), arguments: TimelineMutation.channels)
    func aScriptWithoutThisIsCaught(_ mutation: TimelineMutation) async throws {
        let result = try await walk(300, mutation.scripts())
        print("\(mutation.testDescription): walk \(result.walks), \(result.failure ?? "not caught")")
        #expect(result.failure != nil)
    }

    @Test(.timeLimit(.minutes(5)), arguments: WalkOmission.all.filter { $0 != .reset })
    func aNodeWithoutThisIsCaught(_ omission: WalkOmission) async throws {
        let result = try await walk(500, without: omission)
        print("channels without \(omission): walk \(result.walks), \(result.failure ?? "not caught")")
        #expect(result.failure != nil)
    }
}
