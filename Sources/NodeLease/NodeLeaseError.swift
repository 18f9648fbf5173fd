/// Why there is no node number to be had.
public enum NodeLeaseError: Error, Equatable, CustomStringConvertible {
    /// - Parameter count: how many there are.
    case allTaken(Int)
    /// All numbers that are free were used up to a time that is still to come.
    case clockIsBehind(milliseconds: Int64)
    /// Others took, at each attempt, the one that was chosen.
    case contended

    public var description: String {
        switch self {
        case .allTaken(let count):
            "all \(count) node numbers for ids are leased (table id_nodes in PostgreSQL): one that belonged to a process "
                + "that was killed is free again after \(LeaseRule.silence / 1000) s; or end processes that make ids, or "
                + "set MARTLET_NODE to a number from \(NodeNumbers.settable.lowerBound) to "
                + "\(NodeNumbers.settable.upperBound) that no other process has"
        case .clockIsBehind(let milliseconds):
            "this machine's clock is \((milliseconds + 999) / 1000) s behind the ids that were made already (table id_nodes in "
                + "PostgreSQL): set the clock"
        case .contended: "node numbers for ids are taken by others faster than by this process: try again"
        }
    }
}
