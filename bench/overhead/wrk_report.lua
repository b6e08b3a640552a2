-- One line that a program can read: requests, microseconds, p50 and p99 in microseconds, answers that were no 2xx or 3xx,
-- and connections that failed.
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %.1f %.1f %d %d\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
