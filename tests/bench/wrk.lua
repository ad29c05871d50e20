-- For wrk: the request of load.py, and a summary as a line of JSON. Environment: BODY, a file to post (GET without), and ACCEPT.
local file = os.getenv("BODY")
if file then
    local f = assert(io.open(file, "rb"))
    wrk.method, wrk.body = "POST", f:read("*a")
    wrk.headers["Content-Type"] = "application/json"
    f:close()
end
wrk.headers["Accept"] = os.getenv("ACCEPT") or "application/json"

function done(summary, latency)
    local e = summary.errors
    io.write(string.format('{"requests": %d, "seconds": %.3f, "bytes": %d, "errors": %d, "refused": %d, ' ..
        '"p50_ms": %.3f, "p99_ms": %.3f, "max_ms": %.3f}\n', summary.requests, summary.duration / 1e6, summary.bytes,
        e.connect + e.read + e.write + e.timeout, e.status,
        latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3))
end
