#pragma once

namespace health_agent::db {

/// Makes SQLite of this process find out that the disk is full before it writes into the memory
/// that it shares with other processes (the `-shm` file beside a database in WAL mode): it grows
/// that file without taking up the room on the disk, so where a block is smaller than a page
/// the first write into it would end the process by SIGBUS. With this the statement fails instead.
///
/// Registers itself as SQLite's way to files, around the one that was the default. Call it before
/// the first database is opened; further calls do nothing. Threads: any. Needs Linux 5.14
/// (MADV_POPULATE_WRITE); on an older one all is as it was.
void guard_shared_memory() noexcept;

}  // namespace health_agent::db
