import Core
import Testing

@testable import Feed

@Suite struct SlicingTests {
    @Test(arguments: [1, 4, 16, 64])
    func slicesCoverAllBucketsOnce(_ slices: Int) {
        let buckets = (0..<slices).flatMap { Array(Slicing.buckets($0, of: slices)) }
        #expect(buckets == Array(0..<Bucket.count))
    }

    @Test func growAtOnceAndShrinkLate() {
        #expect(Slicing.slices(followers: 0, current: 1) == 1)
        #expect(Slicing.slices(followers: 2_001, current: 1) == 4)
        #expect(Slicing.slices(followers: 1_999, current: 4) == 4)
        #expect(Slicing.slices(followers: 900, current: 4) == 1)
        #expect(Slicing.slices(followers: 5_000_000, current: 16) == 64)
    }

    /// Before an author is cut into slices nothing untracked may be under way: it begins at half of the limit.
    @Test func progressIsWrittenDownInTime() {
        #expect(!Slicing.isTracked(followers: 1_000, slices: 1))
        #expect(Slicing.isTracked(followers: 1_001, slices: 1))
        #expect(Slicing.isTracked(followers: 0, slices: 4))
    }
}
