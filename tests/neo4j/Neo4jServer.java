import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.neo4j.configuration.GraphDatabaseInternalSettings;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.configuration.connectors.BoltConnector;
import org.neo4j.configuration.connectors.ConnectorPortRegister;
import org.neo4j.configuration.connectors.ConnectorType;
import org.neo4j.configuration.helpers.SocketAddress;
import org.neo4j.dbms.api.DatabaseManagementService;
import org.neo4j.dbms.api.DatabaseManagementServiceBuilder;
import org.neo4j.graphdb.ExecutionPlanDescription;
import org.neo4j.graphdb.Result;
import org.neo4j.graphdb.Transaction;
import org.neo4j.io.ByteUnit;
import org.neo4j.kernel.internal.GraphDatabaseAPI;

/**
 * A real Neo4j Community server for the tests: Bolt on the loopback address only, no authentication.
 *
 * <p>Arguments: the data folder, then the port (0: any free one). It prints "ready PORT" once Bolt
 * answers, and shuts down when its standard input ends or on SIGTERM. Each line on its standard
 * input is a statement to profile: {"text": "...", "parameters": {...}}. The answer is one line,
 * "profile {"rows", "hits", "operators": {name: hits}}" or "failed REASON"; nothing stays written.
 */
public class Neo4jServer {
  public static void main(String[] args) throws Exception {
    Path home = Path.of(args[0]).toAbsolutePath();
    SocketAddress bolt = new SocketAddress("127.0.0.1", Integer.parseInt(args[1]));
    DatabaseManagementService dbms =
        new DatabaseManagementServiceBuilder(home)
            .setConfig(BoltConnector.enabled, true)
            .setConfig(BoltConnector.listen_address, bolt)
            .setConfig(BoltConnector.advertised_address, bolt)
            .setConfig(GraphDatabaseSettings.pagecache_memory, ByteUnit.mebiBytes(256))
            // Without this a shutdown waits 10 s for new connections to stay away.
            .setConfig(GraphDatabaseInternalSettings.netty_server_shutdown_quiet_period, 0)
            // Tests talk to nobody: no usage report is sent.
            .setConfig(GraphDatabaseSettings.udc_enabled, false)
            .build();
    Runtime.getRuntime().addShutdownHook(new Thread(dbms::shutdown));

    GraphDatabaseAPI db =
        (GraphDatabaseAPI) dbms.database(GraphDatabaseSettings.DEFAULT_DATABASE_NAME);
    if (!db.isAvailable(60_000)) {
      throw new IllegalStateException("the database did not become available within 60 s");
    }
    // Bolt itself binds port 0, then tells which port it got. A port that is chosen first and bound
    // seconds later could be taken in between by one of the tests' own sockets.
    int port =
        db.getDependencyResolver()
            .resolveDependency(ConnectorPortRegister.class)
            .getLocalAddress(ConnectorType.BOLT)
            .getPort();
    System.out.println("ready " + port);

    // The other end of the pipe is held by the test process: when that ends, however it ends, the
    // input ends too, so that no server is left behind.
    BufferedReader input =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      System.out.println(profile(db, line));
    }
    System.exit(0);
  }

  /** Profiles what one line of JSON asks for, {"text", "parameters"}, and undoes what it wrote. */
  private static String profile(GraphDatabaseAPI db, String line) {
    ObjectMapper json = new ObjectMapper();
    try (Transaction tx = db.beginTx()) {
      JsonNode call = json.readTree(line);
      Map<String, Object> parameters =
          json.convertValue(
              call.path("parameters"), new TypeReference<LinkedHashMap<String, Object>>() {});
      try (Result result = tx.execute("PROFILE " + call.path("text").asText(), parameters)) {
        long rows = result.stream().count();
        Map<String, Long> operators = new LinkedHashMap<>();
        long hits = add(result.getExecutionPlanDescription(), operators);
        return "profile "
            + json.writeValueAsString(Map.of("rows", rows, "hits", hits, "operators", operators));
      }
    } catch (Exception error) {
      return "failed " + error.toString().replace('\n', ' ');
    }
  }

  /** The database hits of a plan, and those of each kind of operator. */
  private static long add(ExecutionPlanDescription plan, Map<String, Long> operators) {
    long hits = plan.hasProfilerStatistics() ? plan.getProfilerStatistics().getDbHits() : 0;
    operators.merge(plan.getName().split("@")[0], hits, Long::sum);
    for (ExecutionPlanDescription child : plan.getChildren()) {
      hits += add(child, operators);
    }
    return hits;
  }
}
