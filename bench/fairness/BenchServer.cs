using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Petrel.ApiServer;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.NodeConnections;
using Petrel.Hosting.Front;
using Petrel.Model.Api;
using Petrel.Model.Determinism;
using Petrel.Security;
using Petrel.Store.Memory;

namespace Petrel.Bench.Fairness;

/// <summary>An API server behind TLS on a free port, with 1,000 ConfigMaps of 3.6 KB. Prints its port; serves until its input
/// ends.</summary>
internal static class BenchServer
{
    private const int Objects = 1000;
    private static readonly UserInfo Admin = new("admin", [UserInfo.MastersGroup, UserInfo.AuthenticatedGroup]);

    public static async Task<int> ServeAsync(string directory)
    {
        var authority = ClusterAuthority.Open(directory, TimeProvider.System);
        using var trusted = X509Certificate2.CreateFromPem(authority.CertificatePem);
        using var certificate = authority.Issue(CertificateProfile.ApiServer([IPAddress.Loopback])).ToX509();
        await using var store = new MemoryStore();
        var api = new ApiServer.Composition.ApiServer(
            new ApiServerOptions(),
            store,
            BuiltInKinds.Registry,
            TimeProvider.System,
            new SeededEntropy(1),
            new NoNodes(),
            NullLoggerFactory.Instance
        );
        using var stop = new CancellationTokenSource();
        var running = api.RunAsync(stop.Token);
        await api.Ready;
        await FillAsync(api);
        await using var front = new KestrelFront(
            new FrontOptions([new IPEndPoint(IPAddress.Loopback, 0)], certificate, trusted),
            api,
            TimeProvider.System,
            NullLoggerFactory.Instance
        );
        await front.StartAsync(CancellationToken.None);
        Console.WriteLine(front.Addresses[0].Port);
        await Console.In.ReadToEndAsync();
        await front.StopAsync();
        await stop.CancelAsync();
        await running;
        return 0;
    }

    private static async Task FillAsync(IApiHandler api)
    {
        await CreateAsync(
            api,
            "/apis/rbac.authorization.k8s.io/v1/clusterroles",
            """{"metadata":{"name":"bench"},"rules":[{"apiGroups":[""],"resources":["configmaps"],"verbs":["*"]}]}"""
        );
        await CreateAsync(
            api,
            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
            """
            {"metadata":{"name":"bench"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"bench"},
            "subjects":[{"kind":"Group","apiGroup":"rbac.authorization.k8s.io","name":"system:nodes"}]}
            """
        );
        var filling = new string('x', 3400);
        for (var i = 0; i < Objects; i++)
        {
            await CreateAsync(
                api,
                "/api/v1/namespaces/default/configmaps",
                $$$"""{"metadata":{"name":"c{{{i}}}"},"data":{"value":"{{{filling}}}"} }"""
            );
        }
        await CreateAsync(api, "/api/v1/namespaces/kube-public/configmaps", """{"metadata":{"name":"quiet"},"data":{"a":"b"}}""");
    }

    private static async Task CreateAsync(IApiHandler api, string collection, string body)
    {
        var response = await api.HandleAsync(
            new ApiRequest
            {
                Method = "POST",
                Path = collection,
                ContentType = "application/json",
                Body = System.Text.Encoding.UTF8.GetBytes(body),
                User = Admin,
            },
            CancellationToken.None
        );
        if (!response.IsSuccess)
        {
            throw new InvalidOperationException(response.BodyText);
        }
    }

    private sealed class NoNodes : INodeConnector
    {
        public ValueTask<ApiResponse> SendAsync(
            NodeEndpoint endpoint,
            string path,
            IReadOnlyList<KeyValuePair<string, string>> query,
            CancellationToken cancellationToken
        ) => throw new IOException("There are no nodes.");
    }
}
