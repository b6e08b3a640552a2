#pragma once

#pragma GCC visibility push(default)

namespace vitals::metrics {

class Registry;

/// Adds the standard metrics of the process: process_cpu_seconds_total, process_open_fds,
/// process_max_fds, process_virtual_memory_bytes, process_virtual_memory_max_bytes,
/// process_resident_memory_bytes, process_heap_bytes, process_start_time_seconds, process_threads.
/// One that the system does not tell, or that has no limit, is left out. default_registry() has
/// them already. Throws DefinitionError when the registry has them already.
/// Source: Prometheus, "Writing client libraries", process metrics.
void add_process_collector(Registry& registry);

}  // namespace vitals::metrics

#pragma GCC visibility pop
