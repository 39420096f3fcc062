// A thin owner around librdkafka for the console tools: settings under Java's names, handles that free themselves.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>

#include "common/base/status.h"
#include "common/config/properties.h"
#include "tools/args.h"

namespace ottla::tools {

struct RdDestroy {
  void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  void operator()(rd_kafka_headers_t* headers) const { rd_kafka_headers_destroy(headers); }
  void operator()(rd_kafka_topic_partition_list_t* list) const { rd_kafka_topic_partition_list_destroy(list); }
  void operator()(const rd_kafka_metadata_t* metadata) const { rd_kafka_metadata_destroy(metadata); }
};
template <class T>
using RdOwned = std::unique_ptr<T, RdDestroy>;

// Settings for librdkafka. Names only Java's client knows are dropped with a WARN line.
class RdConf {
 public:
  explicit RdConf(std::ostream& err);
  // kInvalidArgument: librdkafka refuses the value.
  Status Set(const std::string& name, const std::string& value);
  Status SetAll(const Properties& properties);
  bool Has(const std::string& name) const { return given_.contains(name); }
  rd_kafka_conf_t* get() { return conf_.get(); }
  Result<RdOwned<rd_kafka_t>> Make(rd_kafka_type_t type);

 private:
  std::ostream& err_;
  RdOwned<rd_kafka_conf_t> conf_;
  Properties given_;
};

// The files and words of --producer.config / --consumer.config and --producer-property / --consumer-property, words
// winning over files.
Result<Properties> ReadClientProperties(const Args& args, std::string_view file_option, std::string_view word_option);

}  // namespace ottla::tools
