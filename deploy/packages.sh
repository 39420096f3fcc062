# Debian 12 packages by purpose, and how to get those that are missing. Sourced by deploy/quickstart.sh and tests/run.sh.

PACKAGES_BUILD="g++ cmake ninja-build pkg-config libgoogle-glog-dev libgflags-dev libevent-dev libsnappy-dev
  liblz4-dev libzstd-dev zlib1g-dev librdkafka-dev libzookeeper-mt-dev nlohmann-json3-dev"
PACKAGES_RUN="zookeeper default-jre-headless kcat"
PACKAGES_TEST="git libgtest-dev libgmock-dev clang-format clang-tidy python3 python3-kafka python3-confluent-kafka"

missing_packages() {
  local name
  for name in "$@"; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q "install ok installed" || printf '%s ' "$name"
  done
}

# install_packages NAME...: as root or through sudo; one clear line and status 1 if that cannot be done.
install_packages() {
  command -v dpkg-query >/dev/null || { echo "error: this script installs Debian packages, and there is no dpkg here" >&2; return 1; }
  local missing as_root=""
  missing=$(missing_packages "$@")
  # Another JRE serves as well.
  command -v java >/dev/null && missing=${missing//default-jre-headless /}
  missing=${missing% }
  [ -z "$missing" ] && return 0
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "error: missing packages; run as root: apt-get install $missing" >&2; return 1; }
    as_root="sudo"
  fi
  echo "== installing: $missing"
  # shellcheck disable=SC2086  # a list of names
  { $as_root apt-get update -qq && $as_root env DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes \
      apt-get install -y -qq --no-install-recommends $missing >/dev/null; } && return 0
  echo "error: apt-get could not install (its words are above); mend that, or install them by hand: $missing" >&2
  return 1
}
