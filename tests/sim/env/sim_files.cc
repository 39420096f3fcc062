#include "tests/sim/env/sim_files.h"

#include <algorithm>
#include <utility>

#include "tests/sim/env/sim_file.h"

namespace ottla::sim {

namespace {

std::vector<std::string> Split(const std::string& path) {
  std::vector<std::string> parts;
  std::size_t at = 0;
  while (at < path.size()) {
    const std::size_t slash = std::min(path.find('/', at), path.size());
    if (slash > at) parts.push_back(path.substr(at, slash - at));
    at = slash + 1;
  }
  return parts;
}

Status NotFound(const std::string& path) { return {StatusCode::kNotFound, path + ": no such file or directory"}; }
Status Refused(const std::string& path, std::string_view why) {
  return {StatusCode::kIoError, path + ": " + std::string(why)};
}

}  // namespace

std::string_view ToString(FileOp op) {
  switch (op) {
    case FileOp::kOpen: return "open";
    case FileOp::kRead: return "read";
    case FileOp::kTryRead: return "try_read";
    case FileOp::kWrite: return "write";
    case FileOp::kTruncate: return "truncate";
    case FileOp::kSync: return "sync";
    case FileOp::kStat: return "stat";
    case FileOp::kList: return "list";
    case FileOp::kMkdir: return "mkdir";
    case FileOp::kRename: return "rename";
    case FileOp::kRemove: return "remove";
    case FileOp::kSyncDir: return "sync_dir";
    case FileOp::kLock: return "lock";
  }
  return "unknown";
}

SimFiles::SimFiles(std::uint64_t seed) : random_(seed), root_(std::make_shared<Inode>()) { root_->is_dir = true; }
SimFiles::~SimFiles() = default;

bool SimFiles::Fires(double chance, const char* name) const {
  if (chance <= 0 || !random_.Chance(chance)) return false;
  ++fired_[name];
  return true;
}

Status SimFiles::Admit(FileOp op, const std::string& path, std::uint64_t detail) const {
  if (down_) return {StatusCode::kClosed, path + ": the process has ended"};
  if (hook_) OTTLA_RETURN_IF_ERROR(hook_(op, path));
  const bool on_names = op == FileOp::kOpen || op == FileOp::kMkdir || op == FileOp::kRename || op == FileOp::kRemove ||
                        op == FileOp::kSyncDir;
  if (on_names && FiresAt(path, faults_.name_error, "file.name_error")) return Refused(path, "simulated i/o error");
  if (observer_) observer_(op, path, detail);
  return {};
}

Status SimFiles::RoomForName(const std::string& path) {
  if (!faults_.full || !Struck(path)) return {};
  ++fired_["file.no_space"];
  return Refused(path, "no space left on device");
}

Status SimFiles::Change(FileOp op, const std::string& path, std::uint64_t detail) {
  if (down_) return {StatusCode::kClosed, path + ": the process has ended"};
  if (budget_ == 0) {
    budget_spent_ = true;
    return {StatusCode::kClosed, path + ": the process died before this " + std::string(ToString(op))};
  }
  OTTLA_RETURN_IF_ERROR(Admit(op, path, detail));
  if (budget_ != std::numeric_limits<std::uint64_t>::max()) --budget_;
  ++changes_;
  return {};
}

void SimFiles::ClearOpBudget() {
  budget_ = std::numeric_limits<std::uint64_t>::max();
  budget_spent_ = false;
}

Result<SimFiles::Place> SimFiles::Find(const std::string& path) const {
  Place place{nullptr, {}, root_};
  for (const std::string& part : Split(path)) {
    if (place.inode == nullptr) return NotFound(path);
    if (!place.inode->is_dir) return Refused(path, "a parent is not a directory");
    const auto found = place.inode->entries.find(part);
    place = {place.inode, part, found == place.inode->entries.end() ? nullptr : found->second};
  }
  return place;
}

void SimFiles::Link(const Place& place, const InodePtr& inode) {
  place.dir->entries[place.name] = inode;
  unsynced_.push_back({NameChange::Kind::kLink, place.dir, place.name, nullptr, {}, inode});
}

void SimFiles::Unlink(const Place& place) {
  bytes_used_ -= std::min(bytes_used_, place.inode->pages.size());
  place.dir->entries.erase(place.name);
  unsynced_.push_back({NameChange::Kind::kUnlink, place.dir, place.name, nullptr, {}, place.inode});
}

void SimFiles::Apply(const NameChange& change) {
  switch (change.kind) {
    case NameChange::Kind::kLink: change.dir->durable[change.name] = change.inode; break;
    case NameChange::Kind::kUnlink: change.dir->durable.erase(change.name); break;
    case NameChange::Kind::kRename:
      change.dir->durable.erase(change.name);
      change.second_dir->durable[change.second_name] = change.inode;
      break;
  }
}

Result<std::shared_ptr<File>> SimFiles::Open(const std::string& path, OpenMode mode) {
  Result<Place> found = Find(path);
  if (!found.ok()) return found.status();
  const bool create = (mode == OpenMode::kCreate || mode == OpenMode::kCreatePrivate) && found->inode == nullptr;
  OTTLA_RETURN_IF_ERROR(create ? Change(FileOp::kOpen, path) : Admit(FileOp::kOpen, path));
  if (found->inode == nullptr && !create) return NotFound(path);
  if (create) {
    OTTLA_RETURN_IF_ERROR(RoomForName(path));
    auto inode = std::make_shared<Inode>();
    inode->mtime_ms = NowMillis();
    Link(*found, inode);
    found->inode = inode;
  }
  if (found->inode->is_dir) return Refused(path, "is a directory");
  return std::shared_ptr<File>(std::make_shared<SimFile>(*this, path, found->inode, mode != OpenMode::kRead));
}

Result<FileInfo> SimFiles::Stat(const std::string& path) const {
  OTTLA_RETURN_IF_ERROR(Admit(FileOp::kStat, path));
  const Result<Place> found = Find(path);
  if (!found.ok()) return found.status();
  if (found->inode == nullptr) return NotFound(path);
  return FileInfo{found->inode->pages.size(), found->inode->mtime_ms, found->inode->is_dir};
}

Result<std::vector<DirEntry>> SimFiles::List(const std::string& dir) const {
  OTTLA_RETURN_IF_ERROR(Admit(FileOp::kList, dir));
  const Result<Place> found = Find(dir);
  if (!found.ok()) return found.status();
  if (found->inode == nullptr) return NotFound(dir);
  if (!found->inode->is_dir) return Refused(dir, "not a directory");
  std::vector<DirEntry> entries;
  for (const auto& [name, inode] : found->inode->entries) entries.push_back({name, inode->is_dir});
  return entries;
}

Status SimFiles::CreateDirs(const std::string& dir) {
  std::string path;
  for (const std::string& part : Split(dir)) {
    path += "/" + part;
    const Result<Place> found = Find(path);
    if (!found.ok()) return found.status();
    if (found->inode != nullptr && found->inode->is_dir) continue;
    if (found->inode != nullptr) return {StatusCode::kAlreadyExists, path + ": is a file"};
    OTTLA_RETURN_IF_ERROR(Change(FileOp::kMkdir, path));
    OTTLA_RETURN_IF_ERROR(RoomForName(path));
    auto inode = std::make_shared<Inode>();
    inode->is_dir = true;
    inode->mtime_ms = NowMillis();
    Link(*found, inode);
  }
  return {};
}

Status SimFiles::Rename(const std::string& from, const std::string& to) {
  const Result<Place> source = Find(from);
  const Result<Place> target = Find(to);
  if (!source.ok()) return source.status();
  if (!target.ok()) return target.status();
  OTTLA_RETURN_IF_ERROR(Change(FileOp::kRename, from));
  if (source->inode == nullptr) return NotFound(from);
  if (source->inode == target->inode) return {};
  if (source->dir == nullptr || target->dir == nullptr) return Refused(from, "the root cannot be renamed");
  if (target->inode != nullptr) {
    if (target->inode->is_dir != source->inode->is_dir) return Refused(to, "a file and a directory");
    if (!target->inode->entries.empty()) return Refused(to, "directory not empty");
    bytes_used_ -= std::min(bytes_used_, target->inode->pages.size());
  }
  source->dir->entries.erase(source->name);
  target->dir->entries[target->name] = source->inode;
  unsynced_.push_back({NameChange::Kind::kRename, source->dir, source->name, target->dir, target->name, source->inode});
  return {};
}

Status SimFiles::Remove(const std::string& path) {
  const Result<Place> found = Find(path);
  if (!found.ok()) return found.status();
  OTTLA_RETURN_IF_ERROR(Change(FileOp::kRemove, path));
  if (found->inode == nullptr) return NotFound(path);
  if (found->dir == nullptr) return Refused(path, "the root cannot be removed");
  if (!found->inode->entries.empty()) return Refused(path, "directory not empty");
  Unlink(*found);
  return {};
}

Status SimFiles::RemoveTree(const std::string& path) {
  const Result<Place> found = Find(path);
  if (!found.ok()) return found.status();
  if (found->inode == nullptr) return {};
  std::vector<std::string> names;
  for (const auto& entry : found->inode->entries) names.push_back(entry.first);
  for (const std::string& name : names) {
    std::string child = path;
    child.append("/").append(name);
    OTTLA_RETURN_IF_ERROR(RemoveTree(child));
  }
  return Remove(path);
}

Status SimFiles::RemoveAll(const std::string& dir) {
  if (down_) return {StatusCode::kClosed, dir + ": the process has ended"};
  const Result<Place> found = Find(dir);
  if (!found.ok() && found.status().code() == StatusCode::kNotFound) return {};
  return RemoveTree(dir);
}

Status SimFiles::SyncDir(const std::string& dir) {
  const Result<Place> found = Find(dir);
  if (!found.ok()) return found.status();
  OTTLA_RETURN_IF_ERROR(Change(FileOp::kSyncDir, dir));
  if (found->inode == nullptr) return NotFound(dir);
  // A rename out of another directory brings along what happened to its old name before.
  std::vector<std::pair<InodePtr, std::string>> names;
  std::vector<bool> keep(unsynced_.size(), false);
  for (std::size_t i = unsynced_.size(); i-- > 0;) {
    const NameChange& change = unsynced_[i];
    const bool named = std::any_of(names.begin(), names.end(),
                                   [&](const auto& name) { return change.Touches(name.first, name.second); });
    if (change.dir != found->inode && change.second_dir != found->inode && !named) continue;
    keep[i] = true;
    if (change.kind != NameChange::Kind::kRename) continue;
    names.emplace_back(change.dir, change.name);
    names.emplace_back(change.second_dir, change.second_name);
  }
  std::vector<NameChange> left;
  for (std::size_t i = 0; i < unsynced_.size(); ++i) {
    if (keep[i]) {
      Apply(unsynced_[i]);
    } else {
      left.push_back(unsynced_[i]);
    }
  }
  unsynced_ = std::move(left);
  return {};
}

Status SimFiles::SetModifiedTime(const std::string& path, std::int64_t mtime_ms) {
  const Result<Place> found = Find(path);
  if (!found.ok()) return found.status();
  if (down_) return {StatusCode::kClosed, path + ": the process has ended"};
  if (found->inode == nullptr) return NotFound(path);
  found->inode->mtime_ms = mtime_ms;
  return {};
}

Result<std::unique_ptr<DirLock>> SimFiles::Lock(const std::string& path) {
  OTTLA_RETURN_IF_ERROR(Admit(FileOp::kLock, path));
  Result<std::shared_ptr<File>> file = Open(path, OpenMode::kCreate);
  if (!file.ok()) return file.status();
  if (!locks_.emplace(path, generation_).second) {
    return Status(StatusCode::kAlreadyExists, path + ": locked by another process");
  }
  return std::unique_ptr<DirLock>(std::make_unique<SimDirLock>(*this, path));
}

std::optional<std::string> SimFiles::Peek(const std::string& path) const {
  const Result<Place> found = Find(path);
  if (!found.ok() || found->inode == nullptr) return std::nullopt;
  std::string bytes(found->inode->pages.size(), '\0');
  found->inode->pages.Read(0, bytes);
  return bytes;
}

std::string SimFiles::PeekAt(const std::string& path, std::uint64_t offset, std::size_t most) const {
  const Result<Place> found = Find(path);
  if (!found.ok() || found->inode == nullptr || found->inode->pages.size() <= offset) return {};
  std::string bytes(std::min<std::uint64_t>(most, found->inode->pages.size() - offset), '\0');
  bytes.resize(found->inode->pages.Read(offset, bytes));
  return bytes;
}

std::vector<std::string> SimFiles::PeekNames(const std::string& dir) const {
  std::vector<std::string> names;
  const Result<Place> found = Find(dir);
  if (!found.ok() || found->inode == nullptr) return names;
  for (const auto& entry : found->inode->entries) names.push_back(entry.first);
  return names;
}

void SimFiles::Crash() {
  ++generation_;
  locks_.clear();
  ClearOpBudget();
}

void SimFiles::LosePower() {
  Crash();
  std::vector<const NameChange*> lost;
  for (const NameChange& change : unsynced_) {
    // What happens to a name after a lost change of it is lost too; else a rename could invent or destroy a file.
    const bool depends = std::any_of(lost.begin(), lost.end(), [&](const NameChange* other) {
      return change.Touches(other->dir, other->name) ||
             (other->second_dir != nullptr && change.Touches(other->second_dir, other->second_name));
    });
    if (depends || random_.Chance(0.5)) {
      lost.push_back(&change);
    } else {
      Apply(change);
    }
  }
  fired_["file.lost_name_change"] += lost.size();
  unsynced_.clear();
  std::vector<InodePtr> todo{root_};
  while (!todo.empty()) {
    const InodePtr inode = todo.back();
    todo.pop_back();
    if (inode->pages.dirty()) ++fired_["file.lost_bytes"];
    inode->pages.LosePower(random_);
    inode->entries = inode->durable;
    for (const auto& entry : inode->entries) todo.push_back(entry.second);
  }
  MeasureUse();
}

Status SimFiles::SyncAll(const std::string& dir) {
  const Result<Place> found = Find(dir);
  if (!found.ok()) return found.status();
  OTTLA_RETURN_IF_ERROR(Change(FileOp::kSyncDir, dir));
  if (FiresAt(dir, faults_.sync_error, "file.sync_error")) {
    ForEachFile([this](Inode& inode) {
      inode.pages.WriteBack(random_, 0.5);
      inode.pages.ForgetDirty();
    });
    return {StatusCode::kIoError, dir + ": simulated syncfs failure"};
  }
  SyncAll();
  return {};
}

void SimFiles::SyncAll() {
  for (const NameChange& change : unsynced_) Apply(change);
  unsynced_.clear();
  ForEachFile([](Inode& inode) { inode.pages.Sync(); });
}

void SimFiles::ForEachFile(const std::function<void(Inode&)>& visit) {
  std::vector<InodePtr> todo{root_};
  while (!todo.empty()) {
    const InodePtr inode = todo.back();
    todo.pop_back();
    visit(*inode);
    for (const auto& entry : inode->entries) todo.push_back(entry.second);
  }
}

void SimFiles::MeasureUse() {
  bytes_used_ = 0;
  std::vector<InodePtr> todo{root_};
  while (!todo.empty()) {
    const InodePtr inode = todo.back();
    todo.pop_back();
    bytes_used_ += inode->pages.size();
    for (const auto& entry : inode->entries) todo.push_back(entry.second);
  }
}

}  // namespace ottla::sim
