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

struct FaultKind {
  const char* name;
  const char* what;
};

inline constexpr FaultKind kFaultKinds[] = {
    {"fault.kill", "a crash that keeps the page cache"},
    {"fault.lose_power", "a crash that keeps any subset of the unsynced pages"},
    {"fault.pause", "a process that stands still"},
    {"fault.stop", "an orderly stop"},
    {"fault.cut_link", "two brokers, in one way or both"},
    {"fault.cut_zookeeper", "a broker and ZooKeeper"},
    {"fault.cut_client", "a broker and the clients"},
    {"fault.cut_one_way", "of these cuts, in one way only"},
    {"fault.cut_both_ways", "of these cuts, in both"},
    {"fault.slow_link", "a link with far longer delays"},
    {"fault.zookeeper_down", "a ZooKeeper that serves nobody for a while"},
    {"fault.slow_disk", "a disk thread that takes up to 300 ms for each job"},
    {"fault.break_disk", "a disk whose calls fail"},
    {"fault.fill_disk", "a disk without room"},
    {"fault.restart_for_disk", "a restart after which a failed log dir is used again"},
    {"fault.break_sync", "a disk that loses writes it was asked to sync, then power"},
    {"fault.lose_power_many", "several machines at once, where overlapping losses are asked for"},
    {"fault.skew_clock", "a wall clock up to 10 s off"},
    {"fault.expire_session", "a ZooKeeper session ended by ZooKeeper"},
    {"fault.expire_controller", "the controller's session is to end in the middle of a write"},
    {"fault.drop_zk_connection", "a ZooKeeper connection lost, not the session"},
    {"file.lost_bytes", "lost power met a file with unsynced bytes"},
    {"file.lost_name_change", "lost power undid a rename, a creation or a removal"},
    {"file.read_error", "a read that fails"},
    {"file.write_error", "a write that fails and wrote nothing"},
    {"file.short_write", "a write that fails half way"},
    {"file.sync_error", "an fsync that fails"},
    {"file.truncate_error", "a file that cannot be cut"},
    {"file.name_error", "a file that cannot be opened, made, renamed or removed"},
    {"file.no_space", "a write that ends short for want of room"},
    {"file.try_read_unavailable", "bytes that are not in the page cache"},
    {"net.short_read", "part of what has come"},
    {"net.short_write", "part of what was to be sent"},
    {"net.short_send_file", "part of a file range that was to be sent"},
    {"net.stalled", "bytes that wait for a cut link"},
    {"net.broken", "a connection given up after a long cut"},
    {"net.keepalive", "a machine without power, of which a connection's other end learns"},
    {"net.silent", "of these, the other end hears nothing"},
    {"net.refused", "a machine that is up and has nobody listening"},
    {"net.connect_timeout", "no connection over a cut link"},
    {"net.reset", "a connection that ends by itself"},
    {"net.slow", "a delivery that takes far longer"},
    {"zk.expired", "a session that ZooKeeper gave up"},
    {"zk.expired_by_hand", "of these, by the nemesis"},
    {"zk.expired_at_write", "of these, in the middle of a write"},
    {"zk.keeper", "a session closed by the keeper of a dead broker"},
    {"zk.old_session_closed", "a session closed by the successor of a dead broker"},
    {"zk.connection_dropped", "a connection that was there when it was dropped"},
    {"zk.connection_timeout", "a connection that heard nothing for too long"},
    {"zk.lost_before", "a request that never arrived"},
    {"zk.lost_after", "a request that was carried out and not answered"},
};

// What is wrong with the counts summed over all runs; empty: every kind fired, and no count is a stranger.
std::vector<std::string> FaultProblems(const FaultCounts& fired);

// One line for each kind, `fault NAME COUNT`, also for those that did not fire.
void PrintFaults(const FaultCounts& fired, std::ostream& out);

}  // namespace ottla::sim
