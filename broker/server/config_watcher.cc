#include "broker/server/config_watcher.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "common/zk/zk_codec.h"
#include "common/zk/zk_paths.h"

namespace ottla {
namespace {

constexpr Micros kConfigRetry = std::chrono::milliseconds(500);
constexpr std::int64_t kKeepMillis = 15 * 60'000LL;

// Foreign names are skipped: in Kafka one of them stops all notifications behind it.
std::optional<std::int64_t> NumberOf(std::string_view child) {
  const std::string_view prefix = zk::kConfigChangePrefix;
  if (!child.starts_with(prefix)) return std::nullopt;
  child.remove_prefix(prefix.size());
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(child.data(), child.data() + child.size(), number);
  if (error != std::errc() || end != child.data() + child.size() || number < 0) return std::nullopt;
  return number;
}

}  // namespace

ConfigWatcher::ConfigWatcher(Executor& control, ZkClient& zk, const Clock& clock,
                             std::function<void(const std::string&)> changed)
    : control_(control), zk_(zk), clock_(clock), changed_(std::move(changed)) {}

void ConfigWatcher::Start() {
  ++session_;
  List();
  ReadFeature();
}

void ConfigWatcher::Retry(Task what) {
  control_.RunAfter(kConfigRetry, [this, what = std::move(what), session = session_]() mutable {
    if (session == session_) what();
  });
}

void ConfigWatcher::List() {
  const auto session = session_;
  zk_.Children(
      zk::kConfigChanges,
      [this, session](const ZkWatchEvent& event) {
        if (session == session_ && event.kind != ZkWatchEvent::Kind::kSessionEvent) List();
      },
      [this, session](ZkError error, std::vector<std::string> children) {
        if (session != session_) return;
        if (error == ZkError::kOk) {
          OnChildren(std::move(children));
        } else if (error != ZkError::kSessionExpired) {
          Retry([this] { List(); });
        }
      });
}

void ConfigWatcher::OnChildren(std::vector<std::string> children) {
  std::erase_if(ages_, [&](const auto& item) { return std::ranges::count(children, item.first) == 0; });
  std::vector<std::pair<std::int64_t, std::string>> fresh;
  for (std::string& child : children) {
    const auto number = NumberOf(child);
    if (number.has_value() && *number > last_seen_) fresh.emplace_back(*number, std::move(child));
  }
  std::ranges::sort(fresh);
  for (auto& [number, child] : fresh) {
    last_seen_ = number;
    Read(std::move(child));
  }
  const std::int64_t too_old = clock_.WallMillis() - kKeepMillis;
  for (const auto& [child, ctime] : ages_) {
    if (ctime > too_old) continue;
    zk_.Delete(std::string(zk::kConfigChanges) + "/" + child, -1, [](ZkError) {});  // another broker may be quicker
  }
}

// Until ZooKeeper has answered: no list will name this child as new again.
void ConfigWatcher::Read(std::string child) {
  const std::string path = std::string(zk::kConfigChanges) + "/" + child;
  zk_.Get(path, nullptr,
          [this, child = std::move(child), session = session_](ZkError error, const ZkData& data,
                                                               const ZkStat& stat) mutable {
            // A new session reads the settings of all again.
            if (session != session_ || error == ZkError::kNoNode || error == ZkError::kSessionExpired) return;
            if (error != ZkError::kOk) {
              Retry([this, child = std::move(child)]() mutable { Read(std::move(child)); });
              return;
            }
            ages_[child] = stat.ctime_ms;
            const auto entity = zk::DecodeConfigChange(data);
            if (!entity.ok()) {
              LOG(ERROR) << "config change " << child << " is skipped: " << entity.status();
            } else if (!entity->empty()) {
              changed_(*entity);
            }
          });
}

void ConfigWatcher::ReadFeature() {
  const auto session = session_;
  const auto again = [this, session](const ZkWatchEvent& event) {
    if (session == session_ && event.kind != ZkWatchEvent::Kind::kSessionEvent) ReadFeature();
  };
  zk_.Exists(zk::kFeature, again, [this, session](ZkError error, const ZkStat& stat) {
    if (session != session_) return;
    if (error == ZkError::kOk) {
      feature_version_.store(stat.version);
    } else if (error == ZkError::kNoNode) {
      feature_version_.store(-1);
    } else if (error != ZkError::kSessionExpired) {
      Retry([this] { ReadFeature(); });
    }
  });
}

}  // namespace ottla
