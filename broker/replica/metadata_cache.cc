#include "broker/replica/metadata_cache.h"

#include <algorithm>
#include <map>
#include <utility>

#include "common/base/broker_ids.h"

namespace ottla {
namespace {

using PartitionState = UpdateMetadataRequest::UpdateMetadataPartitionState;

std::shared_ptr<const MetadataPartition> ToPartition(const PartitionState& state) {
  auto out = std::make_shared<MetadataPartition>();
  out->partition = state.partition_index;
  out->controller_epoch = ControllerEpoch(state.controller_epoch);
  out->leader = BrokerId(state.leader);
  out->leader_epoch = LeaderEpoch(state.leader_epoch);
  out->partition_epoch = PartitionEpoch(state.zk_version);
  out->replicas = ToBrokerIds(state.replicas);
  out->isr = ToBrokerIds(state.isr);
  out->offline_replicas = ToBrokerIds(state.offline_replicas);
  return out;
}

std::uint16_t ToPort(std::int32_t port) {
  return port < 0 || port > 65535 ? std::uint16_t{0} : static_cast<std::uint16_t>(port);
}

MetadataBroker ToBroker(const UpdateMetadataRequest::UpdateMetadataBroker& broker) {
  MetadataBroker out;
  out.id = BrokerId(broker.id);
  if (broker.rack.has_value() && !broker.rack->empty()) out.rack = std::string(*broker.rack);
  for (const auto& endpoint : broker.endpoints) {
    static constexpr std::string_view kProtocols[] = {"PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"};
    MetadataEndpoint to;
    to.security_protocol = endpoint.security_protocol;
    to.listener = std::string(endpoint.listener);
    // Before version 3 a listener is named by its protocol.
    if (to.listener.empty() && endpoint.security_protocol >= 0 && endpoint.security_protocol < 4) {
      to.listener = kProtocols[endpoint.security_protocol];
    }
    to.address = {std::string(endpoint.host), ToPort(endpoint.port)};
    out.endpoints.push_back(std::move(to));
  }
  if (broker.endpoints.empty() && !broker.v0_host.empty()) {
    out.endpoints.push_back({"PLAINTEXT", 0, {std::string(broker.v0_host), ToPort(broker.v0_port)}});
  }
  return out;
}

bool SameAddresses(const std::vector<MetadataBroker>& a, const std::vector<MetadataBroker>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const MetadataBroker& x, const MetadataBroker& y) {
    return x.id == y.id && x.rack == y.rack &&
           std::equal(x.endpoints.begin(), x.endpoints.end(), y.endpoints.begin(), y.endpoints.end(),
                      [](const MetadataEndpoint& p, const MetadataEndpoint& q) {
                        return p.listener == q.listener && p.address == q.address;
                      });
  });
}

bool ByNumber(const std::shared_ptr<const MetadataPartition>& entry, std::int32_t partition) {
  return entry->partition < partition;
}

void MergePartition(const PartitionState& state, MetadataTopic& topic, std::vector<TopicPartition>& deleted) {
  const auto at = std::lower_bound(topic.partitions.begin(), topic.partitions.end(), state.partition_index, &ByNumber);
  const bool known = at != topic.partitions.end() && (*at)->partition == state.partition_index;
  if (BrokerId(state.leader) == kLeaderDuringDelete) {
    if (known) {
      topic.partitions.erase(at);
      deleted.push_back({topic.name, state.partition_index});
    }
    return;
  }
  if (known) {
    *at = ToPartition(state);
  } else {
    topic.partitions.insert(at, ToPartition(state));
  }
}

// The partitions of one topic in a request of any version.
struct TopicUpdate {
  std::optional<Uuid> id;  // nullopt: the request's version has no ids, what is known stays
  std::vector<const PartitionState*> partitions;
};

std::map<std::string_view, TopicUpdate> Group(const UpdateMetadataRequest& request) {
  std::map<std::string_view, TopicUpdate> out;
  for (const auto& state : request.ungrouped_partition_states) out[state.topic_name].partitions.push_back(&state);
  for (const auto& topic : request.topic_states) {
    TopicUpdate& update = out[topic.topic_name];
    update.id = topic.topic_id;
    for (const auto& state : topic.partition_states) update.partitions.push_back(&state);
  }
  return out;
}

template <class Bucket>
std::shared_ptr<Bucket> CopyOf(const std::shared_ptr<const Bucket>& bucket) {
  return bucket == nullptr ? std::make_shared<Bucket>() : std::make_shared<Bucket>(*bucket);
}

