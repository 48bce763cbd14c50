using Petrel.Agent.Probes;

namespace Petrel.Agent.Tests.Pods;

/// <summary>A prober whose answers a test decides. It records what it was asked.</summary>
internal sealed class ScriptedProber : IProber
{
    public List<string> Asked { get; } = [];

    /// <summary>The answer to each request: null for success, otherwise the problem.</summary>
    public Func<string, string?> Answer { get; set; } = static _ => null;

    public ValueTask<string?> HttpAsync(
        Uri uri,
        IReadOnlyList<KeyValuePair<string, string>> headers,
        TimeSpan timeout,
        CancellationToken cancellationToken
    ) => Ask($"http {uri} {string.Join(',', headers.Select(h => $"{h.Key}={h.Value}"))}".TrimEnd());

    public ValueTask<string?> TcpAsync(string host, int port, TimeSpan timeout, CancellationToken cancellationToken) =>
        Ask($"tcp {host}:{port}");

    public ValueTask<string?> GrpcAsync(string host, int port, string service, TimeSpan timeout, CancellationToken cancellationToken) =>
        Ask($"grpc {host}:{port} {service}".TrimEnd());

    private ValueTask<string?> Ask(string what)
    {
        Asked.Add(what);
        return new(Answer(what));
    }
}
