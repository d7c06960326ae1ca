// Reads forms with Tomcat's getParts, and says in base64 what it found: file name, file and metadata, a line each.
// The first line of the output is the port on loopback; the end of the input is the end of the server.
import jakarta.servlet.MultipartConfigElement;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.apache.catalina.Context;
import org.apache.catalina.Wrapper;

public class Tomcat extends HttpServlet {
    @Override
    protected void doPost(HttpServletRequest request, HttpServletResponse answer) throws IOException {
        try {
            request.setCharacterEncoding("UTF-8");  // as conf/web.xml of Tomcat 10 does
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
        var tomcat = new org.apache.catalina.startup.Tomcat();
        tomcat.setBaseDir(".");
        tomcat.setPort(0);
        tomcat.getConnector().setProperty("address", "127.0.0.1");
        Context root = tomcat.addContext("", null);
        Wrapper servlet = org.apache.catalina.startup.Tomcat.addServlet(root, "reader", new Tomcat());
        servlet.setMultipartConfigElement(new MultipartConfigElement(""));
        root.addServletMappingDecoded("/", "reader");
        tomcat.start();
        System.out.println(tomcat.getConnector().getLocalPort());
        System.in.readAllBytes();
        System.exit(0);
    }
}
