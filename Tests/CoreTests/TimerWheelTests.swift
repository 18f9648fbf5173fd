import Testing

@testable import Core

private final class Element: Timed {
    var timerPlace = TimerPlace()
    let name: String
    init(_ name: String) { self.name = name }
    func look(now: UInt64) -> UInt64? { nil }
}

/// A wheel that expectations may change.
private final class Wheel {
    private var value: TimerWheel

    init(resolution: UInt64 = 10, now: UInt64 = 0) { value = TimerWheel(resolution: resolution, now: now) }

    var count: Int { value.count }
    func set(_ element: Element, at time: UInt64) { value.set(element, at: time) }
    func set(_ element: Element, noLaterThan time: UInt64) { value.set(element, noLaterThan: time) }
    func remove(_ element: Element) { value.remove(element) }
    func due(_ now: UInt64) -> [String] { value.takeDue(now: now).map { ($0 as! Element).name }.sorted() }
}

@Suite struct TimerWheelTests {
    @Test func eachIsTakenWhenItsTimeHasComeAndNotBefore() {
        let wheel = Wheel()
        let (a, b) = (Element("a"), Element("b"))
        wheel.set(a, at: 100)
        wheel.set(b, at: 101)
        #expect(wheel.count == 2)
        #expect(wheel.due(99) == [])
        #expect(wheel.due(100) == ["a"])
        #expect(wheel.due(109) == [])
        #expect(wheel.due(110) == ["b"])
        #expect(wheel.count == 0)
        #expect(wheel.due(100_000) == [])
    }

    @Test func whatIsDueAlreadyIsTakenNext() {
        let wheel = Wheel(now: 1000)
        let a = Element("a")
        wheel.set(a, at: 3)
        #expect(wheel.due(1009) == [])
        #expect(wheel.due(1010) == ["a"])
    }

    @Test func timesBeyondARoundOfTheWheel() {
        let wheel = Wheel()
        let (near, far) = (Element("near"), Element("far"))
        wheel.set(near, at: 50)
        wheel.set(far, at: 50 + 2560)
        #expect(wheel.due(50) == ["near"])
        #expect(wheel.due(2600) == [])
        #expect(wheel.due(2610) == ["far"])
    }

    @Test func aPauseLongerThanARound() {
        let wheel = Wheel()
        let all = (0..<500).map { Element("\($0)") }
        for (index, element) in all.enumerated() { wheel.set(element, at: UInt64(index) * 10) }
        #expect(wheel.due(1_000_000).count == 500)
        #expect(wheel.count == 0)
    }

    @Test func moving() {
        let wheel = Wheel()
        let (a, b) = (Element("a"), Element("b"))
        wheel.set(a, at: 100)
        wheel.set(b, at: 100)
        wheel.set(a, at: 200)
        #expect(wheel.count == 2)
        #expect(wheel.due(100) == ["b"])
        // Of the same slot, a round later.
        wheel.set(a, at: 200 + 2560)
        #expect(wheel.due(200) == [])
        #expect(wheel.due(2760) == ["a"])
        #expect(wheel.count == 0)
    }

    @Test func noLaterThan() {
        let wheel = Wheel()
        let a = Element("a")
        wheel.set(a, noLaterThan: 100)
        wheel.set(a, noLaterThan: 500)
        #expect(wheel.due(100) == ["a"])
        wheel.set(a, noLaterThan: 500)
        wheel.set(a, noLaterThan: 300)
        #expect(wheel.due(300) == ["a"])
        #expect(wheel.due(500) == [])
    }

    @Test func removing() {
        let wheel = Wheel()
        let (a, b, c) = (Element("a"), Element("b"), Element("c"))
        for element in [a, b, c] { wheel.set(element, at: 100) }
        wheel.remove(a)
        wheel.remove(a)
        #expect(wheel.count == 2)
        wheel.remove(c)
        #expect(wheel.due(100) == ["b"])
        // It has been taken out.
        wheel.remove(b)
        #expect(wheel.count == 0)
        wheel.set(b, at: 200)
        #expect(wheel.due(200) == ["b"])
    }

    @Test func anElementThatGoesIsHeldByNobody() {
        let wheel = Wheel()
        weak var seen: Element?
        do {
            let a = Element("a")
            seen = a
            wheel.set(a, at: 100)
            wheel.remove(a)
        }
        #expect(seen == nil)
    }

    /// Against a list that is searched: a thousand elements that are put in, moved and taken out.
    @Test func likeAList() {
        var random = SystemRandomNumberGenerator()
        let elements = (0..<1000).map { Element("\($0)") }
        let wheel = Wheel(resolution: 7, now: 1000)
        var times: [String: UInt64] = [:]
        var now: UInt64 = 1000
        for _ in 0..<20_000 {
            let element = elements.randomElement(using: &random)!
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                let time = now + .random(in: 0...5000, using: &random)
                wheel.set(element, at: time)
                times[element.name] = time
            case 5..<7:
                wheel.remove(element)
                times[element.name] = nil
            default:
                let before = now / 7
                now += .random(in: 0...40, using: &random)
                let tick = now / 7
                guard tick > before else { continue }
                // What was due in the past when it was put in is taken with the next tick.
                let due = times.filter { ($0.value + 6) / 7 <= tick }.map(\.key)
                #expect(wheel.due(now) == due.sorted())
                for name in due { times[name] = nil }
            }
            #expect(wheel.count == times.count)
        }
    }
}
