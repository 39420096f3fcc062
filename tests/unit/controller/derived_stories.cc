#include "derived_stories.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <utility>

#include "common/protocol/codec.h"

namespace ottla::controller::test {
namespace {

constexpr double kNever = 1e9;
constexpr double kUnnoticed = 1000;  // ms; the session of a killed process lives longer, what was going on ends sooner

std::vector<std::string> Split(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

TopicPartition ParsePartition(const std::string& text) {
  return {text.substr(0, text.rfind('-')), std::stoi(text.substr(text.rfind('-') + 1))};
}

// Operations that only look, or concern records, may come while the controller is still at work.
bool BeginsStory(const std::string& mark) {
  for (const char* prefix :
       {"op reassignments", "op describe", "op produce", "op consume", "op stop", "op txn", "op deleterecords"}) {
    if (mark.starts_with(prefix)) return false;
  }
  for (const char* prefix : {"begin ", "start ", "SIG", "op ", "delete "}) {
    if (mark.starts_with(prefix)) return true;
  }
  return false;
}

// Walks one step; the head of each control request says who is the controller.
class Deriver {
 public:
  // `whole`: the recording has shown everything that there is; see derived_stories.h.
  Deriver(std::size_t step, bool& whole) : step_(std::to_string(step + 1)), whole_(whole) {}

  // `known`: what the recording has shown before the step; afterwards, with the step.
  std::vector<Story> Derive(const std::vector<Frame>& frames, Known& known) {
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const Frame& frame = frames[i];
      if (due_ >= 0 && frame.ms >= due_) Begin(due_, std::exchange(waiting_, ""), known);
      if (!frame.mark.empty()) {
        if (frame.mark.starts_with("SIGKILL") || frame.mark.starts_with("SIGSTOP")) {
          waiting_ = frame.mark;
          due_ = frame.ms + kUnnoticed;
          const std::size_t dash = frame.mark.find("broker-");
          if (dash != std::string::npos) story_.killed.insert(std::atoi(frame.mark.c_str() + dash + 7));
        } else if (BeginsStory(frame.mark)) {
          Begin(frame.ms, frame.mark, known);
        }
        OnMark(frame, frames, i);
        continue;
      }
      Known after = known;
      after.Take(frame);
      if (frame.request && (frame.key == 4 || frame.key == 5 || frame.key == 6)) OnControl(frame, known, after);
      known = std::move(after);
    }
    End(kNever, known);
    return std::move(stories_);
  }

 private:
  void Begin(double ms, const std::string& name, const Known& known) {
    End(ms, known);
    due_ = -1;
    open_ = true;
    story_ = {};
    story_.name = name;
    story_.step = step_;
    story_.from = ms;
    story_.derived = true;
    story_.dying_topics = known.dying;
    began_with_ = known;
    told_.clear();
    shows_all_ = false;
  }
  void End(double ms, const Known& known) {
    if (!std::exchange(open_, false)) return;
    story_.to = ms;
    story_.dying_topics.insert(known.dying.begin(), known.dying.end());
    for (const std::int32_t broker : began_with_.live) {
      if (!known.live.contains(broker)) story_.killed.insert(broker);
    }
    if (whole_) stories_.push_back(std::move(story_));
    whole_ = whole_ || shows_all_;
  }
  void Cause(double ms, test::Cause cause) { story_.causes.emplace_back(ms, std::move(cause)); }

  void OnMark(const Frame& mark, const std::vector<Frame>& frames, std::size_t at) {
    const std::vector<std::string> words = Split(mark.mark);
    if (words.size() >= 4 && words[0] == "op" && words[1] == "elect") {
      bool needed = true;
      for (std::size_t i = at + 1; i < frames.size() && !BeginsStory(frames[i].mark); ++i) {
        needed = needed && frames[i].mark.find("ElectionNotNeeded") == std::string::npos;
      }
      const TopicPartition tp = ParsePartition(words[3]);
      const ErrorCode expected = needed ? ErrorCode::kNone : ErrorCode::kElectionNotNeeded;
      Cause(mark.ms, [tp, expected, unclean = words[2] == "unclean"](Stage& s) {
        s.Elect(tp.topic, tp.partition, unclean, expected);
      });
    } else if (words.size() == 4 && words[0] == "op" && words[1] == "reassign") {
      Cause(mark.ms, [tp = ParsePartition(words[2]), replicas = words[3]](Stage& s) { s.Move(tp, replicas); });
    }
  }

  void OnControl(const Frame& frame, const Known& known, const Known& after) {
    if (known.live.empty() || after.epoch > known.epoch) {
      if (frame.key != 6) return;
      Begin(frame.ms, "broker " + std::to_string(after.controller) + " takes over", known);
      whole_ = whole_ || (after.epoch == 1 && after.live.size() == 1 && after.partitions.empty());  // a cluster is born
      Cause(-1, [self = after.controller, epoch = after.epoch, live = after.live](Stage& s) {
        s.TakeOver(self, epoch, {live.begin(), live.end()});
      });
      return;
    }
    Brokers(frame, known, after);
    for (const std::string& topic : after.dying) {
      if (!known.dying.contains(topic)) Cause(frame.ms, [topic](Stage& s) { s.Delete(topic); });
    }
    for (const auto& [tp, partition] : after.partitions) {
      if (partition.word.leader_epoch == 0) Fresh(frame.ms, tp, known);
    }
    LeaderAndIsrRequest request;
    if (frame.key != 4 || !Decode(frame.body, frame.version, &request).ok()) return;
    for (const auto& topic : request.topic_states) {
      for (const auto& p : topic.partition_states) {
        if (p.is_new && p.leader_epoch == 0) Fresh(frame.ms, {std::string(topic.topic_name), p.partition_index}, known);
      }
    }
  }

  void Brokers(const Frame& frame, const Known& known, const Known& after) {
    for (const std::int32_t broker : known.live) {
      if (!after.live.contains(broker)) Cause(frame.ms, [broker](Stage& s) { s.Down(broker); });
    }
    for (const std::int32_t broker : after.live) {
      if (known.live.contains(broker)) continue;
      Cause(frame.ms, [broker](Stage& s) { s.Up(broker); });
      shows_all_ = true;  // it is told of every partition
    }
  }

  // A partition of which nobody had heard: its topic is new, or grows.
  void Fresh(double ms, const TopicPartition& tp, const Known& known) {
    if (known.partitions.contains(tp) || !told_.insert(tp.topic).second) return;
    const bool grows = std::ranges::any_of(known.partitions, [&](const auto& p) { return p.first.topic == tp.topic; });
    Cause(ms, [topic = tp.topic, grows](Stage& s) { grows ? s.Grown(topic) : s.NewTopic(topic); });
  }

  const std::string step_;
  bool& whole_;
  std::vector<Story> stories_;
  bool open_ = false;
  bool shows_all_ = false;  // the story at hand
  std::string waiting_;     // the name of a story that begins at `due_`; negative: none does
  double due_ = -1;
  Story story_;
  Known began_with_;
  std::set<std::string> told_;  // topics that are new or grow in this story
};

}  // namespace

std::vector<Story> DeriveStories(const std::vector<std::vector<Frame>>& steps) {
  std::vector<Story> stories;
  Known known;
  bool whole = false;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    std::vector<Story> some = Deriver(i, whole).Derive(steps[i], known);
    std::ranges::move(some, std::back_inserter(stories));
  }
  return stories;
}

}  // namespace ottla::controller::test
