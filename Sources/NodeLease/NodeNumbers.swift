/// Who may have which of the 64 node numbers in ids.
public enum NodeNumbers {
    /// By the setting: nobody else may have it, which the operator sees to. Processes of versions that don't lease have
    /// no other ones, as long as their operator has not chosen any above, so these are never leased.
    public static let settable = 0...15
    /// By a lease.
    public static let leased = 16...61
    /// Of the command `seed`.
    public static let seed = 62
    /// Of the operator's other commands.
    public static let tools = 63
}
