// A ZooKeeper server of this machine for one test program: temporary directory, a port of the system's choice, gone at
// the end (also when the test dies: the kernel kills it with the thread that started it).
#pragma once

#include <sys/types.h>

#include <string>

namespace ottla::test {

class ZkServer {
 public:
  ZkServer();  // starts and waits until it serves; aborts the test program when it does not
  ~ZkServer();
  ZkServer(const ZkServer&) = delete;
  ZkServer& operator=(const ZkServer&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  void Stop();   // SIGKILL
  void Start();  // again, on the same port and data
  void Pause();
  void Resume();

 private:
  std::string dir_;
  int port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace ottla::test
