using System.Text;
using System.Text.Json;
using Petrel.Cli.Examples;
using Petrel.LocalCluster;
using Petrel.Model.Api;

namespace Petrel.Cli.Tests.Examples;

public sealed class ManifestApplierTests
{
    [Fact]
    public async Task Each_document_of_the_guestbook_is_applied_in_order_at_its_own_path()
    {
        var server = new RecordingServer();
        var applier = new ManifestApplier(server);
        var files = ExampleFiles.Find(Example.All.Single(e => e.Name == "guestbook"));
        var paths = new List<string>();
        foreach (var manifest in files.Manifests)
        {
            paths.AddRange((await applier.ApplyAsync(manifest, TestContext.Current.CancellationToken)).Select(o => o.Path));
        }
        Assert.Equal(
            [
                "/api/v1/namespaces/default/secrets/redis",
                "/api/v1/namespaces/default/services/redis",
                "/apis/apps/v1/namespaces/default/deployments/redis",
                "/api/v1/namespaces/default/configmaps/guestbook",
                "/api/v1/namespaces/default/services/guestbook",
                "/apis/apps/v1/namespaces/default/deployments/guestbook",
            ],
            paths
        );
        Assert.All(server.Applied, r => Assert.Equal("application/apply-patch+yaml", r.ContentType));
        Assert.Contains("stringData", Encoding.UTF8.GetString(server.Applied[0].Body.Span));
    }

    [Fact]
    public async Task A_refusal_names_the_object_and_the_reason()
    {
        using var scratch = new Scratch();
        await File.WriteAllTextAsync(scratch.At("a.yaml"), "apiVersion: v1\nkind: Secret\nmetadata: {name: broken}\n");
        var applier = new ManifestApplier(new RecordingServer { Refuses = true });
        var error = await Assert.ThrowsAsync<UserErrorException>(() =>
            applier.ApplyAsync(scratch.At("a.yaml"), TestContext.Current.CancellationToken)
        );
        Assert.Equal("Secret default/broken was refused: no", error.Message);
    }

    [Theory]
    [InlineData(1, 3, 3, 3, false)]
    [InlineData(2, 4, 3, 3, false)]
    [InlineData(2, 3, 2, 3, false)]
    [InlineData(2, 3, 3, 2, false)]
    [InlineData(2, 3, 3, 3, true)]
    public void A_deployment_is_rolled_out_when_every_pod_is_new_and_available(int observed, int all, int updated, int available, bool done)
    {
        var deployment = JsonSerializer.SerializeToElement(
            new
            {
                metadata = new { generation = 2 },
                spec = new { replicas = 3 },
                status = new
                {
                    observedGeneration = observed,
                    replicas = all,
                    updatedReplicas = updated,
                    availableReplicas = available,
                },
            }
        );
        Assert.Equal(done, Rollouts.Read(deployment).Done);
    }

    [Fact]
    public void A_deployment_without_a_status_is_not_rolled_out()
    {
        var deployment = JsonSerializer.SerializeToElement(new { metadata = new { generation = 1 }, spec = new { } });
        Assert.Equal((false, "0 of 1 pods available"), Rollouts.Read(deployment));
    }

    /// <summary>Answers discovery, and records what is applied.</summary>
    private sealed class RecordingServer : IApiHandler
    {
        public bool Refuses { get; init; }

        public List<ApiRequest> Applied { get; } = [];

        public ValueTask<ApiResponse> HandleAsync(ApiRequest request, CancellationToken cancellationToken)
        {
            if (request.Method == "GET")
            {
                var kinds = request.Path == "/api/v1" ? new[] { "Secret", "Service", "ConfigMap" } : ["Deployment"];
                var rows = kinds.Select(kind => new
                {
                    name = $"{kind.ToLowerInvariant()}s",
                    kind,
                    namespaced = true,
                });
                return Answer(200, JsonSerializer.Serialize(new { resources = rows }));
            }
            Applied.Add(request);
            return Refuses ? Answer(422, """{"message":"no"}""") : Answer(200, "{}");
        }

        private static ValueTask<ApiResponse> Answer(int status, string body) =>
            new(new ApiResponse { StatusCode = status, Body = Encoding.UTF8.GetBytes(body) });
    }
}
