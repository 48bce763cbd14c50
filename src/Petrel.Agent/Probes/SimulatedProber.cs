namespace Petrel.Agent.Probes;

/// <summary>The prober in simulations: every probe of a running container succeeds.</summary>
public sealed class SimulatedProber : IProber
{
    /// <inheritdoc/>
    public ValueTask<string?> HttpAsync(
        Uri uri,
        IReadOnlyList<KeyValuePair<string, string>> headers,
        TimeSpan timeout,
        CancellationToken cancellationToken
    ) => new((string?)null);

    /// <inheritdoc/>
    public ValueTask<string?> TcpAsync(string host, int port, TimeSpan timeout, CancellationToken cancellationToken) => new((string?)null);

    /// <inheritdoc/>
    public ValueTask<string?> GrpcAsync(string host, int port, string service, TimeSpan timeout, CancellationToken cancellationToken) =>
        new((string?)null);
}
