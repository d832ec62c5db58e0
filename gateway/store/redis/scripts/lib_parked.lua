-- Parked reports are JSON, each in a line of its own; a reference is not.
local function parked(text) return string.sub(text, 1, 1) == '{' end

