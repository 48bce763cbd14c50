using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Petrel.ApiServer;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.NodeConnections;
using Petrel.Model.Api;
using Petrel.Security;
using Petrel.Store.Memory;

namespace Petrel.Bench.Api;

/// <summary>
/// What each write in a pod's life costs the API server alone: bytes allocated and processor time, of all threads. The server runs in this
/// process over a store in memory, and gets one request at a time. So both figures hold on a busy machine.
/// </summary>
internal static class WriteCosts
{
    private const string Json = "application/json";
    private const string Merge = "application/merge-patch+json";
    private const string Strategic = "application/strategic-merge-patch+json";
    private const string Pods = "/api/v1/namespaces/default/pods";
    private const string Leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";

    private static readonly (string Name, Func<int, ApiRequest> Request)[] Steps =
    [
        ("create a pod", i => Request("POST", Pods, Json, Pod(i), "kube-controller-manager")),
        ("bind it", i => Request("POST", $"{Pods}/pod-{i}/binding", Json, Binding(i), "kube-scheduler")),
        ("PATCH its status: starting", i => Request("PATCH", $"{Pods}/pod-{i}/status", Strategic, Starting(i), "kubelet")),
        ("PATCH its status: running", i => Request("PATCH", $"{Pods}/pod-{i}/status", Strategic, Running(i), "kubelet")),
        ("PATCH its status by merge patch", i => Request("PATCH", $"{Pods}/pod-{i}/status", Merge, Ready(i), "petrel")),
        ("PATCH an annotation of it", i => Request("PATCH", $"{Pods}/pod-{i}", Merge, Annotation(i), "kubectl")),
        ("GET it", i => Request("GET", $"{Pods}/pod-{i}", "", "", "kubectl")),
        ("record an event", i => Request("POST", "/api/v1/namespaces/default/events", Json, Event(i), "kubelet")),
        ("create a lease", i => Request("POST", Leases, Json, Lease(i), "kubelet")),
        ("renew a lease (PATCH)", i => Request("PATCH", $"{Leases}/node-{i}", Merge, Renewal(i), "petrel")),
        ("renew a lease (PUT)", i => Request("PUT", $"{Leases}/node-{i}", Json, Lease(i, "2026-01-01T00:00:09.000000Z"), "kubelet")),
    ];

    public static async Task RunAsync(int count)
    {
        await using var store = new MemoryStore();
        using var stopping = new CancellationTokenSource();
        var server = new ApiServer.Composition.ApiServer(
            new ApiServerOptions(),
            store,
            BuiltInKinds.Registry,
            TimeProvider.System,
            new SystemEntropy(),
            new NoNodes(),
            NullLoggerFactory.Instance
        );
        var serving = server.RunAsync(stopping.Token);
        await server.Ready;
        for (var i = 0; i < 4; i++)
        {
            // The compiler is done with what is hot after some thousand calls.
            await MeasureAsync(server, 1_000_000 * (i + 1), 500, print: false);
            await Task.Delay(500);
        }
        Console.WriteLine($"{"one at a time, in process", -44}{"bytes", 10}{"cpu us", 10}");
        await MeasureAsync(server, 0, count, print: true);
        stopping.Cancel();
        try
        {
            await serving;
        }
        catch (OperationCanceledException)
        {
            // Asked to stop.
        }
    }

    private static async Task MeasureAsync(IApiHandler server, int first, int count, bool print)
    {
        var (allBytes, allTime) = (0.0, 0.0);
        foreach (var (name, request) in Steps)
        {
            var requests = Enumerable.Range(first, count).Select(request).ToArray();
            var (bytes, time) = (GC.GetTotalAllocatedBytes(precise: true), Environment.CpuUsage.TotalTime);
            foreach (var item in requests)
            {
                var response = await server.HandleAsync(item, CancellationToken.None);
                if (!response.IsSuccess)
                {
                    throw new InvalidOperationException($"{item.Method} {item.Path}: {response.BodyText}");
                }
            }
            var taken = (Environment.CpuUsage.TotalTime - time).TotalMicroseconds / count;
            var allocated = (double)(GC.GetTotalAllocatedBytes(precise: true) - bytes) / count;
            (allBytes, allTime) = (allBytes + allocated, allTime + taken);
            if (print)
            {
                Console.WriteLine($"{name, -44}{allocated, 10:0}{taken, 10:0.0}");
            }
        }
        if (print)
        {
            Console.WriteLine($"{"all of them", -44}{allBytes, 10:0}{allTime, 10:0.0}");
        }
    }

    private static ApiRequest Request(string method, string path, string type, string body, string client) =>
        new()
        {
            Method = method,
            Path = path,
            Accept = Json,
            ContentType = type,
            UserAgent = $"{client}/v1.35.0 (linux/amd64)",
            Body = Encoding.UTF8.GetBytes(body),
            User = new UserInfo("admin", [UserInfo.MastersGroup]),
        };

