import Core
import DomainKit

/// What users get of their devices in an export: no addresses, tokens and secrets, which whoever gets hold of an archive could use.
enum DeviceFiles {
    static let all = [
        ExportedFile("devices", from: ["devices"]) { user, position, limit in
            """
            SELECT \(DeviceView.columns) FROM devices d WHERE d.user_id = \(user) AND d.id > \(position)
            ORDER BY d.id LIMIT \(limit)
            """
        } line: { row, writer in
            try DeviceView(row).append(to: &writer)
        }
    ]
}
