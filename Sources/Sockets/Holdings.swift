/// What a connection holds of the budget. Most hold nothing, and have none of this.
final class Holdings {
    var incoming: HeldBytes?
    var reserved: HeldBytes?
    var outgoing: [HeldBytes] = []
    var backlog: [HeldBytes] = []

    var isEmpty: Bool { incoming == nil && reserved == nil && outgoing.isEmpty && backlog.isEmpty }
}
