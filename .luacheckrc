-- Lua as Redis runs it, for `luacheck` (scripts/test). A script runs behind the files that its line "-- Needs:" names, as
-- one text: what these define on their outermost level are its globals here.
std = "lua51"
max_line_length = 120
read_globals = {"redis", "struct", "KEYS", "ARGV"}
-- Redis has none of these.
not_globals = {"dofile", "loadfile", "module", "package", "print", "require", "io", "os"}

local folder = "Sources/Domains/Feed/Timelines/Lua/"

local function text(name)
    local file = assert(io.open(folder .. name .. ".lua"))
    local all = file:read("*a")
    file:close()
    return all
end

local function defined(name)
    local names = {}
    for line in text(name):gmatch("[^\n]+") do
        local list = line:match("^local function ([%w_]+)") or line:match("^local ([%w_, ]+) =") or ""
        for each in list:gmatch("[%w_]+") do names[#names + 1] = each end
    end
    return names
end

local listing = assert(io.popen("ls " .. folder))
for file in listing:lines() do
    local name = file:match("^(.*)%.lua$")
    local given, unused = {}, {}
    for needed in (text(name):match("\n%-%- Needs: ([^\n]+)") or ""):gmatch("%w+") do
        for _, each in ipairs(defined(needed)) do given[#given + 1] = each end
    end
    -- What a shared file defines is for others.
    if text(name):find("Shared%.\n") or text(name):find("Shared: ") then
        for _, each in ipairs(defined(name)) do unused[#unused + 1] = "21[124]/" .. each end
    end
    files[folder .. file] = {read_globals = given, ignore = unused}
end
listing:close()
