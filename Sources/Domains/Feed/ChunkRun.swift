/// Which chunks of a batch go to the same followers, and so together.
enum ChunkRun {
    /// Jobs of one slice that are at the same position, in their order. Those of a slice never overtake each other: runs of it
    /// are in the order of the jobs.
    static func runs<Job>(_ jobs: [Job], at walk: (Job) -> ChunkWalk) -> [[Job]] {
        var runs: [[Job]] = []
        var last: [Chunk.Slice: Int] = [:]
        for job in jobs {
            let own = walk(job)
            if let index = last[own.chunk.slice], let before = runs[index].first.map(walk),
                before.isTracked == own.isTracked, before.position == own.position
            {
                runs[index].append(job)
            } else {
                last[own.chunk.slice] = runs.count
                runs.append([job])
            }
        }
        return runs
    }
}
