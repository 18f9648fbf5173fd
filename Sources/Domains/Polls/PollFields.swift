import Core
package import HTTPService
import Posts

/// What clients send of polls.
package enum PollFields {
    /// Of a new post.
    package static let poll = Field<NewPoll>.object(
        "poll", "NewPoll", [options, isMultiple, closesIn, results], "Its options never change."
    ) { object throws(Problem) in
        NewPoll(
            options: try options.read(object), isMultiple: try isMultiple.read(object),
            closesIn: try closesIn.read(object), results: try results.read(object))
    }.orNil

    private static let options = Field.distinct(
        "options", of: .text("option", TextRule("an option", .name, PollView.optionLength), example: "Tea"),
        count: PollView.optionCount, example: ["Tea", "Coffee"])

    private static let isMultiple = Field.boolean(
        "multiple", example: false, "May one vote for several options? Not without it."
    ).or(false)

    private static let closesIn = Field.integer(
        "closes_in", in: 300...2_592_000, example: 86_400, "Seconds from now on.")

    private static let results = Field.string(
        "results", .word(of: PollView.Results.allCases.map(\.rawValue)), example: "after_vote",
        "When the results are shown: `always`, also without it; `after_vote`, to who has voted and to the author, to all when "
            + "it has closed; `after_close`."
    ) { text throws(Refusal) in
        guard let results = PollView.Results.allCases.first(where: { $0.rawValue.isExactly(text) }) else {
            throw Refusal("results is always, after_vote or after_close")
        }
        return results
    }.or(.always)

    /// Of a vote.
    package static let vote = Field.distinct(
        "options", of: .integer("option", in: 0...PollView.optionCount.upperBound - 1, example: 0),
        count: 1...PollView.optionCount.upperBound, example: [0],
        "Numbers of options, counted from 0; one, unless the poll is `multiple`.")
}

enum PollPath {
    static let id = PathParameter.id("id", "Of the poll.")
}

extension ErrorCode {
    static let alreadyVoted = ErrorCode("already_voted", 409, "The caller has voted")
    static let pollClosed = ErrorCode("poll_closed", 409, "The poll has closed")
    static let pollHasVotes = ErrorCode("poll_has_votes", 409, "The poll of the post has votes")
}
