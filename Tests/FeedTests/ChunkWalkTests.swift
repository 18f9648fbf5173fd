import Core
import Posts
import Testing

@testable import Feed

@Suite struct ChunkWalkTests {
    private let author = ID(raw: 11)
    private let one = ID(raw: 1)
    private let two = ID(raw: 2)
    private let three = ID(raw: 3)

    private func chunk(_ buckets: Range<Int>, kind: PostEvent = .created) -> Chunk {
        Chunk(post: ID(raw: 5), author: author, kind: kind, buckets: buckets)
    }

    private func at(_ bucket: Int, _ follower: ID) -> ChunkPosition {
        ChunkPosition(bucket: bucket, follower: follower)
    }

    /// Chunks of one slice go together where they go on at the same place, and never overtake each other.
    @Test func whatGoesTogether() {
        func walk(_ post: Int64, of author: Int64 = 11, from position: ChunkPosition? = nil) -> ChunkWalk {
            let chunk = Chunk(post: ID(raw: post), author: ID(raw: author), kind: .created, buckets: 0..<256)
            return ChunkWalk(chunk, isTracked: true, from: position)
        }
        let late = at(7, two)
        let walks = [walk(1, from: late), walk(2, of: 12), walk(3), walk(4), walk(5, of: 12), walk(6, from: late)]
        let runs = ChunkRun.runs(walks, at: { $0 }).map { $0.map(\.chunk.post.raw) }
        #expect(runs == [[1], [2, 5], [3, 4], [6]])
    }

    /// A post with hashtags goes by itself, and nothing overtakes it.
    @Test func hashtagsGoByThemselves() {
        func walk(_ post: Int64, _ tags: [String] = []) -> ChunkWalk {
            ChunkWalk(
                Chunk(post: ID(raw: post), author: author, kind: .created, buckets: 0..<256, tags: tags),
                isTracked: false)
        }
        let walks = [walk(1), walk(2), walk(3, ["a"]), walk(3, ["a"]), walk(4, ["a"]), walk(5), walk(6)]
        let runs = ChunkRun.runs(walks, at: { $0 }).map { $0.map(\.chunk.post.raw) }
        #expect(runs == [[1, 2], [3, 3], [4], [5, 6]])
    }

    @Test func pageByPage() {
        var walk = ChunkWalk(chunk(0..<1024), isTracked: true)
        #expect(walk.position == at(0, .zero))
        let first = walk.next([at(0, one), at(7, two)], limit: 2)
        #expect(first.users == [one, two, author] && first.next == at(7, two) && first.isTracked)
        #expect(walk.position == at(7, two))
        // The author is in the first page only.
        let last = walk.next([at(9, three)], limit: 2)
        #expect(last.users == [three] && last.next == nil)
    }

    /// As many as were asked for: there may be more, and then there are none.
    @Test func aFullPageIsNotTheLast() {
        var walk = ChunkWalk(chunk(0..<1024), isTracked: true)
        #expect(walk.next([at(0, one)], limit: 1).next == at(0, one))
        let end = walk.next([], limit: 1)
        #expect(end.users.isEmpty && end.next == nil)
    }

    @Test func itGoesOnWhereItStopped() {
        var walk = ChunkWalk(chunk(0..<1024), isTracked: true, from: at(7, two))
        #expect(walk.next([at(9, three)], limit: 2).users == [three])
    }

    @Test func nobodyFollows() {
        var walk = ChunkWalk(chunk(0..<1024), isTracked: true)
        let page = walk.next([], limit: 2)
        #expect(page.users == [author] && page.next == nil)
        #expect(ChunkWalk(chunk(0..<1024), isTracked: false).whole([]).users == [author])
    }

    @Test func theAuthorIsInOneSlice() {
        let slices = (0..<4).map { chunk(Slicing.buckets($0, of: 4)) }
        let users = slices.map { ChunkWalk($0, isTracked: true).whole([one]).users }
        #expect(users.filter { $0 == [one, author] }.count == 1 && users.filter { $0 == [one] }.count == 3)
    }

    @Test func ofADeletedPostOnlyTheEndIsNews() {
        let created = ChunkWalk(chunk(0..<1024), isTracked: false)
        #expect(created.isNews(isVisible: true) && !created.isNews(isVisible: false))
        let deleted = ChunkWalk(chunk(0..<1024, kind: .deleted), isTracked: false)
        #expect(deleted.isNews(isVisible: false) && deleted.isNews(isVisible: true))
    }
}
