public import Core
public import HTTPService

/// A poll as somebody sees it, **the one rule of what is shown of its results**: ``{"id","post_id","options":[{"text",
/// "votes"?}],"votes"?,"voters"?,"multiple","closes_at","closed","version","voted"?}``. The domain Polls keeps it; it is here for
/// it is a part of a post's JSON.
///
/// What is hidden is left out, and the version then counts nothing of it: it is 0.
public struct PollView: Sendable, Equatable {
    /// When the results are shown.
    public enum Results: String, Sendable, CaseIterable {
        case always
        /// To who has voted and to the author; to all when it has closed.
        case afterVote = "after_vote"
        case afterClose = "after_close"
    }

    /// What is counted.
    public struct Tally: Sendable, Equatable {
        /// By option.
        public let votes: [Int64]
        public let voters: Int64
        /// How often it has changed.
        public let changes: Int64

        public init(votes: [Int64], voters: Int64, changes: Int64) {
            (self.votes, self.voters, self.changes) = (votes, voters, changes)
        }
    }

    public static let optionCount = 2...8
    public static let optionLength = 1...80

    public let id: ID
    public let post: ID
    public let options: [String]
    public let isMultiple: Bool
    public let results: Results
    /// In milliseconds since 1970.
    public let closesAt: Int64
    /// By the database's clock.
    public let isClosed: Bool
    /// As many as there are options.
    public let tally: Tally
    /// What the reader has voted for, by the options' numbers from 0 on; empty: he has not, or it is told to all.
    public let voted: [Int]
    /// The reader is its author.
    public let isOwn: Bool

    public init(
        id: ID, post: ID, options: [String], isMultiple: Bool, results: Results, closesAt: Int64, isClosed: Bool,
        tally: Tally, voted: [Int], isOwn: Bool
    ) {
        precondition(tally.votes.count == options.count, "a number of votes for each option")
        (self.id, self.post, self.options, self.isMultiple) = (id, post, options, isMultiple)
        (self.results, self.closesAt, self.isClosed) = (results, closesAt, isClosed)
        (self.tally, self.voted, self.isOwn) = (tally, voted, isOwn)
    }

    public var showsResults: Bool {
        switch results {
        case .always: true
        case .afterVote: isClosed || isOwn || !voted.isEmpty
        case .afterClose: isClosed
        }
    }

    /// The larger one is the newer one. The close is a change, too.
    public var version: Int64 { showsResults ? tally.changes + (isClosed ? 1 : 0) : 0 }

    public func append(to writer: inout ByteWriter) {
        writer.append(ascii: "{\"id\":\"")
        writer.append(decimal: id.raw)
        writer.append(ascii: "\"")
        writer.append(key: "post_id", of: post.description)
        writer.append(ascii: ",\"options\":[")
        for (number, option) in options.enumerated() {
            writer.append(ascii: number == 0 ? "{\"text\":" : ",{\"text\":")
            writer.append(jsonString: option)
            if showsResults { writer.append(key: "votes", of: tally.votes[number]) }
            writer.append(ascii: "}")
        }
        writer.append(ascii: "]")
        if showsResults {
            writer.append(key: "votes", of: tally.votes.reduce(0, +))
            writer.append(key: "voters", of: tally.voters)
        }
        writer.append(ascii: isMultiple ? ",\"multiple\":true" : ",\"multiple\":false")
        writer.append(key: "closes_at", time: closesAt)
        writer.append(ascii: isClosed ? ",\"closed\":true" : ",\"closed\":false")
        writer.append(key: "version", of: version)
        if !voted.isEmpty {
            writer.append(ascii: ",\"voted\":[")
            for (index, number) in voted.enumerated() {
                if index > 0 { writer.append(ascii: ",") }
                writer.append(decimal: Int64(number))
            }
            writer.append(ascii: "]")
        }
        writer.append(ascii: "}")
    }
}

extension PollView {
    public static let component = Component(
        "Poll",
        .object([
            .always("id", Component.id.reference), .always("post_id", Component.id.reference),
            .always(
                "options",
                .array(
                    of: .object([
                        .always("text", .string(length: optionLength)), .sometimes("votes", .integer(from: 0)),
                    ]),
                    count: optionCount), "They never change. Without `votes`: the results are hidden from the caller."),
            .sometimes("votes", .integer(from: 0), "For all options."), .sometimes("voters", .integer(from: 0)),
            .always("multiple", .boolean, "May one vote for several options?"),
            .always("closes_at", Component.time.reference), .always("closed", .boolean),
            .always("version", .integer(from: 0), "The larger one is the newer one; 0 while the results are hidden."),
            .sometimes(
                "voted", .array(of: .integer(0...optionCount.upperBound - 1), count: 1...optionCount.upperBound),
                "What the caller has voted for, counted from 0."),
        ]), writing: example.append)

    public static let example = PollView(
        id: ID(raw: 14_173_395_402_049), post: ID(raw: 14_173_395_402_048), options: ["Tea", "Coffee"],
        isMultiple: false, results: .always, closesAt: 1_767_658_041_289, isClosed: false,
        tally: Tally(votes: [2, 1], voters: 3, changes: 3), voted: [0], isOwn: false)
}
