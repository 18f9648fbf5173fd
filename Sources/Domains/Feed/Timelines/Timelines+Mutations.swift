#if DEBUG
import Core
import RedisLink

/// The deliberate bugs in the scripts (`Mutation`): each is a script with a piece of its text replaced.
extension TimelineScripts {
    static func mutated() -> TimelineScripts {
        var scripts = TimelineScripts(without: part)
        if Mutation.ignoreEpoch.isOn {
            scripts.resume = changed(TimelineLua.resume, "result[1] ~= ARGV[2] or ", "")
        }
        return scripts
    }

    private static var part: TimelineMutation? {
        if Mutation.forgetDisorder.isOn { return .note }
        if Mutation.letSeveredIn.isOn { return .severedInDeliver }
        return Mutation.ignoreEpoch.isOn ? .horizonOfRebuild : nil
    }

    /// `Mutation.publishBeforeWrite`: one script tells the nodes, another writes the lists.
    static let publishOnly = changed(delivery, "length = call('LPUSHX', list, entry)", "length = 0")
    static let writeOnly = changed(delivery, "for _, node in ipairs(order) do", "for _, node in ipairs({}) do")
    static let ofMutations = [publishOnly, writeOnly]

    private static let delivery = [TimelineLua.publish, TimelineLua.deliver(without: nil)].joined(separator: "\n")

    static func changed(_ text: String, _ old: String, _ new: String) -> RedisScript {
        precondition(text.contains(old), "the script has no '\(old)' any more")
        return RedisScript([TimelineLua.prelude, text.replacing(old, with: new)].joined(separator: "\n"))
    }
}

extension Timelines {
    /// `Mutation.publishBeforeWrite`.
    func publishThenWrite(_ event: TimelineEvent, to users: [ID]) async throws {
        _ = try await redis.eval(deliveries(event, users, by: TimelineScripts.publishOnly))
        try await Task.sleep(nanoseconds: 200_000_000)
        _ = try await redis.eval(deliveries(event, users, by: TimelineScripts.writeOnly))
    }
}
#endif
