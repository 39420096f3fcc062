#include "tests/sim/kit/nemesis.h"

#include <utility>

namespace ottla::sim {

namespace {

constexpr Micros kTick{100'000};
constexpr double kTicksPerSecond = 10;
constexpr std::int64_t kSecond = 1'000'000;
constexpr Micros kQuiet{10 * kSecond};  // longer than a session lives without being heard

}  // namespace

Nemesis::Nemesis(SimWorld& world, FaultTarget& target, const FaultRates& rates)
    : world_(world), target_(target), rates_(rates), random_(world.scheduler().random().Fork()) {}

Nemesis::~Nemesis() { world_.scheduler().Cancel(tick_); }

void Nemesis::Start() {
  running_ = true;
  world_.zk().faults().lost_before = world_.zk().faults().lost_after = rates_.zk_lost / 2;
  world_.net().faults().reset = rates_.net_reset;
  world_.net().faults().slow = rates_.net_slow;
  for (int i = 0; i < target_.brokers(); ++i) {
    world_.node(i).files().faults().try_read_unavailable = rates_.try_read_unavailable;
  }
  tick_ = world_.scheduler().After(kTick, [this] { Tick(); });
}

bool Nemesis::Wanted(double per_second, const char* name) {
  if (!random_.Chance(per_second * rates_.rough / kTicksPerSecond)) return false;
  world_.scheduler().Trace(TraceKind::kFault, kDriver, HashBytes(name));
  return true;
}

bool Nemesis::Roll(double per_second, const char* name) {
  if (!Wanted(per_second, name)) return false;
  ++fired_[name];
  return true;
}

int Nemesis::AnyBroker() { return static_cast<int>(random_.Below(static_cast<std::uint64_t>(target_.brokers()))); }

bool Nemesis::UndisturbedFor(int broker, Micros time) const {
  const auto found = disturbed_.find(broker);
  return target_.Alive(broker) && (found == disturbed_.end() || world_.now() - found->second > time);
}

void Nemesis::For(Micros low, Micros high, Task undo) {
  const Micros wait =
      low + Micros(static_cast<std::int64_t>(random_.Below(static_cast<std::uint64_t>((high - low).count()))));
  auto held = std::make_shared<Task>(std::move(undo));
  world_.scheduler().After(wait, [this, held, round = round_] {
    if (round == round_) (*held)();
  });
}

bool Nemesis::Quiet() const {
  for (int i = 0; i < target_.brokers(); ++i) {
    if (!UndisturbedFor(i, kQuiet)) return false;
  }
  return target_.AllInSync();
}

// acks=all promises that a record lives while one replica of the ISR keeps its power and is not taken for dead. So
// power fails only when every replica is there and in sync, and until the machine has caught up nobody else dies, nor
// loses its session. With `overlap` it fails whenever it likes; then the IntactTracker says what is still promised.
void Nemesis::TickPower() {
  if (rates_.overlap) {
    const int victim = AnyBroker();
    if (target_.Alive(victim) && Roll(rates_.lose_power, "lose_power")) Kill(victim, true);
    // One storm or one careless electrician: several at once.
    if (Roll(rates_.lose_power_many, "lose_power_many")) {
      for (int i = 0; i < target_.brokers(); ++i) {
        if (target_.Alive(i) && random_.Chance(0.7)) Kill(i, true);
      }
    }
    return;
  }
  if (power_ == Power::kFine) {
    want_sync_ = Wanted(rates_.break_sync, "break_sync");
    if (want_sync_ || Wanted(rates_.lose_power, "lose_power")) power_ = Power::kWanted;
  }
  if (power_ == Power::kWanted && Quiet()) {
    power_ = Power::kRecovering;
    ++fired_[want_sync_ ? "break_sync" : "lose_power"];
    if (want_sync_) {
      BreakSync(AnyBroker());
    } else {
      Kill(AnyBroker(), true);
    }
    return;
  }
  if (power_ != Power::kRecovering || sync_victim_ >= 0) return;
  bool all_alive = true;
  for (int i = 0; i < target_.brokers(); ++i) all_alive = all_alive && target_.Alive(i);
  if (all_alive && target_.AllInSync()) power_ = Power::kFine;
}

void Nemesis::Tick() {
  if (!running_) return;
  tick_ = world_.scheduler().After(kTick, [this] { Tick(); });
  for (int i = 0; i < target_.brokers(); ++i) {
    if (!target_.Alive(i) || world_.node(i).paused()) Disturb(i);
  }
  TickPower();
  if (power_ == Power::kFine) TickDeadly();
  if (power_ != Power::kWanted) TickHarmless();
}

// What may make a broker look dead, or a replica leave its ISR.
void Nemesis::TickDeadly() {
  const int victim = AnyBroker();
  if (target_.Alive(victim) && Roll(rates_.kill, "kill")) Kill(victim, false);
  if (Roll(rates_.pause, "pause")) Pause();
  if (Roll(rates_.stop, "stop")) Stop();
  if (Roll(rates_.cut_zookeeper, "cut_zookeeper")) CutBetween(AnyBroker(), world_.zk().self());
  if (Roll(rates_.zookeeper_down, "zookeeper_down")) StopZooKeeper();
  if (Roll(rates_.expire_session, "expire_session")) world_.zk().ExpireSessions(AnyBroker());
  if (target_.controller() >= 0 && Roll(rates_.expire_controller, "expire_controller")) {
    world_.zk().ExpireAtNextWrite(target_.controller());
  }
  if (Roll(rates_.break_disk, "break_disk")) BreakDisk();
  if (Roll(rates_.fill_disk, "fill_disk")) FillDisk();
}

void Nemesis::TickHarmless() {
  if (Roll(rates_.cut_link, "cut_link")) CutBetween(AnyBroker(), AnyBroker());
  if (Roll(rates_.slow_link, "slow_link")) SlowBetween(AnyBroker(), AnyBroker());
  const int clients = static_cast<int>(world_.nodes()) - target_.brokers();
  if (clients > 0 && Roll(rates_.cut_client, "cut_client")) {
    CutBetween(AnyBroker(), target_.brokers() + static_cast<int>(random_.Below(static_cast<std::uint64_t>(clients))));
  }
  if (Roll(rates_.slow_disk, "slow_disk")) SlowDisk();
  if (Roll(rates_.drop_zk_connection, "drop_zk_connection")) world_.zk().DropConnections(AnyBroker());
  if (Roll(rates_.skew_clock, "skew_clock")) {
    world_.node(AnyBroker()).clock().SetSkew(Millis(static_cast<std::int64_t>(random_.Below(20'000)) - 10'000));
  }
}

void Nemesis::RestartLater(int victim) {
  For(Micros(kSecond / 10), Micros(20 * kSecond), [this, victim] {
    if (!target_.Alive(victim)) target_.Restart(victim);
  });
}

void Nemesis::Kill(int victim, bool power) {
  Disturb(victim);
  if (power) {
    target_.LosePower(victim);
  } else {
    target_.Kill(victim);
  }
  RestartLater(victim);
}

// As an administrator restarts brokers; one that does not end in time is killed.
void Nemesis::Stop() {
  const int victim = AnyBroker();
  if (!target_.Alive(victim) || world_.node(victim).paused()) return;
  Disturb(victim);
  target_.BeginStop(victim);
  For(Micros(5 * kSecond), Micros(30 * kSecond), [this, victim] {
    if (target_.Alive(victim)) target_.Kill(victim);
    Disturb(victim);
    target_.Restart(victim);
  });
}

void Nemesis::Pause() {
  const int victim = AnyBroker();
  Disturb(victim);
  world_.node(victim).SetPaused(true);
  For(Micros(kSecond / 5), Micros(15 * kSecond), [this, victim] {
    Disturb(victim);
    world_.node(victim).SetPaused(false);
  });
}

void Nemesis::CutBetween(int a, int b) {
  if (a == b) return;
  Disturb(a);
  Disturb(b);
  const std::uint64_t way = random_.Below(3);  // one, the other, both
  if (way != 1) world_.net().Cut(a, b);
  if (way != 0) world_.net().Cut(b, a);
  ++fired_[way == 2 ? "cut_both_ways" : "cut_one_way"];
  For(Micros(kSecond / 5), Micros(15 * kSecond), [this, a, b] {
    Disturb(a);
    Disturb(b);
    world_.net().Heal(a, b);
    world_.net().Heal(b, a);
  });
}

void Nemesis::SlowBetween(int a, int b) {
  if (a == b) return;
  const Micros most = Millis(static_cast<std::int64_t>(1 + random_.Below(500)));
  const bool both = random_.Chance(0.5);
  world_.net().SetSlow(a, b, most);
  if (both) world_.net().SetSlow(b, a, most);
  Disturb(a);
  Disturb(b);
  For(Micros(kSecond), Micros(20 * kSecond), [this, a, b] {
    Disturb(a);
    Disturb(b);
    world_.net().SetSlow(a, b, Micros(0));
    world_.net().SetSlow(b, a, Micros(0));
  });
}

void Nemesis::StopZooKeeper() {
  for (int i = 0; i < target_.brokers(); ++i) Disturb(i);
  world_.zk().SetDown(true);
  For(Micros(kSecond / 10), Micros(12 * kSecond), [this] {
    for (int i = 0; i < target_.brokers(); ++i) Disturb(i);
    world_.zk().SetDown(false);
  });
}

void Nemesis::SlowDisk() {
  const int victim = AnyBroker();
  if (!target_.Alive(victim)) return;
  Disturb(victim);
  SimExecutors* const executors = &world_.node(victim).executors();
  const std::size_t disk = random_.Below(executors->disks());
  executors->disk(disk).SetDelay(Millis(1), Millis(static_cast<std::int64_t>(2 + random_.Below(300))));
  For(Micros(kSecond), Micros(10 * kSecond), [this, victim, disk, executors] {
    if (!target_.Alive(victim) || &world_.node(victim).executors() != executors) return;
    Disturb(victim);
    executors->disk(disk).SetDelay(Micros(0), Micros(0));
  });
}

// A log dir gives errors for a while: every time, or now and then. The process goes on with it offline, or ends when it
// has no other; the page cache keeps what was written.
void Nemesis::BreakDisk() {
  const int victim = AnyBroker();
  if (!target_.Alive(victim) || !FaultsOf(victim).under.empty()) return;
  Disturb(victim);
  FileFaults& faults = FaultsOf(victim);
  faults.under = target_.LogDir(victim, random_.Below(world_.node(victim).executors().disks()));
  const double chance = random_.Chance(0.5) ? 1 : 0.1;
  const std::uint64_t kind = random_.Below(5);
  if (kind == 0 || kind == 4) faults.write_error = chance;
  if (kind == 1) faults.short_write = chance;
  if (kind == 2 || kind == 4) faults.name_error = chance;
  if (kind == 3 || kind == 4) faults.read_error = chance;
  For(Micros(kSecond / 10), Micros(6 * kSecond), [this, victim] { RepairDisk(victim); });
}

void Nemesis::FillDisk() {
  const int victim = AnyBroker();
  if (!target_.Alive(victim) || !FaultsOf(victim).under.empty()) return;
  Disturb(victim);
  FaultsOf(victim).under = target_.LogDir(victim, random_.Below(world_.node(victim).executors().disks()));
  FaultsOf(victim).full = true;
  For(Micros(kSecond / 10), Micros(8 * kSecond), [this, victim] { RepairDisk(victim); });
}

void Nemesis::RepairDisk(int broker) {
  FileFaults& faults = FaultsOf(broker);
  faults.under.clear();
  faults.full = false;
  faults.write_error = faults.short_write = faults.name_error = faults.read_error = faults.sync_error = 0;
  Disturb(broker);
  // Somebody reads the broker's log and starts it anew.
  For(Micros(kSecond), Micros(10 * kSecond), [this, broker] {
    Disturb(broker);
    if (!target_.Alive(broker) || !target_.HasFailedDir(broker)) return;
    ++fired_["restart_for_disk"];
    target_.Kill(broker);
    target_.Restart(broker);
  });
}

// A disk fails to write back, once or for a while. The kernel reports it to one fsync and forgets the pages: later ones
// succeed and save nothing of them, as the next power cut shows. Who believes a later fsync loses records.
void Nemesis::BreakSync(int victim) {
  Disturb(victim);
  sync_victim_ = victim;
  FaultsOf(victim).under = target_.LogDir(victim, random_.Below(world_.node(victim).executors().disks()));
  FaultsOf(victim).sync_error = random_.Chance(0.5) ? 1 : 0.2;
  For(Micros(kSecond), Micros(8 * kSecond), [this, victim] {
    FaultsOf(victim).under.clear();
    FaultsOf(victim).sync_error = 0;
    Disturb(victim);
    For(Micros(kSecond), Micros(15 * kSecond), [this, victim] {
      sync_victim_ = -1;
      Kill(victim, true);
    });
  });
}

void Nemesis::HealAll() {
  running_ = false;
  ++round_;
  if (sync_victim_ >= 0) target_.LosePower(std::exchange(sync_victim_, -1));
  world_.net().HealAll();
  world_.zk().SetDown(false);
  world_.zk().ExpireAtNextWrite(kDriver);
  world_.zk().faults().lost_before = world_.zk().faults().lost_after = 0;
  world_.net().faults().reset = 0;
  world_.net().faults().slow = 0;
  for (int i = 0; i < target_.brokers(); ++i) {
    Disturb(i);  // until now, perhaps by a cut that began long ago
    world_.node(i).SetPaused(false);
    FileFaults& faults = FaultsOf(i);
    faults.try_read_unavailable = 0;
    faults.under.clear();
    faults.full = false;
    faults.write_error = faults.short_write = faults.name_error = faults.read_error = faults.sync_error = 0;
    if (target_.Alive(i) && (target_.HasFailedDir(i) || target_.Stopping(i))) target_.Kill(i);
    if (!target_.Alive(i)) {
      target_.Restart(i);
      continue;
    }
    for (std::size_t disk = 0; disk < world_.node(i).executors().disks(); ++disk) {
      world_.node(i).executors().disk(disk).SetDelay(Micros(0), Micros(0));
    }
  }
}

}  // namespace ottla::sim
