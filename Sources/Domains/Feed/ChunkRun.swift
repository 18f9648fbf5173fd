import Core

/// Which chunks of a batch go to the same followers, and so together.
enum ChunkRun {
    /// Jobs of one slice that are at the same position, in their order. Those of an author's buckets never overtake each other:
    /// runs of them are in the order of the jobs.
    static func runs<Job>(_ jobs: [Job], at walk: (Job) -> ChunkWalk) -> [[Job]] {
        var runs: [[Job]] = []
        var last: [Place: Int] = [:]
        for job in jobs {
            let own = walk(job)
            let place = Place(author: own.chunk.author, buckets: own.chunk.buckets)
            if let index = last[place], let before = runs[index].first.map(walk), before.chunk.slice == own.chunk.slice,
                before.isTracked == own.isTracked, before.position == own.position
            {
                runs[index].append(job)
            } else {
                last[place] = runs.count
                runs.append([job])
            }
        }
        return runs
    }

    private struct Place: Hashable {
        let author: ID
        let buckets: Range<Int>
    }
}
