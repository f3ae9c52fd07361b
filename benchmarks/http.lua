-- wrk script: sends each line of a file once, then stops.
--   wrk … -s http.lua URL -- FILE
-- wrk itself waits for the end of its time, so the script keeps the time of its answers.

local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long seconds; long nanoseconds; } moment;
  int clock_gettime(int clock, moment *at);
]]
local MONOTONIC = 1
local at_now = ffi.new("moment")

local function now()
  ffi.C.clock_gettime(MONOTONIC, at_now)
  return tonumber(at_now.seconds) + tonumber(at_now.nanoseconds) / 1e9
end

local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
end

function init(args)
  bodies = {}
  for line in io.lines(args[1]) do
    bodies[#bodies + 1] = wrk.format("POST", nil, { ["Content-Type"] = "application/json" }, line)
  end
  sent, answered, began, ended = 0, 0, 0, 0
end

function request()
  if sent == 0 then
    began = now()
  end
  if sent == #bodies then
    wrk.thread:stop()
    return wrk.format("GET", "/healthz", {}, "")
  end
  sent = sent + 1
  return bodies[sent]
end

function response()
  answered = answered + 1
  ended = now()
end

function done(summary, latency)
  local requests, seconds = 0, 0
  for _, thread in ipairs(threads) do
    requests = requests + thread:get("answered")
    seconds = math.max(seconds, thread:get("ended") - thread:get("began"))
  end
  local e = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %.6f, "p50": %.3f, "p99": %.3f, "errors": %d}\n',
    requests, seconds, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    e.connect + e.read + e.write + e.status + e.timeout))
end
