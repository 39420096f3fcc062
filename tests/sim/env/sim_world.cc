#include "tests/sim/env/sim_world.h"

#include "common/base/check.h"

namespace ottla::sim {

SimNode::SimNode(SimScheduler& scheduler, SimNet& net, SimZk& zk, int id, SimNodeOptions options)
    : scheduler_(scheduler),
      net_(net),
      zk_(zk),
      id_(id),
      host_("n" + std::to_string(id)),
      options_(std::move(options)),
      files_(scheduler.random().Next()),
      clock_(scheduler),
      random_(scheduler.random().Fork()) {
  net_.AddHost(id_, host_);
  files_.set_wall_clock([this] { return clock_.WallMillis(); });
  files_.set_observer([this](FileOp op, const std::string& path, std::uint64_t detail) {
    scheduler_.Trace(TraceKind::kFile, id_, HashBytes(path) + static_cast<std::uint64_t>(op), detail);
  });
  files_.SetDown(true);
}

SimNode::~SimNode() {
  if (alive_) End(false, nullptr);
}

void SimNode::Boot(std::size_t data_loops) {
  OTTLA_CHECK(!alive_);
  zk_client_.reset();
  network_.reset();
  executors_ = std::make_unique<SimExecutors>(scheduler_, id_, data_loops == 0 ? options_.data_loops : data_loops,
                                              options_.log_dirs);
  network_ = net_.NewProcess(id_);
  zk_client_ = zk_.NewClient(id_, executors_->Control(), options_.zk);
  random_ = scheduler_.random().Fork();
  files_.SetDown(false);
  net_.SetPowered(id_, true);
  alive_ = true;
  paused_ = false;
}

void SimNode::End(bool power_lost, const std::function<void()>& destroy) {
  OTTLA_CHECK(alive_);
  OTTLA_CHECK(scheduler_.current() == nullptr) << "a process cannot end inside one of its tasks";
  alive_ = false;
  scheduler_.Trace(TraceKind::kFault, id_, power_lost ? 2 : 1);
  files_.SetDown(true);
  net_.EndProcess(id_, power_lost);
  if (power_lost) net_.SetPowered(id_, false);
  zk_.EndProcess(id_, power_lost);
  executors_->Close();
  if (destroy) destroy();
  if (power_lost) {
    files_.LosePower();
  } else {
    files_.Crash();
  }
}

void SimNode::SetPaused(bool paused) {
  if (!alive_ || paused_ == paused) return;
  paused_ = paused;
  scheduler_.Trace(TraceKind::kFault, id_, paused ? 3 : 4);
  executors_->SetPaused(paused);
  zk_.SetPaused(id_, paused);
}

SimWorld::SimWorld(std::uint64_t seed) : scheduler_(seed), net_(scheduler_), zk_(scheduler_, net_, kZkNode) {}

SimWorld::~SimWorld() = default;

SimNode& SimWorld::AddNode(const SimNodeOptions& options) {
  nodes_.push_back(std::make_unique<SimNode>(scheduler_, net_, zk_, static_cast<int>(nodes_.size()), options));
  return *nodes_.back();
}

std::map<std::string, std::uint64_t> SimWorld::fired() const {
  std::map<std::string, std::uint64_t> all;
  const auto add = [&all](const std::map<std::string, std::uint64_t>& more) {
    for (const auto& [name, count] : more) all[name] += count;
  };
  add(net_.fired());
  add(zk_.fired());
  for (const auto& node : nodes_) add(node->files().fired());
  return all;
}

}  // namespace ottla::sim
