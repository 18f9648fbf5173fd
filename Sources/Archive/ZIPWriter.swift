import CArchive

/// Makes a ZIP archive from its beginning to its end, without ever going back in it: sizes and check sums follow the
/// contents, ZIP64 where it takes that. What has been made is taken away by `take`. For one thread.
public final class ZIPWriter {
    /// What libarchive has written.
    private final class Output {
        var bytes: [UInt8] = []
    }

    private let archive: OpaquePointer
    private let entry: OpaquePointer
    private let output = Output()
    private let modified: Int

    /// - Parameter modified: when its files were changed, in seconds since 1970.
    public init(modified: Int) {
        guard let archive = archive_write_new(), let entry = archive_entry_new() else {
            preconditionFailure("no memory")
        }
        (self.archive, self.entry, self.modified) = (archive, entry, modified)
        do {
            try check(archive_write_set_format_zip(archive))
            try check(archive_write_zip_set_compression_deflate(archive))
            // Nothing is gathered in blocks, nor the last one filled up.
            try check(archive_write_set_bytes_per_block(archive, 0))
            let context = Unmanaged.passUnretained(output).toOpaque()
            try check(
                archive_write_open(
                    archive, context, nil,
                    { _, context, bytes, count in
                        let output = Unmanaged<Output>.fromOpaque(context!).takeUnretainedValue()
                        output.bytes.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
                        return count
                    }, nil))
        } catch {
            preconditionFailure("\(error)")
        }
    }

    /// Begins the next file.
    /// - Parameter name: ASCII.
    public func begin(_ name: String) throws(ZIPError) {
        archive_entry_clear(entry)
        archive_entry_set_pathname(entry, name)
        archive_entry_set_filetype(entry, UInt32(S_IFREG))
        archive_entry_set_perm(entry, 0o644)
        archive_entry_set_mtime(entry, modified, 0)
        try check(archive_write_header(archive, entry))
    }

    /// Goes on with the file that was begun last.
    public func write(_ bytes: [UInt8]) throws(ZIPError) {
        guard !bytes.isEmpty else { return }
        guard archive_write_data(archive, bytes, bytes.count) == bytes.count else { throw failure() }
    }

    /// Nothing comes after it.
    public func finish() throws(ZIPError) { try check(archive_write_close(archive)) }

    /// How many bytes there are to take.
    public var count: Int { output.bytes.count }

    /// The next bytes of the archive, as many as there are, at most `most`.
    public func take(_ most: Int) -> [UInt8] {
        let taken = Array(output.bytes.prefix(most))
        output.bytes.removeFirst(taken.count)
        return taken
    }

    private func check(_ status: Int32) throws(ZIPError) {
        guard status == ARCHIVE_OK else { throw failure() }
    }

    private func failure() -> ZIPError {
        ZIPError(description: archive_error_string(archive).map { String(cString: $0) } ?? "libarchive failed")
    }

    deinit {
        archive_entry_free(entry)
        archive_write_free(archive)
    }
}

@available(*, unavailable)
extension ZIPWriter: Sendable {}

/// libarchive refused.
public struct ZIPError: Error, CustomStringConvertible {
    public let description: String
}
