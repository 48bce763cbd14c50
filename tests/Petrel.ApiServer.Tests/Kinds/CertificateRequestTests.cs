using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Tests.Kinds;

public sealed class CertificateRequestTests
{
    private const string Requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

    private static readonly UserInfo Jane = new("jane", [UserInfo.MastersGroup, "developers"], "u1");

    private static string Body(string more = "")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var pem = new CertificateRequest("CN=jane,O=developers", key, HashAlgorithmName.SHA256).CreateSigningRequestPem();
        return $$$"""
            {"metadata":{"name":"jane"},"spec":{"request":"{{{Convert.ToBase64String(Encoding.ASCII.GetBytes(pem))}}}",
            "signerName":"kubernetes.io/kube-apiserver-client","usages":["client auth"],"username":"root"{{{more}}}}}
            """;
    }

    [Fact]
    public async Task Who_asks_is_who_sent_the_request()
    {
        await using var api = await TestApi.StartAsync();

        var created = await api.JsonAsync(201, "POST", Requests, Body(), user: Jane);

        Assert.Equal("jane", (string?)created["spec"]!["username"]);
        Assert.Equal("u1", (string?)created["spec"]!["uid"]);
        Assert.Contains("developers", created["spec"]!["groups"]!.AsArray().Select(g => (string?)g));
    }

    [Theory]
    [InlineData("approval")]
    [InlineData("status")]
    public async Task Its_subresources_write_metadata_too(string subresource)
    {
        await using var api = await TestApi.StartAsync();
        var request = await api.JsonAsync(201, "POST", Requests, Body(), user: Jane);
        var path = $"{Requests}/jane/{subresource}";
        request["metadata"]!["labels"] = new JsonObject { ["a"] = "b" };
        request["metadata"]!["annotations"] = new JsonObject { ["c"] = "d" };
        request["metadata"]!["uid"] = null;

        var put = await api.JsonAsync(200, "PUT", path, request.ToJsonString());
        var patched = await api.JsonAsync(
            200,
            "PATCH",
            path,
            """{"metadata":{"labels":{"a":null,"e":"f"}},"spec":{"signerName":"example.com/x"}}""",
            "application/merge-patch+json"
        );

        Assert.Equal("""{"a":"b"}""", put["metadata"]!["labels"]!.ToJsonString());
        Assert.Equal("""{"e":"f"}""", patched["metadata"]!["labels"]!.ToJsonString());
        Assert.Equal("""{"c":"d"}""", patched["metadata"]!["annotations"]!.ToJsonString());
        Assert.NotNull(patched["metadata"]!["uid"]);
        Assert.Equal("kubernetes.io/kube-apiserver-client", (string?)patched["spec"]!["signerName"]);
    }

    [Fact]
    public async Task Approval_changes_the_conditions_and_nothing_else()
    {
        await using var api = await TestApi.StartAsync();
        var request = await api.JsonAsync(201, "POST", Requests, Body(), user: Jane);
        request["status"] = new JsonObject
        {
            ["conditions"] = new JsonArray(
                new JsonObject
                {
                    ["type"] = "Approved",
                    ["status"] = "True",
                    ["reason"] = "KubectlApprove",
                }
            ),
            ["certificate"] = "Zm9v",
        };
        request["spec"]!["signerName"] = "example.com/other";

        var approved = await api.JsonAsync(200, "PUT", Requests + "/jane/approval", request.ToJsonString());

        Assert.Equal("Approved", (string?)approved["status"]!["conditions"]![0]!["type"]);
        Assert.Null(approved["status"]!["certificate"]);
        Assert.Equal("kubernetes.io/kube-apiserver-client", (string?)approved["spec"]!["signerName"]);

        approved["status"]!["conditions"]![0]!["type"] = "Denied";
        await api.JsonAsync(422, "PUT", Requests + "/jane/approval", approved.ToJsonString());
    }

    [Fact]
    public async Task A_request_that_cannot_be_signed_is_refused_by_field()
    {
        await using var api = await TestApi.StartAsync();

        var status = await api.JsonAsync(
            422,
            "POST",
            Requests,
            """{"metadata":{"name":"x"},"spec":{"request":"Zm9v","signerName":"nowhere","usages":["flying"],"expirationSeconds":5}}"""
        );

        Assert.Equal(
            ["spec.request", "spec.usages[0]", "spec.signerName", "spec.expirationSeconds"],
            status["details"]!["causes"]!.AsArray().Select(c => (string)c!["field"]!)
        );
    }
}
