using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Tests.Authentication;
using Petrel.Client;
using Petrel.Model.Api;
using Petrel.Model.Documents;
using Petrel.Security;

namespace Petrel.ApiServer.Tests.Http;

public sealed class KestrelFrontTests
{
    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Health_needs_no_certificate_and_objects_do(string version)
    {
        await using var front = await TestFront.StartAsync();
        using var http = front.Http(Version.Parse(version), client: null);

        Assert.Equal("ok", await http.GetStringAsync("/readyz"));
        using var refused = await http.GetAsync("/api/v1/namespaces");

        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal("Unauthorized", (string?)JsonNode.Parse(await refused.Content.ReadAsStringAsync())!["reason"]);
    }

    [Fact]
    public async Task A_certificate_of_another_authority_is_unauthorized()
    {
        await using var front = await TestFront.StartAsync();
        await using var other = await TestFront.StartAsync();
        using var http = front.Http(HttpVersion.Version20, other.Certificate(CertificateProfile.Admin));

        using var refused = await http.GetAsync("/api/v1/namespaces");

        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
    }

    [Fact]
    public async Task A_token_names_the_user_where_no_certificate_does()
    {
        await using var front = await TestFront.StartAsync(tokenKeys: TokenWorld.Keys);
        await using var other = await TestFront.StartAsync();
        await front.Api.CreateAsync(TokenWorld.Accounts, """{"metadata":{"name":"builder"}}""");
        var token = await front.Api.TokenAsync();
        using var bare = front.Http(HttpVersion.Version20, client: null);
        using var foreign = front.Http(HttpVersion.Version20, other.Certificate(CertificateProfile.Admin));
        using var admin = front.Http(HttpVersion.Version20, front.Certificate(CertificateProfile.Admin));

        Assert.Contains(
            "User \"system:serviceaccount:default:builder\" cannot",
            await MessageAsync(bare, $"Bearer {token}"),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "User \"system:serviceaccount:default:builder\" cannot",
            await MessageAsync(foreign, $"bearer {token}"),
            StringComparison.Ordinal
        );
        Assert.Equal("Unauthorized", await MessageAsync(bare, "Bearer nonsense"));
        Assert.Equal("Unauthorized", await MessageAsync(foreign, "Basic nonsense"));
        Assert.Equal("Unauthorized", await MessageAsync(bare, "Basic nonsense"));
        Assert.Equal("", await MessageAsync(admin, $"Bearer {token}"));
    }

