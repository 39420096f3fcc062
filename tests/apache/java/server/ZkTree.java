import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;

/** Writes a tree of znodes, one JSON object a line (path, data, ephemeral): ZkTree HOST:PORT CHROOT FILE. */
public class ZkTree {
    public static void main(String[] args) throws Exception {
        ZooKeeper zk = new ZooKeeper(args[0], 10000, event -> { });
        create(zk, args[1], new byte[0]);
        ObjectMapper json = new ObjectMapper();
        try (BufferedReader lines = Files.newBufferedReader(Paths.get(args[2]))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                JsonNode node = json.readTree(line);
                String path = node.get("path").asText();
                if (path.equals("/") || node.get("ephemeral").asBoolean()) continue;
                create(zk, args[1] + path, data(node));
            }
        }
        zk.close();
    }

    static byte[] data(JsonNode node) {
        JsonNode text = node.get("data");
        return text == null || text.isNull() ? null : text.asText().getBytes(StandardCharsets.UTF_8);
    }

    static void create(ZooKeeper zk, String path, byte[] data) throws Exception {
        try {
            zk.create(path, data, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        } catch (KeeperException.NodeExistsException e) {
            zk.setData(path, data, -1);
        }
    }
}
