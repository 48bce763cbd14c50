namespace Petrel.Agent.Probes;

/// <summary>
/// Probes a pod's ports. Each method returns null for success; otherwise the failure as the event <c>Unhealthy</c> shows it.
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
}
