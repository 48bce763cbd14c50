namespace Petrel.Agent.Probes;

/// <summary>
/// Probes a pod's ports. Each method returns null on success, otherwise the failure message for the event <c>Unhealthy</c>.
/// </summary>
public interface IProber
{
    ValueTask<string?> HttpAsync(
        Uri uri,
        IReadOnlyList<KeyValuePair<string, string>> headers,
        TimeSpan timeout,
        CancellationToken cancellationToken
    );

    ValueTask<string?> TcpAsync(string host, int port, TimeSpan timeout, CancellationToken cancellationToken);

    /// <summary>Asks the gRPC health service (grpc.health.v1) whether <paramref name="service"/> is serving, without TLS.</summary>
    ValueTask<string?> GrpcAsync(string host, int port, string service, TimeSpan timeout, CancellationToken cancellationToken);
}
