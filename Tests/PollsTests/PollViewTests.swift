import Core
import Posts
import TestSite
import Testing

/// Whose results are shown when.
struct PollViewTests {
    private func view(
        _ results: PollView.Results, closed: Bool = false, voted: [Int] = [], own: Bool = false
    ) -> PollView {
        PollView(
            id: ID(raw: 2), post: ID(raw: 1), options: ["a", "b"], isMultiple: true, results: results,
            closesAt: 1_800_000_000_000, isClosed: closed, tally: .init(votes: [3, 4], voters: 5, changes: 9),
            voted: voted, isOwn: own)
    }

    private func json(_ view: PollView) throws -> JSONValue {
        var writer = ByteWriter()
        view.append(to: &writer)
        return try JSONValue.parse(writer.bytes)
    }

    @Test func resultsAreShownByTheirRule() {
        for closed in [false, true] {
            for voted in [[], [1]] {
                for own in [false, true] {
                    func shows(_ results: PollView.Results) -> Bool {
                        view(results, closed: closed, voted: voted, own: own).showsResults
                    }
                    #expect(shows(.always))
                    #expect(shows(.afterVote) == (closed || own || voted == [1]))
                    #expect(shows(.afterClose) == closed)
                }
            }
        }
    }

    @Test func whatIsShownIsWhole() throws {
        let shown = try json(view(.always, voted: [0, 1]))
        #expect(
            shown.object?.keys == [
                "id", "post_id", "options", "votes", "voters", "multiple", "closes_at", "closed", "version", "voted",
            ])
        #expect(shown["options"] == [["text": "a", "votes": 3], ["text": "b", "votes": 4]])
        #expect(shown["votes"] == 7 && shown["voters"] == 5 && shown["version"] == 9 && shown["voted"] == [0, 1])
        #expect(
            shown["closes_at"] == "2027-01-15T08:00:00.000Z" && shown["closed"] == false && shown["multiple"] == true)
    }

    /// Nothing of it, nor how many have voted by the version.
    @Test func whatIsHiddenIsLeftOut() throws {
        let hidden = try json(view(.afterClose, voted: [1]))
        #expect(
            hidden.object?.keys == ["id", "post_id", "options", "multiple", "closes_at", "closed", "version", "voted"])
        #expect(hidden["options"] == [["text": "a"], ["text": "b"]] && hidden["version"] == 0)
    }

    @Test func theCloseIsAChange() {
        for results in PollView.Results.allCases {
            #expect(view(results, closed: true).version > view(results, voted: [0], own: true).version)
        }
    }
}
