import Testing

@testable import Feed

/// One part of the rule by which live clients miss nothing, taken out of the scripts' text. Tests take out each and must
/// notice.
struct TimelineMutation: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let file: TimelineLua
    let old: String
    let new: String

    private init(_ description: String, _ file: TimelineLua, _ old: String, _ new: String) {
        testDescription = description
        self.file = file
        self.old = old
        self.new = new
    }

    /// The scripts without this part.
    /// - Throws: `TimelinesTestBroken` where the text is not there exactly once: then nothing would be taken out.
    func scripts() throws -> TimelineScripts {
        guard file.text.ranges(of: old).count == 1 else {
            throw TimelinesTestBroken(description: "\(file.rawValue).lua does not have once: \(old)")
        }
        return TimelineScripts { $0 == file ? $0.text.replacing(old, with: new) : $0.text }
    }

    /// Of the rules of channels.
    static let channels = [
        TimelineMutation(
            "an event that comes again is told again", .tell,
            "if last[source] and offset <= last[source] and (not time or time <= newest + 60000) then", "if false then"),
        TimelineMutation(
            "what is cut from a log does not raise its horizon", .tell,
            "horizon = read('>I7', oldest)", ""),
        TimelineMutation(
            "what happens to a channel that was left a moment ago is not kept", .heard,
            "logs .. ARGV[index], states", "states"),
        TimelineMutation(
            "a recovery leaves out the first event", .recover,
            "for index = #chunk, 1, -1 do", "for index = #chunk, 2, -1 do"),
        TimelineMutation(
            "a registration that was there already replaces the others", .listen,
            "pack('>I7', time) .. nodes .. (was_heard and '' or node)", "pack('>I7', time) .. node"),
        TimelineMutation(
            "a node that leaves takes the others with it", .channel,
            "string.sub(entry, 1, 7) .. rest", "string.sub(entry, 1, 7)"),
        TimelineMutation(
            "a registration that was missing leaves no gap", .listen,
            "leave_gap(node)", "local _"),
        TimelineMutation(
            "a reset goes on from a clock that was lost", .recover, "result[2] = tick()", ""),
    ]

    static let all = [
        TimelineMutation(
            "a registration that was missing leaves no gap", .register,
            "leave_gap(ARGV[2])", "local _"),
        TimelineMutation(
            "a late post or a delete is not noted in `disordered`", .deliver,
            "local function note(user) call('HSET', disordered, user, decimal(position)) end",
            "local function note() end"),
        TimelineMutation(
            "a backfill or a rebuild is not noted", .merge,
            "call('HSET', disordered, user, decimal(position))\n", ""),
        TimelineMutation(
            "a post that is in the list already is published again", .deliver,
            "if flags ~= UNTOLD or not is_told then return false end", "if flags ~= UNTOLD then return true end"),
        TimelineMutation(
            "trimming does not raise the marker's position", .deliver,
            "horizon = math.max(horizon, changed)", ""),
        TimelineMutation(
            "a rebuild leaves the marker's position at zero", .merge,
            "horizon, flags = position, MARKER", "horizon, flags = 0, MARKER"),
        TimelineMutation(
            "a rebuild does not tell the nodes that hold the user", .merge,
            "if is_rebuild then reset(user, position, epoch(ARGV[5])) end", ""),
        TimelineMutation(
            "a post that a follow brought in is not told when its delivery comes", .deliver,
            "if flags ~= UNTOLD or not is_told then return false end", "if true then return false end"),
        TimelineMutation(
            "a delete does not leave a tombstone in a list that is being built", .deliver,
            "if is_building(flags) then", "if false then"),
        TimelineMutation(
            "a builder that was overtaken may still end the rebuild", .merge,
            " or call('GET', build) ~= ARGV[2]", ""),
        TimelineMutation(
            "a merge brings back posts of authors who were unfollowed while it was prepared", .merge,
            "call('SISMEMBER', severances .. name, user) == 1", "false"),
        TimelineMutation(
            "a post in flight lands after its author was unfollowed", .deliver,
            "severed[index - 9] == 1 and user ~= ARGV[3]", "false"),
        TimelineMutation(
            "a post from below what the list is complete from is inserted", .deliver,
            "if post < from then", "if false then"),
    ]
}
