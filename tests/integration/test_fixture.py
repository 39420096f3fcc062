"""The fixture itself: ZooKeeper comes up, and nothing is left behind."""

from cluster import Cluster, expect_true, free_ports


def test_zookeeper_starts_and_goes():
    with Cluster(brokers=1, start=False) as cluster:
        expect_true(cluster.zk.ready(), "ZooKeeper answers")
        zk, directory = cluster.zk, cluster.directory
    expect_true(not zk.running(), "ZooKeeper has ended")
    expect_true(not directory.exists(), "its directory is gone")


def test_ports_differ():
    ports = free_ports(8)
    expect_true(len(set(ports)) == 8, f"eight different ports: {ports}")


def test_no_keeper_is_left():
    with Cluster(brokers=2) as cluster:
        expect_true(len(cluster.marked_processes()) >= 2, "brokers are found by their environment")
        cluster.broker(1).kill()
    expect_true(not cluster.marked_processes(), "nothing of the cluster runs any more")
