using System.Net;
using System.Text.Json;
using Petrel.Model.Api;

namespace Petrel.LocalCluster.Forwarding;

/// <summary>
/// The ready endpoints of a Service from its EndpointSlices. They are read again when they are older than <see cref="MaxAge"/>. While the
/// API server does not answer, the last known endpoints are used.
/// </summary>
internal sealed class ServiceBackends(IApiHandler api, ServiceForward forward, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan MaxAge = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _reading = new(1);
    private IReadOnlyList<IPEndPoint> _backends = [];
    private long _readAt;

    public async Task<IReadOnlyList<IPEndPoint>> ReadAsync(CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            if (_readAt != 0 && time.GetElapsedTime(_readAt) < MaxAge)
            {
                return _backends;
            }
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(ReadLimit);
            try
            {
                _backends = await FetchAsync(limit.Token);
            }
            catch (Exception e)
                when (e is IOException or JsonException || e is OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                // Keep the last known endpoints: pods keep serving while the API server is down.
            }
            _readAt = time.GetTimestamp();
            return _backends;
        }
        finally
        {
            _reading.Release();
        }
    }

    public void Dispose() => _reading.Dispose();

    /// <summary>The ready endpoints in a list of EndpointSlices, on the port that has the given name.</summary>
    internal static IReadOnlyList<IPEndPoint> ReadyEndpoints(JsonElement slices, string portName)
    {
        var found = new List<IPEndPoint>();
        foreach (var slice in Items(slices, "items"))
        {
            var port = Items(slice, "ports").FirstOrDefault(p => Text(p, "name") == portName);
            if (port.ValueKind != JsonValueKind.Object || !port.TryGetProperty("port", out var number))
            {
                continue;
            }
            foreach (var endpoint in Items(slice, "endpoints"))
            {
                // An absent condition means ready (discovery.k8s.io/v1).
                var ready =
                    !endpoint.TryGetProperty("conditions", out var conditions)
                    || !conditions.TryGetProperty("ready", out var value)
                    || value.ValueKind != JsonValueKind.False;
                if (ready && IPAddress.TryParse(Items(endpoint, "addresses").Select(a => a.GetString()).FirstOrDefault(), out var address))
                {
                    found.Add(new(address, number.GetInt32()));
                }
            }
        }
        return found;
    }

    private async Task<IReadOnlyList<IPEndPoint>> FetchAsync(CancellationToken cancellationToken)
    {
        var service = await GetAsync($"/api/v1/namespaces/{forward.Namespace}/services/{forward.Service}", [], cancellationToken);
        var slices = await GetAsync(
            $"/apis/discovery.k8s.io/v1/namespaces/{forward.Namespace}/endpointslices",
            [new("labelSelector", $"kubernetes.io/service-name={forward.Service}")],
            cancellationToken
        );
        if (service is not { } found || slices is not { } list)
        {
            return [];
        }
        var port = Items(found.GetProperty("spec"), "ports").FirstOrDefault(p => p.GetProperty("port").GetInt32() == forward.Port);
        return port.ValueKind == JsonValueKind.Object ? ReadyEndpoints(list, Text(port, "name")) : [];
    }

    private async Task<JsonElement?> GetAsync(
        string path,
        IReadOnlyList<KeyValuePair<string, string>> query,
        CancellationToken cancellationToken
    )
    {
        var request = new ApiRequest
        {
            Method = "GET",
            Path = path,
            Query = query,
            Accept = "application/json",
        };
        var response = await api.HandleAsync(request, cancellationToken);
        if (response.StatusCode == 404)
        {
            return null;
        }
        if (!response.IsSuccess)
        {
            throw new IOException($"GET {path}: {response.StatusCode}");
        }
        using var document = JsonDocument.Parse(response.Body);
        return document.RootElement.Clone();
    }

    private static IEnumerable<JsonElement> Items(JsonElement element, string name) =>
        element.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : [];

    private static string Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";
}
