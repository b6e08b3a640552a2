#pragma once

namespace vitals::metrics::detail {

/// Says on stderr when this process has more than one copy of the library, as a program and a plugin
/// that each link the archive: what is counted in the default registry of one is on no page of the
/// other. Threads: any, outside of constructors that the loader runs. Cost: a look at every object
/// that is loaded.
void tell_of_other_copies() noexcept;

}  // namespace vitals::metrics::detail