// The buckets an update touches, each copied once.
template <class Bucket, std::size_t kCount>
class BucketEditor {
 public:
  explicit BucketEditor(std::array<std::shared_ptr<const Bucket>, kCount>& buckets) : buckets_(buckets) {}
  Bucket& Edit(std::size_t index) {
    if (edited_[index] == nullptr) {
      edited_[index] = CopyOf(buckets_[index]);
      buckets_[index] = edited_[index];
    }
    return *edited_[index];
  }

 private:
  std::array<std::shared_ptr<const Bucket>, kCount>& buckets_;
  std::array<std::shared_ptr<Bucket>, kCount> edited_;
};

}  // namespace

const MetadataEndpoint* MetadataBroker::EndpointOf(std::string_view listener) const {
  const auto at =
      std::find_if(endpoints.begin(), endpoints.end(), [&](const auto& e) { return e.listener == listener; });
  return at == endpoints.end() ? nullptr : &*at;
}

const MetadataPartition* MetadataTopic::Find(std::int32_t partition) const {
  // Numbers are dense but for a topic in creation or deletion.
  const auto guess = static_cast<std::size_t>(partition);
  if (partition >= 0 && guess < partitions.size() && partitions[guess]->partition == partition) {
    return partitions[guess].get();
  }
  const auto at = std::lower_bound(partitions.begin(), partitions.end(), partition, &ByNumber);
  return at == partitions.end() || (*at)->partition != partition ? nullptr : at->get();
}

const MetadataTopic* MetadataView::FindTopic(std::string_view name) const {
  const auto& bucket = by_name_[std::hash<std::string_view>{}(name) % kBuckets];
  if (bucket == nullptr) return nullptr;
  const auto at = bucket->find(name);
  return at == bucket->end() ? nullptr : at->second.get();
}

const MetadataTopic* MetadataView::FindTopic(const Uuid& id) const {
  const auto& bucket = by_id_[std::hash<Uuid>{}(id) % kBuckets];
  if (bucket == nullptr) return nullptr;
  const auto at = bucket->find(id);
  return at == bucket->end() ? nullptr : at->second.get();
}

const MetadataPartition* MetadataView::FindPartition(std::string_view topic, std::int32_t partition) const {
  const MetadataTopic* found = FindTopic(topic);
  return found == nullptr ? nullptr : found->Find(partition);
}

const MetadataBroker* MetadataView::FindBroker(BrokerId id) const {
  const auto at = std::lower_bound(brokers_->begin(), brokers_->end(), id,
                                   [](const MetadataBroker& broker, BrokerId wanted) { return broker.id < wanted; });
  return at == brokers_->end() || at->id != id ? nullptr : &*at;
}

MetadataCache::Change MetadataCache::Apply(const UpdateMetadataRequest& request) {
  Change change;
  auto next = std::make_shared<MetadataView>(*view_);
  next->controller_ = request.controller_id < 0 ? std::nullopt : std::optional(BrokerId(request.controller_id));
  next->controller_epoch_ = ControllerEpoch(request.controller_epoch);

  auto brokers = std::make_shared<std::vector<MetadataBroker>>();
  brokers->reserve(request.live_brokers.size());
  for (const auto& broker : request.live_brokers) brokers->push_back(ToBroker(broker));
  std::sort(brokers->begin(), brokers->end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  change.brokers_changed = !SameAddresses(*brokers, *next->brokers_);
  if (change.brokers_changed) next->brokers_ = std::move(brokers);

  BucketEditor names(next->by_name_);
  BucketEditor ids(next->by_id_);
  for (const auto& [name, update] : Group(request)) {
    const MetadataTopic* known = next->FindTopic(name);
    auto topic = known == nullptr ? std::make_shared<MetadataTopic>() : std::make_shared<MetadataTopic>(*known);
    const Uuid old_id = topic->id;
    topic->name = std::string(name);
    if (update.id.has_value()) topic->id = *update.id;
    for (const PartitionState* state : update.partitions) MergePartition(*state, *topic, change.deleted);

    auto& bucket = names.Edit(std::hash<std::string_view>{}(name) % MetadataView::kBuckets);
    // The key is a view of the old topic's name: it has to go before the old topic does.
    bucket.erase(name);
    if (!old_id.IsZero()) ids.Edit(std::hash<Uuid>{}(old_id) % MetadataView::kBuckets).erase(old_id);
    next->topic_count_ -= known == nullptr ? 0 : 1;
    if (topic->partitions.empty()) continue;  // its last partition was removed
    next->topic_count_ += 1;
    bucket.emplace(std::string_view(topic->name), topic);
    if (!topic->id.IsZero()) ids.Edit(std::hash<Uuid>{}(topic->id) % MetadataView::kBuckets).emplace(topic->id, topic);
  }
  view_ = std::move(next);
  return change;
}

}  // namespace ottla
