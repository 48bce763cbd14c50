using System.Net;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.Model.Documents;
using Petrel.Security;

namespace Petrel.ApiServer.Tests.Http;

/// <summary>
/// What one client's flood does to another over real connections. The server's time stands still, so that what is slow never ends by
/// itself.
/// </summary>
public sealed class FrontLoadTests
{
    private const string Slow = "/api/v1/nodes?resourceVersion=1000000000&resourceVersionMatch=NotOlderThan";

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_flood_is_told_to_come_back_later_and_others_are_answered(string version)
    {
        await using var front = await TestFront.StartAsync(new ApiServerOptions { MaxReadsInFlight = 4, MaxQueuedPerUser = 8 });
        await AllowAsync(front.Api);
        var clients = Enumerable
            .Range(0, 10)
            .Select(_ => front.Http(Version.Parse(version), front.Certificate(CertificateProfile.NodeClient("noisy"))))
            .ToList();
        using var quiet = front.Http(Version.Parse(version), front.Certificate(CertificateProfile.NodeClient("quiet")));

        // Ten connections or more, a hundred requests: three run, eight wait, and the others are refused.
        var flood = Enumerable.Range(0, 100).Select(i => clients[i % clients.Count].GetAsync(Slow)).ToList();
        var refused = new List<HttpResponseMessage>();
        for (var i = 0; i < 89; i++)
        {
            var ended = await Task.WhenAny(flood).WaitAsync(TestApi.Patience);
            flood.Remove(ended);
            refused.Add(await ended);
            if (i % 10 == 0)
            {
                Assert.Equal(HttpStatusCode.OK, (await quiet.GetAsync("/api/v1/nodes")).StatusCode);
            }
        }

        Assert.All(refused, r => Assert.Equal(HttpStatusCode.TooManyRequests, r.StatusCode));
        Assert.All(refused, r => Assert.Equal(TimeSpan.FromSeconds(1), r.Headers.RetryAfter!.Delta));
        Assert.Equal("TooManyRequests", (string?)JsonNode.Parse(await refused[0].Content.ReadAsStringAsync())!["reason"]);
        Assert.All(flood, f => Assert.False(f.IsCompleted));
        // A watch needs a seat to begin, and the flooding client has none left.
        using var refusedWatch = await clients[0].GetAsync("/api/v1/nodes?watch=true", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.TooManyRequests, refusedWatch.StatusCode);
        using var watch = await quiet.GetAsync("/api/v1/nodes?watch=true", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, watch.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await quiet.GetAsync("/readyz")).StatusCode);

        clients.ForEach(c => c.Dispose());
        await Task.WhenAll(flood)
            .WaitAsync(TestApi.Patience)
            .ContinueWith(f => Assert.True(f.IsFaulted || f.IsCanceled), TaskScheduler.Default);
    }

    private static async Task AllowAsync(TestApi api)
    {
        await api.CreateAsync(
            "/apis/rbac.authorization.k8s.io/v1/clusterroles",
            """
            {"metadata":{"name":"load"},"rules":[{"apiGroups":[""],"resources":["nodes"],"verbs":["get","list","watch"]}]}
            """
        );
        await api.CreateAsync(
            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
            """
            {"metadata":{"name":"load"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"load"},
            "subjects":[{"kind":"Group","apiGroup":"rbac.authorization.k8s.io","name":"system:nodes"}]}
            """
        );
    }
}
