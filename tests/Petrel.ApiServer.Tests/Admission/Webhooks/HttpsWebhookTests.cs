using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Petrel.ApiServer.Admission.Webhooks;
using Petrel.ApiServer.Composition;
using Petrel.Hosting.Connectors;
using Petrel.Hosting.Front;
using Petrel.Model.Api;
using Petrel.Security;

namespace Petrel.ApiServer.Tests.Admission.Webhooks;

public sealed class HttpsWebhookTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("petrel-hooks-").FullName;

    [Fact]
    public async Task A_webhook_over_https_changes_an_object_when_its_certificate_is_of_the_named_authority()
    {
        var authority = ClusterAuthority.Open(_directory, TimeProvider.System);
        await using var hook = await StartAsync(authority, "unused.example.com");
        using var caller = new HttpsWebhookCaller();
        await using var api = await TestApi.StartAsync(webhooks: caller);
        var url = $"\"url\":\"https://127.0.0.1:{hook.Addresses[0].Port}/mutate\"";

        await ConfigureAsync(api, url, authority.CertificatePem);
        var map = await api.CreateAsync("/api/v1/namespaces/default/configmaps", """{"metadata":{"name":"m"},"data":{"a":"b"}}""");
        await api.JsonAsync(200, "DELETE", "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/c");
        await ConfigureAsync(api, url, "");
        var untrusted = await api.JsonAsync(500, "POST", "/api/v1/namespaces/default/configmaps", """{"metadata":{"name":"n"}}""");

        Assert.Equal("anonymous saw /mutate", (string?)map["data"]!["hook"]);
        Assert.Contains("failed to call webhook: Post", (string?)untrusted["message"], StringComparison.Ordinal);
        await hook.StopAsync();
    }

    [Fact]
    public async Task A_webhook_behind_a_service_proves_to_be_the_service()
    {
        var authority = ClusterAuthority.Open(_directory, TimeProvider.System);
        await using var hook = await StartAsync(authority, "hook.default.svc");
        using var caller = new HttpsWebhookCaller();
        await using var api = await TestApi.StartAsync(webhooks: caller);
        var port = hook.Addresses[0].Port;
        foreach (var name in (string[])["hook", "other"])
        {
            await api.CreateAsync(
                "/api/v1/namespaces/default/services",
                $$"""{"metadata":{"name":"{{name}}"},"spec":{"type":"ExternalName","externalName":"localhost"} }"""
            );
        }
        await api.GetAsync("/api/v1/namespaces/default/services");
        static string Service(string name, int port) => $$"""{"namespace":"default","name":"{{name}}","port":{{port}},"path":"/mutate"}""";

        await ConfigureAsync(api, $"\"service\":{Service("hook", port)}", authority.CertificatePem);
        var map = await api.CreateAsync("/api/v1/namespaces/default/configmaps", """{"metadata":{"name":"m"},"data":{"a":"b"}}""");
        await api.JsonAsync(200, "DELETE", "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/c");
        await ConfigureAsync(api, $"\"service\":{Service("other", port)}", authority.CertificatePem);
        var wrong = await api.JsonAsync(500, "POST", "/api/v1/namespaces/default/configmaps", """{"metadata":{"name":"n"}}""");

        Assert.Equal("anonymous saw /mutate", (string?)map["data"]!["hook"]);
        Assert.Contains(
            $"Post \"https://other.default.svc:{port}/mutate?timeout=10s\"",
            (string?)wrong["message"],
            StringComparison.Ordinal
        );
        await hook.StopAsync();
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static async Task<KestrelFront> StartAsync(ClusterAuthority authority, string name)
    {
        var certificate = authority.Issue(new CertificateProfile("hook", name, "", IsServer: true, [name], [IPAddress.Loopback])).ToX509();
        var front = new KestrelFront(
            new FrontOptions(
                [new IPEndPoint(IPAddress.Loopback, 0)],
                certificate,
                X509Certificate2.CreateFromPem(authority.CertificatePem)
            ),
            new Labeler(),
            TimeProvider.System,
            NullLoggerFactory.Instance
        );
        await front.StartAsync(CancellationToken.None);
        return front;
    }

    private static async Task ConfigureAsync(TestApi api, string client, string authority)
    {
        const string Configurations = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
        var bundle = authority.Length == 0 ? "" : $",\"caBundle\":\"{Convert.ToBase64String(Encoding.UTF8.GetBytes(authority))}\"";
        await api.CreateAsync(
            Configurations,
            $$"""
            {"metadata":{"name":"c"},"webhooks":[{"name":"h.example.com","clientConfig":{ {{client}}{{bundle}} },"sideEffects":"None",
            "admissionReviewVersions":["v1"],
             "rules":[{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps"]}]}]}
            """
        );
        await api.GetAsync(Configurations);
    }

    /// <summary>A webhook that notes in the data who asked it and where.</summary>
    private sealed class Labeler : IApiHandler
    {
        public ValueTask<ApiResponse> HandleAsync(ApiRequest request, CancellationToken cancellationToken)
        {
            var uid = (string?)JsonNode.Parse(request.Body.Span)!["request"]!["uid"];
            var value = $"{request.User.Name.Replace("system:", "", StringComparison.Ordinal)} saw {request.Path}";
            var patch = $$"""[{"op":"add","path":"/data/hook","value":"{{value}}"}]""";
            var answer = new JsonObject
            {
                ["apiVersion"] = "admission.k8s.io/v1",
                ["kind"] = "AdmissionReview",
                ["response"] = new JsonObject
                {
                    ["uid"] = uid,
                    ["allowed"] = true,
                    ["patchType"] = "JSONPatch",
                    ["patch"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(patch)),
                },
            };
            return ValueTask.FromResult(
                new ApiResponse
                {
                    StatusCode = 200,
                    ContentType = "application/json",
                    Body = Encoding.UTF8.GetBytes(answer.ToJsonString()),
                }
            );
        }
    }
}
