// Every kind of fault the simulation knows, by the name it is counted under, in one list. A kind that never fired over
// the fixed seeds is a hole that looks like a success; a count under a name that is not listed is a kind nobody
// watches. Both fail the seeds test. To add a kind: count it where it strikes, add its row here.
#pragma once

#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <vector>

namespace ottla::sim {

using FaultCounts = std::map<std::string, std::uint64_t>;

enum class Must {
  kFire,  // the fixed seeds meet it, or the test fails
  kMay    // follows from other faults, in some runs
};

struct FaultKind {
  const char* name;
  Must must;
  const char* what;
};

inline constexpr FaultKind kFaultKinds[] = {
    {"fault.kill", Must::kFire, "a crash that keeps the page cache"},
    {"fault.lose_power", Must::kFire, "a crash that keeps any subset of the unsynced pages"},
    {"fault.lose_power_wanted", Must::kMay, "rolled; struck when every replica is in sync"},
    {"fault.pause", Must::kFire, "a process that stands still"},
    {"fault.stop", Must::kFire, "an orderly stop"},
    {"fault.cut_link", Must::kFire, "two brokers, in one way or both"},
    {"fault.cut_zookeeper", Must::kFire, "a broker and ZooKeeper"},
    {"fault.cut_client", Must::kFire, "a broker and the clients"},
    {"fault.cut_one_way", Must::kFire, "of these cuts, in one way only"},
    {"fault.cut_both_ways", Must::kFire, "of these cuts, in both"},
    {"fault.slow_link", Must::kFire, "a link with far longer delays"},
    {"fault.zookeeper_down", Must::kFire, "a ZooKeeper that serves nobody for a while"},
    {"fault.slow_disk", Must::kFire, "a disk thread that takes up to 300 ms for each job"},
    {"fault.break_disk", Must::kFire, "a disk whose calls fail"},
    {"fault.fill_disk", Must::kFire, "a disk without room"},
    {"fault.restart_for_disk", Must::kMay, "a restart after which a failed log dir is used again"},
    {"fault.break_sync", Must::kFire, "a disk that loses writes it was asked to sync, then power"},
    {"fault.break_sync_wanted", Must::kMay, "rolled; struck when every replica is in sync"},
    {"fault.lose_power_many", Must::kMay, "several machines at once, where overlapping losses are asked for"},
    {"fault.skew_clock", Must::kFire, "a wall clock up to 10 s off"},
    {"fault.expire_session", Must::kFire, "a ZooKeeper session ended by ZooKeeper"},
    {"fault.expire_controller", Must::kFire, "the controller's session is to end in the middle of a write"},
    {"fault.drop_zk_connection", Must::kFire, "a ZooKeeper connection lost, not the session"},
    {"file.lost_bytes", Must::kFire, "lost power met a file with unsynced bytes"},
    {"file.lost_name_change", Must::kMay, "lost power undid a rename, a creation or a removal"},
    {"file.read_error", Must::kMay, "a read that fails"},
    {"file.write_error", Must::kFire, "a write that fails and wrote nothing"},
    {"file.short_write", Must::kMay, "a write that fails half way"},
    {"file.sync_error", Must::kMay, "an fsync that fails"},
    {"file.truncate_error", Must::kMay, "a file that cannot be cut"},
    {"file.name_error", Must::kMay, "a file that cannot be opened, made, renamed or removed"},
    {"file.no_space", Must::kFire, "a write that ends short for want of room"},
    {"file.try_read_unavailable", Must::kFire, "bytes that are not in the page cache"},
    {"net.short_read", Must::kFire, "part of what has come"},
    {"net.short_write", Must::kFire, "part of what was to be sent"},
    {"net.stalled", Must::kFire, "bytes that wait for a cut link"},
    {"net.broken", Must::kMay, "a connection given up after a long cut"},
    {"net.keepalive", Must::kMay, "of these, its other end learns of it"},
    {"net.silent", Must::kMay, "of these, its other end hears nothing"},
    {"net.refused", Must::kMay, "a machine that is up and has nobody listening"},
    {"net.connect_timeout", Must::kMay, "no connection over a cut link"},
    {"net.reset", Must::kFire, "a connection that ends by itself"},
    {"net.slow", Must::kFire, "a delivery that takes far longer"},
    {"zk.expired", Must::kFire, "a session that ZooKeeper gave up"},
    {"zk.expired_by_hand", Must::kFire, "of these, by the nemesis"},
    {"zk.expired_at_write", Must::kFire, "of these, in the middle of a write"},
    {"zk.keeper", Must::kMay, "a session closed by the keeper of a dead broker"},
    {"zk.old_session_closed", Must::kMay, "a session closed by the successor of a dead broker"},
    {"zk.connection_dropped", Must::kFire, "a connection that was there when it was dropped"},
    {"zk.connection_timeout", Must::kMay, "a connection that heard nothing for too long"},
    {"zk.lost_before", Must::kFire, "a request that never arrived"},
    {"zk.lost_after", Must::kFire, "a request that was carried out and not answered"},
};

// What is wrong with the counts summed over all runs; empty: every kind that must fire did, and no count is a stranger.
std::vector<std::string> FaultProblems(const FaultCounts& fired);

// One line for each kind, `fault NAME COUNT`, also for those that did not fire.
void PrintFaults(const FaultCounts& fired, std::ostream& out);

}  // namespace ottla::sim
