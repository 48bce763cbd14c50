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

    [Fact]
    public async Task A_request_its_approval_and_its_status_have_all_operations()
    {
        await using var api = await TestApi.StartAsync();
        const string merge = "application/merge-patch+json";
        const string ofSigner = Requests + "?fieldSelector=spec.signerName%3Dexample.com%2Fe2e";
        Assert.Contains((await api.GetAsync("/apis"))["groups"]!.AsArray(), g => (string?)g!["name"] == "certificates.k8s.io");
        Assert.Contains((await api.GetAsync("/apis/certificates.k8s.io"))["versions"]!.AsArray(), v => (string?)v!["version"] == "v1");
        var resources = (await api.GetAsync("/apis/certificates.k8s.io/v1"))["resources"]!.AsArray().Select(r => (string)r!["name"]!);
        Assert.Superset(
            new HashSet<string>
            {
                "certificatesigningrequests",
                "certificatesigningrequests/approval",
                "certificatesigningrequests/status",
            },
            resources.ToHashSet()
        );

        var body = Body(""","expirationSeconds":3600""")
            .Replace("\"name\":\"jane\"", "\"generateName\":\"e2e-\"", StringComparison.Ordinal)
            .Replace("kubernetes.io/kube-apiserver-client", "example.com/e2e", StringComparison.Ordinal);
        await api.CreateAsync(Requests, body);
        await api.CreateAsync(Requests, body);
        var created = await api.CreateAsync(Requests, body);
        await api.JsonAsync(201, "POST", Requests, Body(), user: Jane);
        var path = $"{Requests}/{created["metadata"]!["name"]}";
        var read = await api.GetAsync(path);
        Assert.Equal((string?)created["metadata"]!["uid"], (string?)read["metadata"]!["uid"]);
        Assert.Equal(3600, (int)read["spec"]!["expirationSeconds"]!);
        var list = await api.GetAsync(ofSigner);
        Assert.Equal(3, list["items"]!.AsArray().Count);

        await using var watch = await api.WatchAsync(
            $"{Requests}?watch=1&fieldSelector=metadata.name%3D{created["metadata"]!["name"]}"
                + $"&resourceVersion={list["metadata"]!["resourceVersion"]}"
        );
        var patched = await api.JsonAsync(200, "PATCH", path, """{"metadata":{"annotations":{"patched":"true"}}}""", merge);
        patched["metadata"]!["annotations"]!["updated"] = "true";
        await api.JsonAsync(200, "PUT", path, patched.ToJsonString());
        foreach (var annotations in (string[])["""{"patched":"true"}""", """{"patched":"true","updated":"true"}"""])
        {
            var change = (await watch.NextAsync())!;
            Assert.Equal("MODIFIED", (string?)change["type"]);
            Assert.Equal(annotations, change["object"]!["metadata"]!["annotations"]!.ToJsonString());
        }

        var approval = await api.GetAsync(path + "/approval");
        Assert.Equal("CertificateSigningRequest", (string?)approval["kind"]);
        Assert.Equal((string?)created["metadata"]!["uid"], (string?)approval["metadata"]!["uid"]);
        approval = await api.JsonAsync(
            200,
            "PATCH",
            path + "/approval",
            """
            {"metadata":{"annotations":{"patchedapproval":"true"}},
             "status":{"conditions":[{"type":"ApprovalPatch","status":"True","reason":"e2e"}]}}
            """,
            merge
        );
        Assert.Equal(["ApprovalPatch"], Conditions(approval));
        Assert.Equal("true", (string?)approval["metadata"]!["annotations"]!["patchedapproval"]);
        approval["status"]!["conditions"]!.AsArray().Add(Condition("Approved"));
        approval = await api.JsonAsync(200, "PUT", path + "/approval", approval.ToJsonString());
        Assert.Equal(["ApprovalPatch", "Approved"], Conditions(approval));

        var status = await api.GetAsync(path + "/status");
        Assert.Equal((string?)created["metadata"]!["uid"], (string?)status["metadata"]!["uid"]);
        var certificate = Certificate();
        status = await api.JsonAsync(
            200,
            "PATCH",
            path + "/status",
            $$$"""{"metadata":{"annotations":{"patchedstatus":"true"}},"status":{"certificate":"{{{certificate}}}"}}""",
            merge
        );
        Assert.Equal(certificate, (string?)status["status"]!["certificate"]);
        Assert.Equal("true", (string?)status["metadata"]!["annotations"]!["patchedstatus"]);
        status["status"]!["conditions"]!.AsArray().Add(Condition("StatusUpdate"));
        status = await api.JsonAsync(200, "PUT", path + "/status", status.ToJsonString());
        Assert.Equal(["ApprovalPatch", "Approved", "StatusUpdate"], Conditions(status));
        Assert.Equal(certificate, (string?)(await api.GetAsync(path))["status"]!["certificate"]);

        await api.JsonAsync(200, "DELETE", path);
        await api.JsonAsync(404, "GET", path);
        Assert.Equal(2, (await api.GetAsync(ofSigner))["items"]!.AsArray().Count);
        await api.JsonAsync(200, "DELETE", ofSigner);
        Assert.Empty((await api.GetAsync(ofSigner))["items"]!.AsArray());
        await api.GetAsync(Requests + "/jane");
    }

    private static JsonObject Condition(string type) =>
        new()
        {
            ["type"] = type,
            ["status"] = "True",
            ["reason"] = "E2E",
            ["message"] = "Set by a test",
        };

    private static IEnumerable<string> Conditions(JsonObject request) =>
        request["status"]!["conditions"]!.AsArray().Select(c => (string)c!["type"]!);

    // A certificate in PEM, as the API has it.
    private static string Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = new CertificateRequest("CN=e2e.example.com", key, HashAlgorithmName.SHA256).CreateSelfSigned(
            now,
            now.AddHours(1)
        );
        return Convert.ToBase64String(Encoding.ASCII.GetBytes(certificate.ExportCertificatePem() + "\n"));
    }
}
