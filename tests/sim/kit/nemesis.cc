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

bool Nemesis::Roll(double per_second, const char* name) {
  if (!random_.Chance(per_second / kTicksPerSecond)) return false;
  ++fired_[name];
  world_.scheduler().Trace(TraceKind::kFault, kDriver, HashBytes(name));
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
// loses its session.
void Nemesis::TickPower() {
  if (power_ == Power::kFine && Roll(rates_.lose_power, "lose_power_wanted")) power_ = Power::kWanted;
  if (power_ == Power::kWanted && Quiet()) {
    power_ = Power::kRecovering;
    ++fired_["lose_power"];
    Kill(AnyBroker(), true);
    return;
  }
  if (power_ != Power::kRecovering) return;
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
  if (power_ == Power::kFine) {
    const int victim = AnyBroker();
    if (target_.Alive(victim) && Roll(rates_.kill, "kill")) Kill(victim, false);
    if (Roll(rates_.pause, "pause")) Pause();
    if (Roll(rates_.cut_zookeeper, "cut_zookeeper")) CutBetween(AnyBroker(), world_.zk().self());
    if (Roll(rates_.expire_session, "expire_session")) world_.zk().ExpireSessions(AnyBroker());
  }
  if (power_ == Power::kWanted) return;
  if (Roll(rates_.cut_link, "cut_link")) CutBetween(AnyBroker(), AnyBroker());
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

void Nemesis::Kill(int victim, bool power) {
  Disturb(victim);
  if (power) {
    target_.LosePower(victim);
  } else {
    target_.Kill(victim);
  }
  For(Micros(kSecond / 10), Micros(20 * kSecond), [this, victim] {
    if (!target_.Alive(victim)) target_.Restart(victim);
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
  For(Micros(kSecond / 5), Micros(15 * kSecond), [this, a, b] {
    Disturb(a);
    Disturb(b);
    world_.net().Heal(a, b);
    world_.net().Heal(b, a);
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

void Nemesis::HealAll() {
  running_ = false;
  ++round_;
  world_.net().HealAll();
  world_.zk().faults().lost_before = world_.zk().faults().lost_after = 0;
  world_.net().faults().reset = 0;
  world_.net().faults().slow = 0;
  for (int i = 0; i < target_.brokers(); ++i) {
    world_.node(i).SetPaused(false);
    world_.node(i).files().faults().try_read_unavailable = 0;
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