    [Fact]
    public async Task Headers_say_for_whom_a_client_acts()
    {
        await using var front = await TestFront.StartAsync();
        using var http = front.Http(HttpVersion.Version11, front.Certificate(CertificateProfile.Admin));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/apis/authentication.k8s.io/v1/selfsubjectreviews")
        {
            Version = HttpVersion.Version11,
            Content = new StringContent("{}", Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("Impersonate-User", "jane");
        request.Headers.Add("Impersonate-Group", "system:masters");
        request.Headers.Add("Impersonate-Uid", "42");
        request.Headers.Add("Impersonate-Extra-Example.com%2FScopes", "view");

        using var response = await http.SendAsync(request);

        var answer = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, answer);
        var user = JsonNode.Parse(answer)!["status"]!["userInfo"]!;
        Assert.Equal(
            """{"username":"jane","uid":"42","groups":["system:masters","system:authenticated"],"extra":{"example.com/scopes":["view"]}}""",
            user.ToJsonString()
        );
    }

    [Fact]
    public async Task The_certificate_names_the_user_and_its_groups()
    {
        await using var front = await TestFront.StartAsync();
        using var admin = front.Handler(CertificateProfile.Admin);
        using var node = front.Handler(CertificateProfile.NodeClient("n1"));

        var allowed = await admin.HandleAsync(Get("/api/v1/namespaces/default"), default);
        var refused = await node.HandleAsync(new ApiRequest { Method = "DELETE", Path = "/api/v1/namespaces/default" }, default);

        Assert.Equal(200, allowed.StatusCode);
        Assert.Equal(403, refused.StatusCode);
        Assert.Contains(
            "User \"system:node:n1\" cannot delete resource \"namespaces\"",
            (string?)JsonNode.Parse(refused.Body.Span)!["message"],
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_watch_streams_events_as_they_happen_and_ends_with_the_server()
    {
        await using var front = await TestFront.StartAsync();
        using var handler = front.Handler(CertificateProfile.Admin);
        var response = await handler.HandleAsync(
            new ApiRequest
            {
                Method = "GET",
                Path = "/api/v1/namespaces/default/configmaps",
                Query = [new("watch", "true")],
            },
            default
        );
        await using var watch = new WatchReader(response.Stream!, new CancellationTokenSource());

        foreach (var name in new[] { "a", "b" })
        {
            var created = await handler.HandleAsync(
                new ApiRequest
                {
                    Method = "POST",
                    Path = "/api/v1/namespaces/default/configmaps",
                    ContentType = "application/json",
                    Body = Encoding.UTF8.GetBytes($$$"""{"metadata":{"name":"{{{name}}}"}}"""),
                },
                default
            );
            Assert.Equal(201, created.StatusCode);
            Assert.Equal($"ADDED {name}", await watch.NextTextAsync());
        }
        await front.Front.StopAsync();

        Assert.Equal("END", await watch.NextTextAsync());
    }

    [Fact]
    public async Task Large_answers_are_compressed_for_those_who_accept_it()
    {
        await using var front = await TestFront.StartAsync();
        var text = new string('x', 300_000);
        await front.Api.CreateAsync(
            "/api/v1/namespaces/default/configmaps",
            $$$"""{"metadata":{"name":"big"},"data":{"k":"{{{text}}}"}}"""
        );
        using var http = front.Http(HttpVersion.Version20, front.Certificate(CertificateProfile.Admin));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/namespaces/default/configmaps/big")
        {
            Version = HttpVersion.Version20,
            Headers = { { "Accept-Encoding", "gzip" } },
        };

        using var compressed = await http.SendAsync(request);
        var plain = await http.GetByteArrayAsync("/api/v1/namespaces/default/configmaps/big");

        Assert.Equal(["gzip"], compressed.Content.Headers.ContentEncoding);
        await using var unzipped = new System.IO.Compression.GZipStream(
            await compressed.Content.ReadAsStreamAsync(),
            System.IO.Compression.CompressionMode.Decompress
        );
        using var copy = new MemoryStream();
        await unzipped.CopyToAsync(copy);
        Assert.Equal(plain, copy.ToArray());
    }

    [Fact]
    public async Task Too_large_a_body_is_refused_with_a_status()
    {
        await using var front = await TestFront.StartAsync();
        using var http = front.Http(HttpVersion.Version20, front.Certificate(CertificateProfile.Admin));

        using var refused = await http.PostAsync(
            "/api/v1/namespaces/default/configmaps",
            new ByteArrayContent(new byte[3 * 1024 * 1024 + 1])
        );

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
        Assert.Equal("RequestEntityTooLarge", (string?)JsonNode.Parse(await refused.Content.ReadAsStringAsync())!["reason"]);
    }

    [Fact]
    public async Task The_typed_client_works_over_https()
    {
        await using var front = await TestFront.StartAsync();
        using var handler = front.Handler(CertificateProfile.Admin);
        var client = new ApiClient(handler, UserInfo.Anonymous);
        var stop = new CancellationTokenSource();

        var made = await client.CreateAsync(
            new k8s.Models.V1ConfigMap
            {
                Metadata = new() { Name = "typed", NamespaceProperty = "default" },
                Data = new Dictionary<string, string> { ["a"] = "b" },
            },
            stop.Token
        );
        var (items, _) = await client.ListAsync<k8s.Models.V1ConfigMap>("default", stop.Token);

        Assert.Equal("b", Assert.Single(items).Data["a"]);
        Assert.Equal(made.Metadata.Uid, items[0].Metadata.Uid);
    }

    private static async Task<string> MessageAsync(HttpClient http, string authorization)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/namespaces") { Version = HttpVersion.Version20 };
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        using var response = await http.SendAsync(request);
        return (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["message"] ?? "";
    }

    private static ApiRequest Get(string path) => new() { Method = "GET", Path = path };
}