    private static string Pod(int i) =>
        $$$"""
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"pod-{{{i}}}","generateName":"web-5b96fc6c45-",
            "labels":{"app":"web","pod-template-hash":"5b96fc6c45"},
            "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-5b96fc6c45",
            "uid":"8f0b7f0e-58c5-4f0c-9d0c-2f0c9f0b7f0e","controller":true,"blockOwnerDeletion":true}]},
            "spec":{"containers":[{"name":"main","image":"registry.example/web:1.2.3","command":["serve","--port","8080"],
            "ports":[{"containerPort":8080}],"env":[{"name":"MODE","value":"production"}],
            "resources":{"requests":{"cpu":"10m","memory":"16Mi"} },
            "readinessProbe":{"httpGet":{"path":"/ready","port":8080} } }]} }
            """;

    private static string Binding(int i) =>
        $$$"""
            {"apiVersion":"v1","kind":"Binding","metadata":{"name":"pod-{{{i}}}"},
            "target":{"apiVersion":"v1","kind":"Node","name":"node-{{{i % 1000}}}"} }
            """;

    private static string Starting(int i) => Status(i, "Pending", "False", """{"waiting":{"reason":"ContainerCreating"}}""", "");

    private static string Running(int i) =>
        Status(i, "Running", "True", """{"running":{"startedAt":"2026-01-01T00:00:02Z"}}""", $"10.128.{i / 250 % 250}.{i % 250 + 1}");

    private static string Ready(int i) =>
        Status(i, "Running", "False", """{"running":{"startedAt":"2026-01-01T00:00:09Z"}}""", "10.128.0.1");

    private static string Status(int i, string phase, string ready, string state, string address) =>
        $$$"""
            {"status":{"phase":"{{{phase}}}","conditions":[
            {{{Condition("PodReadyToStartContainers", "True", "1")}}},{{{Condition("Initialized", "True", "1")}}},
            {{{Condition("Ready", ready, "3")}}},{{{Condition("ContainersReady", ready, "3")}}},
            {"type":"PodScheduled","status":"True","lastProbeTime":null,"lastTransitionTime":"2026-01-01T00:00:01Z"}],
            "hostIP":"100.64.0.1","hostIPs":[{"ip":"100.64.0.1"}],"startTime":"2026-01-01T00:00:00Z","qosClass":"Burstable",
            {{{(address.Length == 0 ? "" : $"\"podIP\":\"{address}\",\"podIPs\":[{{\"ip\":\"{address}\"}}],")}}}
            "containerStatuses":[{"name":"main","state":{{{state}}},"ready":{{{(ready == "True" ? "true" : "false")}}},"restartCount":0,
            "image":"registry.example/web:1.2.3","imageID":"registry.example/web@sha256:{{{i:x64}}}","containerID":"oci://{{{i:x64}}}",
            "started":{{{(ready == "True" ? "true" : "false")}}} }]} }
            """;

    private static string Condition(string type, string status, string second) =>
        $$$"""
            {"type":"{{{type}}}","status":"{{{status}}}","lastProbeTime":null,"lastTransitionTime":"2026-01-01T00:00:0{{{second}}}Z"}
            """;

    private static string Annotation(int i) => $$$"""{"metadata":{"annotations":{"mark":"{{{i}}}"} } }""";

    private static string Event(int i) =>
        $$$"""
            {"apiVersion":"v1","kind":"Event","metadata":{"name":"pod-{{{i}}}.18c7b3f5e2a4d1b0"},
            "involvedObject":{"apiVersion":"v1","kind":"Pod","namespace":"default","name":"pod-{{{i}}}",
            "uid":"8f0b7f0e-58c5-4f0c-9d0c-{{{i:x12}}}","fieldPath":"spec.containers{main}"},
            "reason":"Started","message":"Container started","type":"Normal","count":1,"source":{"component":"kubelet","host":"node-1"},
            "firstTimestamp":"2026-01-01T00:00:02Z","lastTimestamp":"2026-01-01T00:00:02Z","eventTime":null,
            "reportingComponent":"kubelet","reportingInstance":"node-1"}
            """;

    private static string Lease(int i, string renewed = "2026-01-01T00:00:00.000000Z") =>
        $$$"""
            {"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"node-{{{i}}}","namespace":"kube-node-lease",
            "ownerReferences":[{"apiVersion":"v1","kind":"Node","name":"node-{{{i}}}","uid":"8f0b7f0e-58c5-4f0c-9d0c-{{{i:x12}}}"}]},
            "spec":{"holderIdentity":"node-{{{i}}}","leaseDurationSeconds":40,"renewTime":"{{{renewed}}}"} }
            """;

    private static string Renewal(int i) => $$$"""{"spec":{"holderIdentity":"node-{{{i}}}","renewTime":"2026-01-01T00:00:05.000000Z"} }""";

    private sealed class NoNodes : INodeConnector
    {
        public ValueTask<ApiResponse> SendAsync(
            NodeEndpoint endpoint,
            string path,
            IReadOnlyList<KeyValuePair<string, string>> query,
            CancellationToken cancellationToken
        ) => throw new IOException("no nodes here");
    }
}
