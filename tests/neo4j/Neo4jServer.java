import java.nio.file.Path;
import org.neo4j.configuration.GraphDatabaseInternalSettings;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.configuration.connectors.BoltConnector;
import org.neo4j.configuration.connectors.ConnectorPortRegister;
import org.neo4j.configuration.connectors.ConnectorType;
import org.neo4j.configuration.helpers.SocketAddress;
import org.neo4j.dbms.api.DatabaseManagementService;
import org.neo4j.dbms.api.DatabaseManagementServiceBuilder;
import org.neo4j.io.ByteUnit;
import org.neo4j.kernel.internal.GraphDatabaseAPI;

/**
 * A real Neo4j Community server for the tests: Bolt on the loopback address only, no authentication.
 *
 * <p>Arguments: the data folder, then the port (0: any free one). It prints "ready PORT" once Bolt
 * answers, and shuts down when its standard input ends or on SIGTERM.
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
    while (System.in.read() >= 0) {}
    System.exit(0);
  }
}
