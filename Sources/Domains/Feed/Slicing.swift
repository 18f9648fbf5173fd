import Core

/// Into how many slices an author's followers are cut. A slice is a fixed range of buckets and stays the same from post
/// to post, so two posts of one author reach a follower through the same partition of the log, in order.
enum Slicing {
    /// - Parameter current: how many there are now. They grow at once and shrink late, so that an author at a limit
    ///   does not go to and fro.
    static func slices(followers: Int64, current: Int) -> Int {
        let wanted = ideal(followers)
        return wanted < current && ideal(followers * 2) >= current ? current : wanted
    }

    private static func ideal(_ followers: Int64) -> Int {
        switch followers {
        case ...2_000: 1
        case ...20_000: 4
        case ...200_000: 16
        default: 64
        }
    }

    /// Is the progress of an author's chunks written down? A small one is done in one go, and done again after a crash,
    /// which changes nothing. Well before an author is cut into slices it begins, so that nothing untracked is under way
    /// when the slices change.
    /// - Parameter followers: the author's, and those of the post's hashtags.
    static func isTracked(followers: Int64, slices: Int) -> Bool {
        slices > 1 || followers > fewFollowers
    }

    static let fewFollowers: Int64 = 1_000

    static func buckets(_ slice: Int, of slices: Int) -> Range<Int> {
        let width = Bucket.count / slices
        return slice * width..<(slice + 1) * width
    }
}
