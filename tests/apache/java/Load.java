import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * A steady load of one idempotent producer on partition 0: Load BOOTSTRAP TOPIC RATE ACKED STOP. Values are numbers from 0 up; each
 * acknowledged one is written to the file ACKED as "offset number". Ends when the file STOP exists; prints how many failed.
 */
public class Load {
    public static void main(String[] args) throws Exception {
        Properties config = new Properties();
        config.put("bootstrap.servers", args[0]);
        config.put("acks", "all");
        config.put("enable.idempotence", "true");
        config.put("retries", "" + Integer.MAX_VALUE);
        config.put("request.timeout.ms", "3000");
        config.put("linger.ms", "2");
        config.put("metadata.max.age.ms", "5000");
        Path stop = Paths.get(args[4]);
        AtomicLong failed = new AtomicLong();
        try (PrintWriter acked = new PrintWriter(Files.newBufferedWriter(Paths.get(args[3])));
             KafkaProducer<String, String> producer =
                 new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
            long start = System.nanoTime();
            double rate = Double.parseDouble(args[2]);
            for (long n = 0; !Files.exists(stop); n++) {
                long number = n;
                producer.send(new ProducerRecord<>(args[1], 0, null, "" + number), (where, error) -> {
                    if (error == null) {
                        acked.println(where.offset() + " " + number);
                        acked.flush();
                    } else if (failed.incrementAndGet() < 5) {
                        System.out.println("failed " + number + ": " + error);
                    }
                });
                long due = start + (long) ((n + 1) / rate * 1e9);
                long wait = (due - System.nanoTime()) / 1000000;
                if (wait > 0) Thread.sleep(wait);
            }
            producer.flush();
        }
        System.out.println("failed in all: " + failed.get());
    }
}
