/// Something that wants to be looked at when its time has come.
public protocol Timed: AnyObject {
    /// The wheel's own note. It starts as it is made, and nobody else changes it.
    var timerPlace: TimerPlace { get set }

    /// Its time has come.
    /// - Parameter now: by the wheel's clock.
    /// - Returns: when it wants to be looked at next; `nil`: not again.
    func look(now: UInt64) -> UInt64?
}

/// Where in a wheel an element is. One element is in one wheel at most.
public struct TimerPlace: Sendable {
    fileprivate var slot: Int32 = -1
    fileprivate var index: Int32 = 0

    public init() {}
}

/// Who is to be looked at when, for thousands of connections with a time each: putting one in, moving it and taking it out
/// take constant time, and so does time that passes while nothing is due. (Varghese and Lauck's "hashed timing wheel".) It
/// keeps no clock: any unit will do, as long as the times never step back.
public struct TimerWheel {
    private struct Entry {
        let element: any Timed
        /// In ticks.
        var due: UInt64
    }

    private static let slotCount = 256
    private let resolution: UInt64
    private var slots: [[Entry]]
    /// What was due at this tick has been taken out, or is about to be put in for the next one.
    private var tick: UInt64
    public private(set) var count = 0

    /// - Parameters:
    ///   - resolution: nobody is looked at before the time, and everybody by so much later, if `takeDue` is called as
    ///     often. Times further away than 256 of these cost a little each time that so many have passed.
    ///   - now: where it starts.
    public init(resolution: UInt64, now: UInt64) {
        self.resolution = resolution
        tick = now / resolution
        slots = Array(repeating: [], count: Self.slotCount)
    }

    /// Puts it in, or moves it. What is due already is taken with the next tick.
    public mutating func set(_ element: any Timed, at time: UInt64) {
        let due = max(tick + 1, time / resolution + (time % resolution == 0 ? 0 : 1))
        let slot = Int32(due % UInt64(Self.slotCount))
        let place = element.timerPlace
        if place.slot == slot {
            slots[Int(slot)][Int(place.index)].due = due
            return
        }
        remove(element)
        insert(Entry(element: element, due: due), slot)
        count += 1
    }

    /// As `set`, unless it is looked at by then anyway. For a time that moves often: who is looked at early says when it
    /// wants to be, and most moves cost nothing.
    public mutating func set(_ element: any Timed, noLaterThan time: UInt64) {
        let place = element.timerPlace
        if place.slot >= 0, slots[Int(place.slot)][Int(place.index)].due * resolution <= time { return }
        set(element, at: time)
    }

    /// Nothing, where it is not in.
    public mutating func remove(_ element: any Timed) {
        let place = element.timerPlace
        guard place.slot >= 0 else { return }
        element.timerPlace.slot = -1
        count -= 1
        let last = slots[Int(place.slot)].removeLast()
        if last.element !== element {
            slots[Int(place.slot)][Int(place.index)] = last
            last.element.timerPlace.index = place.index
        }
        if slots[Int(place.slot)].isEmpty { slots[Int(place.slot)] = [] }
    }

    /// Takes out those whose time has come. Call `look` of each, when the wheel can be changed again, and put it back
    /// for the time that it says.
    public mutating func takeDue(now: UInt64) -> [any Timed] {
        let last = now / resolution
        guard last > tick else { return [] }
        var due: [any Timed] = []
        // After a long pause a slot may hold what was due at several times; each is looked at once.
        for passed in (max(tick, last - min(last, UInt64(Self.slotCount))) + 1)...last {
            take(Int32(passed % UInt64(Self.slotCount)), until: last, &due)
        }
        tick = last
        count -= due.count
        return due
    }

    private mutating func take(_ slot: Int32, until last: UInt64, _ due: inout [any Timed]) {
        let all = slots[Int(slot)]
        guard !all.isEmpty else { return }
        slots[Int(slot)] = []
        for entry in all {
            if entry.due <= last {
                entry.element.timerPlace.slot = -1
                due.append(entry.element)
            } else {
                insert(entry, slot)
            }
        }
    }

    private mutating func insert(_ entry: Entry, _ slot: Int32) {
        entry.element.timerPlace.slot = slot
        entry.element.timerPlace.index = Int32(slots[Int(slot)].count)
        slots[Int(slot)].append(entry)
    }
}

@available(*, unavailable)
extension TimerWheel: Sendable {}
