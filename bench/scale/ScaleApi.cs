using System.Text;
using System.Text.Json;
using Petrel.Client.Http;
using Petrel.Model.Api;

namespace Petrel.Bench.Scale;

/// <summary>The few requests that the measurement makes.</summary>
internal sealed class ScaleApi(HttpApiHandler connection) : IDisposable
{
    public const string Pods = "/api/v1/namespaces/default/pods";
    public const string Probe = "/api/v1/namespaces/default/configmaps/probe";

    public async Task<int> ReadyNodesAsync()
    {
        using var nodes = await GetAsync("/api/v1/nodes");
        return nodes
            .RootElement.GetProperty("items")
            .EnumerateArray()
            .Count(n =>
                n.TryGetProperty("status", out var status)
                && status.TryGetProperty("conditions", out var conditions)
                && conditions
                    .EnumerateArray()
                    .Any(c => c.GetProperty("type").ValueEquals("Ready") && c.GetProperty("status").ValueEquals("True"))
                && !n.GetProperty("spec").TryGetProperty("taints", out _)
            );
    }

    public async Task<int> ReadyReplicasAsync()
    {
        using var deployments = await GetAsync("/apis/apps/v1/namespaces/default/deployments");
        return deployments
            .RootElement.GetProperty("items")
            .EnumerateArray()
            .Sum(d =>
                d.TryGetProperty("status", out var status) && status.TryGetProperty("readyReplicas", out var ready) ? ready.GetInt32() : 0
            );
    }

    /// <summary>The newest revision of the store.</summary>
    public async Task<long> RevisionAsync()
    {
        using var list = await GetAsync("/api/v1/namespaces");
        return long.Parse(list.RootElement.GetProperty("metadata").GetProperty("resourceVersion").GetString()!);
    }

    /// <summary>A figure of the server's own metrics.</summary>
    public async Task<double> MetricAsync(string name)
    {
        var text = (await SendAsync("GET", "/metrics", "")).BodyText;
        var line = text.Split('\n').First(l => l.StartsWith(name + " ", StringComparison.Ordinal));
        return double.Parse(line.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Creates a Deployment as people write them, and its Service.</summary>
    public async Task DeployAsync(string name, int replicas)
    {
        await SendAsync(
            "POST",
            "/api/v1/namespaces/default/services",
            $$$"""
            {"apiVersion":"v1","kind":"Service","metadata":{"name":"{{{name}}}"},"spec":{"selector":{"app":"{{{name}}}"},
            "ports":[{"port":80,"targetPort":8080}]} }
            """
        );
        await SendAsync(
            "POST",
            "/apis/apps/v1/namespaces/default/deployments",
            $$$"""
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"{{{name}}}","labels":{"app":"{{{name}}}"} },
            "spec":{"replicas":{{{replicas}}},"selector":{"matchLabels":{"app":"{{{name}}}"} },
            "template":{"metadata":{"labels":{"app":"{{{name}}}","tier":"front"} },
            "spec":{"containers":[{"name":"main","image":"registry.example/web:1.2.3","command":["serve","--port","8080"],
            "ports":[{"containerPort":8080}],
            "env":[{"name":"MODE","value":"production"}],"resources":{"requests":{"cpu":"100m","memory":"128Mi"} },
            "readinessProbe":{"httpGet":{"path":"/healthz","port":8080} } }]} } } }
            """
        );
    }

    public async Task<JsonDocument> GetAsync(string path, params (string Name, string Value)[] query) =>
        JsonDocument.Parse((await SendAsync("GET", path, "", query: query)).Body);

    public async Task<ApiResponse> SendAsync(
        string method,
        string path,
        string body,
        string contentType = "application/json",
        CancellationToken cancellationToken = default,
        params (string Name, string Value)[] query
    )
    {
        var response = await connection.HandleAsync(
            new ApiRequest
            {
                Method = method,
                Path = path,
                Query = [.. query.Select(q => KeyValuePair.Create(q.Name, q.Value))],
                ContentType = contentType,
                Body = Encoding.UTF8.GetBytes(body),
            },
            cancellationToken
        );
        return response.IsSuccess ? response : throw new InvalidOperationException($"{method} {path}: {response.BodyText}");
    }

    public void Dispose() => connection.Dispose();
}
