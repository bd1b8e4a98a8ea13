// A client as Java's HttpClient makes it: url, then what it sends. It ends with an error unless each answer is 202 and names an event.
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.zip.GZIPOutputStream;

public class Client {
    static void post(HttpClient client, String url, BodyPublisher body, boolean expects, String... headers) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(url)).POST(body).expectContinue(expects);
        for (int i = 0; i < headers.length; i += 2) request.header(headers[i], headers[i + 1]);
        var answer = client.send(request.build(), BodyHandlers.ofString());
        if (answer.statusCode() != 202 || !answer.body().matches("\\{\"event\":[1-9].*"))
            throw new Exception(String.join(" ", headers) + ": " + answer.statusCode() + " " + answer.body());
    }

    public static void main(String[] arguments) throws Exception {
        System.setProperty("jdk.httpclient.allowRestrictedHeaders", "connection");
        String url = arguments[0], text = "{\"x\":\"" + "y".repeat(100_000) + "\"}";
        var packed = new ByteArrayOutputStream();
        try (var packer = new GZIPOutputStream(packed)) { packer.write(text.getBytes()); }
        // By its own choice it asks for an upgrade to HTTP/2, which is passed over.
        for (var version : HttpClient.Version.values()) {
            var client = HttpClient.newBuilder().version(version).build();
            for (String connection : new String[] {"keep-alive", "close"})
                for (int round = 0; round < 3; round++) {
                    // With an upgrade the header is the client's own.
                    var headers = version == HttpClient.Version.HTTP_1_1 ? new String[] {"connection", connection} : new String[] {"x-round", "1"};
                    post(client, url, BodyPublishers.ofString(text), false, headers);
                    // A stream of unknown length goes chunked.
                    post(client, url, BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(text.getBytes())), false, headers);
                    post(client, url, BodyPublishers.ofString(text), true, headers);
                    post(client, url, BodyPublishers.ofByteArray(packed.toByteArray()), false, "content-encoding", "gzip");
                }
        }
    }
}
