/// Texts as ICU takes and gives them here: UTF-8, into room that the caller makes.
enum ICUText {
    /// - Parameter function: as in `shim.h`. How much longer a text may get: eighteen units for one, and a skeleton's more.
    /// - Returns: `nil` where it can't be made.
    static func call(
        _ text: String, _ function: (UnsafePointer<CChar>, Int32, UnsafeMutablePointer<CChar>, Int32) -> Int32
    ) -> String? {
        let bytes = text.utf8.map { CChar(bitPattern: $0) }
        var room = [CChar](repeating: 0, count: 64 * bytes.count + 64)
        let length = function(bytes, Int32(bytes.count), &room, Int32(room.count))
        guard length >= 0 else { return nil }
        return String(decoding: room.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
