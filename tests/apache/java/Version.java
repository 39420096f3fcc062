import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Collections;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.AdminClient;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;

/** Calls whose names changed between versions of the clients. */
class Version {
    /** poll(Duration) since 2.0; poll(long) until 3.9. */
    @SuppressWarnings("unchecked")
    static ConsumerRecords<byte[], byte[]> poll(KafkaConsumer<byte[], byte[]> consumer, long ms) throws Exception {
        try {
            Method newer = KafkaConsumer.class.getMethod("poll", java.time.Duration.class);
            return (ConsumerRecords<byte[], byte[]>) call(newer, consumer, java.time.Duration.ofMillis(ms));
        } catch (NoSuchMethodException e) {
            return (ConsumerRecords<byte[], byte[]>) call(KafkaConsumer.class.getMethod("poll", long.class), consumer, ms);
        }
    }

    /** allTopicNames() since 3.1; all() until 3.9. */
    @SuppressWarnings("unchecked")
    static TopicDescription describe(AdminClient admin, String topic) throws Exception {
        Object result = admin.describeTopics(Collections.singleton(topic));
        Method all;
        try {
            all = result.getClass().getMethod("allTopicNames");
        } catch (NoSuchMethodException e) {
            all = result.getClass().getMethod("all");
        }
        all.setAccessible(true);
        return ((Future<Map<String, TopicDescription>>) call(all, result)).get().get(topic);
    }

    /** Since 1.1; brokers of today tell older clients of no default. */
    static boolean knowsConfigSources() {
        for (Method method : org.apache.kafka.clients.admin.ConfigEntry.class.getMethods()) {
            if (method.getName().equals("source")) {
                return true;
            }
        }
        return false;
    }

    /** What only newer admin clients can do, where that class was compiled. */
    static void newerAdmin(AdminClient admin, String topic) throws Exception {
        Class<?> newer;
        try {
            newer = Class.forName("NewerAdmin");
        } catch (ClassNotFoundException e) {
            return;
        }
        call(newer.getDeclaredMethod("run", AdminClient.class, String.class), null, admin, topic);
    }

    private static Object call(Method method, Object target, Object... words) throws Exception {
        try {
            return method.invoke(target, words);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof Exception) throw (Exception) e.getCause();
            throw (Error) e.getCause();
        }
    }
}
