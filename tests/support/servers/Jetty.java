// Reads forms with Jetty's getParts, and says in base64 what it found: file name, file and metadata, a line each.
// The first line of the output is the port on loopback; the end of the input is the end of the server.
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import javax.servlet.MultipartConfigElement;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.AbstractHandler;

public class Jetty extends AbstractHandler {
    @Override
    public void handle(String path, Request own, HttpServletRequest request, HttpServletResponse answer)
            throws IOException {
        own.setHandled(true);
        try {
            request.setAttribute(Request.MULTIPART_CONFIG_ELEMENT, new MultipartConfigElement(""));
            var file = request.getPart("file");
            var name = String.valueOf(file.getSubmittedFileName()).getBytes(StandardCharsets.UTF_8);
            var metadata = request.getPart("metadata").getInputStream().readAllBytes();
            for (var told : new byte[][] {name, file.getInputStream().readAllBytes(), metadata})
                answer.getWriter().println(Base64.getEncoder().encodeToString(told));
        } catch (Exception refused) {
            answer.setStatus(400);
            answer.getWriter().print(refused);
        }
    }

    public static void main(String[] none) throws Exception {
        var server = new Server(new InetSocketAddress("127.0.0.1", 0));
        server.setHandler(new Jetty());
        server.start();
        System.out.println(((ServerConnector) server.getConnectors()[0]).getLocalPort());
        System.in.readAllBytes();
        System.exit(0);
    }
}
